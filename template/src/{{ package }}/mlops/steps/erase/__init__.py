"""The command `erase`."""
