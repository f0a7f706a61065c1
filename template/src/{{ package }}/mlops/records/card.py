"""The card of a version: all that is known about it, in one JSON file next to the estimator."""

from typing import Any

Card = dict[str, Any]  # as JSON holds it
