"""Tools for the maintainers of the template: diff, release and fleet."""
