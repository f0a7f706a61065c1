"""The workshop: exercises that a participant solves in a real project, and what checks them.

`join.py` copies this package to `.workshop/` in the project, and `session.py` to where its noxfile
looks for sessions. The modules of the workshop are in `modules/`; `exercises/<number>/` has the
files of an exercise: its solution, tempting wrong answers, and what it starts with.
"""
