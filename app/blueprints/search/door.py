"""What the pages of search share: the blueprint, who searches, and addresses of searches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from secrets import token_hex
from typing import Any
from urllib.parse import quote_plus
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
# Around what is marked while all of a snippet is escaped in one go; no text can hold them.
_BEGINS, _ENDS = (f"\x1e{token_hex(8)}\x1e" for _ in range(2))
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
        said = _written(params_of(query) | more)
        return f"{self.url}?{said}" if said else self.url

    def _url(self, here: str, everywhere: str) -> str:
        if self.planet is not None:
            return url_for(f"search.{here}", slug=self.planet.slug)
        return url_for(f"search.{everywhere}")


def filters_of(query: Query) -> str:
    """Return the filters alone, as an address has them; "" when there are none."""
    return _written({"f": params_of(query).get("f")})


def _written(params: Mapping[str, Any]) -> str:
    return "&".join(f"{name}={_quoted(str(value))}" for name, value in params.items() if value)


@lru_cache(1_000)
def _quoted(value: str) -> str:
    """The addresses of a page say the same words again and again."""
    return quote_plus(value, safe=_SAFE)


def params_of(query: Query | str) -> dict[str, str]:
    """Return the parameters that carry a query. Filters stand apart from the words, so that they need not
    be typed or read in the box."""
    asked = parse(query) if isinstance(query, str) else query
    filters = " ".join(str(item) for item in asked.items if isinstance(item, Filter))
    params = {"q": asked.words, "f": filters}
    return {name: value for name, value in params.items() if value}


def marked(snippet: Snippet) -> Markup:
    """Return a snippet with its words in <mark>."""
    pieces = (f"{_BEGINS}{piece.text}{_ENDS}" if piece.marked else piece.text for piece in snippet)
    safe = str(escape("".join(pieces)))
    return Markup(safe.replace(_BEGINS, "<mark>").replace(_ENDS, "</mark>"))  # noqa: S704 - escaped


def passage_url(slug: str, topic_id: str, title_slug: str, passage: FoundPassage) -> str:
    """Return where a passage stands: the answer's anchor in its topic, a comment's permanent address."""
    if passage.part is Part.COMMENT:
        return (
            f"/p/{slug}/c/{passage.anchor}"  # as `planet_url`; a test compares it with the routes
        )
    url = topic_url(slug, topic_id, title_slug)
    return f"{url}#a-{passage.anchor}" if passage.part is Part.ANSWER else url
