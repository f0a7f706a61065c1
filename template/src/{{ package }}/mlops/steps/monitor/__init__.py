"""The step `monitor`."""
