"""The door of planets: discovery, first page, creation, settings, rules."""

from app.blueprints.planets import basics, create, discover, landing, looks, rules, settings
from app.blueprints.planets.door import bp

__all__ = ["basics", "bp", "create", "discover", "landing", "looks", "rules", "settings"]
