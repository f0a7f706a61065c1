"""Simulated years of a project: a team edits it while its template moves, all from one seed."""
