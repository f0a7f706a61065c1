"""Fake vendors and their programs, for the tests of the bootstrap scripts."""
