"""The command `draft`."""
