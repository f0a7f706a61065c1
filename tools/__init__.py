"""What the people who keep the template need: its differences, its releases, its projects."""
