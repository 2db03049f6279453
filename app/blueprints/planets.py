"""The door of planets: discovery, landing page, creation, settings."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.blueprints.entrance import declares, enter_planet

bp = Blueprint("planets", __name__)


@bp.get("/discover")
@declares("public")
def discover() -> str:
    """Show the planets that opted in to be found."""
    return render_template("planets/discover.html")


@bp.get("/p/<slug>/about")
@declares("public")
def landing(slug: str) -> str:
    """Show what visitors may know of a planet."""
    enter_planet(slug)
    return render_template("planets/landing.html")
