"""A package, so that names in here never clash with those in tests/model."""
