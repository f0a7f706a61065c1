"""Where rows come from: the contract of schema.py, the tables by kind, and labelled rows."""
