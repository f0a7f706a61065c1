"""The step `gate`."""
