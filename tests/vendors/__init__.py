"""What vendors know, and their programs, for tests of what sets them up."""
