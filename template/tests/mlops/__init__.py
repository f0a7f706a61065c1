"""The contract tests: a package, so that its names never clash with those in tests/model."""
