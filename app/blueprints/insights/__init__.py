"""The door of insights: the owner's numbers, as pages and as CSV."""

from app.blueprints.insights import numbers
from app.blueprints.insights.door import bp

__all__ = ["bp", "numbers"]
