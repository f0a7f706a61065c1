"""A generated project, tried as its user would: by its program, its files and its store."""
