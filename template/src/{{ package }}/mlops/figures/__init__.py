"""Figures, which are numbers: metrics, drift, profiles, importance, and the decision of `monitor`.

Pure functions, without files and MLflow; charts are in `pages/`.
"""
