"""What the pages of search share: the blueprint, who searches, and addresses of searches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, url_for
from flask_babel import get_timezone
from markupsafe import Markup, escape

from app.blueprints.discussion.present import topic_url
from app.planets.queries import PlanetView
from app.search.language import Filter, Query, parse
from app.search.port import Engine, Part
from app.search.views import FoundPassage, Snippet

# What Werkzeug leaves in a query as it is.
_SAFE = "!$'()*,/:;?@"
bp = Blueprint("search", __name__)


def engine() -> Engine:
    """Return the search engine of this installation."""
    found: Engine = current_app.extensions["planetarium.search"]
    return found


def zone() -> ZoneInfo:
    """Return the reader's zone, in which days of searches begin."""
    return ZoneInfo(str(get_timezone()))


@dataclass(frozen=True)
class Where:
    """Where is searched: in one planet, or in all of one's own (None)."""

    planet: PlanetView | None

    @cached_property
    def url(self) -> str:
        """The page without a search."""
        return self._url("here", "everywhere")

    @property
    def suggest_url(self) -> str:
        """Where the box asks while one types."""
        return self._url("suggest_here", "suggest")

    @property
    def save_url(self) -> str:
        """Where a search is kept."""
        return self._url("save_here", "save")

    def url_of(self, query: Query | str, **more: Any) -> str:
        """Return the address of a search: `q` holds its words, `f` its filters. Without Werkzeug's builder:
        a page of results has it fifty times."""
        params = params_of(query) | more
        return f"{self.url}?{urlencode(params, safe=_SAFE)}" if params else self.url

    def _url(self, here: str, everywhere: str) -> str:
        if self.planet is not None:
            return url_for(f"search.{here}", slug=self.planet.slug)
        return url_for(f"search.{everywhere}")


def params_of(query: Query | str) -> dict[str, str]:
    """Return the parameters that carry a query. Filters stand apart from the words, so that they need not
    be typed or read in the box."""
    asked = parse(query) if isinstance(query, str) else query
    filters = " ".join(str(item) for item in asked.items if isinstance(item, Filter))
    params = {"q": asked.words, "f": filters}
    return {name: value for name, value in params.items() if value}


def marked(snippet: Snippet) -> Markup:
    """Return a snippet with its words in <mark>."""
    pieces = (
        f"<mark>{escape(piece.text)}</mark>" if piece.marked else str(escape(piece.text))
        for piece in snippet
    )
    return Markup("".join(pieces))  # noqa: S704 - escaped piece by piece


def passage_url(slug: str, topic_id: str, title_slug: str, passage: FoundPassage) -> str:
    """Return where a passage stands: the answer's anchor in its topic, a comment's permanent address."""
    if passage.part is Part.COMMENT:
        return (
            f"/p/{slug}/c/{passage.anchor}"  # as `planet_url`; a test compares it with the routes
        )
    url = topic_url(slug, topic_id, title_slug)
    return f"{url}#a-{passage.anchor}" if passage.part is Part.ANSWER else url
