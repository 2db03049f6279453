"""The door of search: results, suggestions, what is kept of searching, look-alikes and related topics."""

from app.blueprints.search import keeping, pages, suggesting
from app.blueprints.search.door import bp

__all__ = ["bp", "keeping", "pages", "suggesting"]
