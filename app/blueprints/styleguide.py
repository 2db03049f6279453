"""The style guide: every component empty, with one, with many. Registered outside production."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request

from app.blueprints import styleguide_samples as samples
from app.blueprints.entrance import declares
from app.blueprints.navigation import Offer
from app.blueprints.rail import Rail

bp = Blueprint("styleguide", __name__, url_prefix="/styleguide")

SHEETS = ("controls", "forms", "reading", "conversation", "lists", "planets", "search")
PAGES = ("feed", "topic", "landing", "sign-in", "error", "compose", "settings", "confirm")


def _frame(signed_in: bool) -> dict[str, Any]:
    """Return a frame with everything in it, whoever looks."""
    names = ("home", "discover", "questions", "notices", "bookmarks", "me", "sign_out")
    visitor = ("discover", "sign_in", "sign_up", "language")
    links = {name: "#" + name for name in (names if signed_in else visitor)}
    links["planet"] = "/styleguide/page/feed"
    if signed_in:
        links["search"] = "/styleguide/search"
        links["compose"] = "/styleguide/page/compose"
        links |= {name: "#" + name for name in ("about", "rules", "drafts", "members", "settings")}
    return {
        "frame_links": lambda: Offer(links, tuple(links.items())),
        "viewer": _viewer() if signed_in else None,
        "my_planets": lambda: (
            Rail(samples.PLANETS, more=True, questions=2) if signed_in else Rail()
        ),
        "unread_notices": lambda: 4,
    }


def _viewer() -> SimpleNamespace:
    return SimpleNamespace(
        public_id="", name="王小雨", avatar="", theme=request.args.get("theme", "auto")
    )


@bp.get("/")
@bp.get("/<sheet>")
@declares("public")
def sheet(sheet: str = "controls") -> str:
    """Show one sheet of components."""
    if sheet not in SHEETS:
        abort(404)
    return render_template(
        f"styleguide/{sheet}.html",
        sheets=SHEETS,
        pages=PAGES,
        sheet=sheet,
        prose=samples.prose() if sheet == "reading" else "",
        s=samples,
        **_frame(signed_in=True),
    )


@bp.get("/page/<name>")
@declares("public")
def page(name: str) -> str:
    """Show a whole page as the layouts make it. `?as=visitor` shows it signed out."""
    if name not in PAGES:
        abort(404)
    signed_in = request.args.get("as") != "visitor" and name not in {"sign-in", "landing"}
    planet = samples.planet("慢读书社", request.args.get("accent", "indigo"))
    return render_template(
        f"styleguide/page_{name.replace('-', '_')}.html",
        s=samples,
        planet=planet,
        **_frame(signed_in),
    )
