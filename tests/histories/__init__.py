"""Simulated years of a project: its team edits it and the template changes, all from one seed."""
