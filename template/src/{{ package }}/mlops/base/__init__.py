"""What every layer uses: errors, console, settings, the project, and time windows."""
