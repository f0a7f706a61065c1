"""A generated project, tested as its user works: through its program, its files and its store."""
