"""From what search found to what its templates show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import get_template_attribute, url_for
from markupsafe import Markup

from app.blueprints.discussion.present import Shape, author_shape, topic_url
from app.blueprints.kept import GAP, drawn
from app.blueprints.navigation import planet_url
from app.blueprints.page import media_url
from app.blueprints.search import words
from app.blueprints.search.door import Where, filters_of, marked, params_of, passage_url
from app.discussion.queries.authors import Author
from app.search.language import Filter, Query
from app.search.port import Part, Sort
from app.search.views import Choice, Facet, FoundPassage, FoundTopic, Names, PlanetName, SearchPage


@dataclass(frozen=True, slots=True)
class View:
    """All that search/page.html shows. `asked`: something was searched for; `query`: it, in one line; `words`
    and `fields` stand in the box. URLs that lead nowhere are ""."""

    url: str
    suggest: str
    here: str
    title: str = ""
    query: str = ""
    words: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False
    away: bool = False
    loose: bool = False
    count: str = ""
    hints: list[str] = field(default_factory=list)
    scopes: list[tuple[str, str, bool]] = field(default_factory=list)
    chips: list[tuple[str, str]] = field(default_factory=list)
    bare_url: str = ""
    sorts: list[tuple[str, str, bool]] = field(default_factory=list)
    groups: list[Shape] = field(default_factory=list)
    date_fields: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    before: str = ""
    hits: list[Shape] = field(default_factory=list)
    near: list[Shape] = field(default_factory=list)
    near_title: str = ""
    newer: str = ""
    older: str = ""
    ask_url: str = ""
    wider_url: str = ""
    meant: list[tuple[str, str]] = field(default_factory=list)
    ways: list[tuple[str, str]] = field(default_factory=list)
    save_url: str = ""
    saved_url: str = ""
    is_saved: bool = False
    past: list[Shape] = field(default_factory=list)
    saved: list[Shape] = field(default_factory=list)
    tips: list[tuple[str, str, str]] = field(default_factory=list)
    misses_url: str = ""


def result_fields(where: Where, page: SearchPage, planets: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of the view that what was found fills. `planets`: slug -> name, of mine."""
    query = page.query
    filters = [item for item in query.items if isinstance(item, Filter) and item.name != "sort"]
    bare = query
    for one in filters:
        bare = bare.without(one.name, one.value)
    params = params_of(query)
    return {
        "title": query.words or query.text,
        "query": query.text,
        "words": query.words,
        "fields": {"f": params["f"]} if "f" in params else {},
        "asked": not query.is_empty,
        "away": page.away,
        "loose": page.relaxed,
        "count": "" if page.relaxed or not page.total else words.count_words(page.total),
        "hints": [words.hint_words(hint) for hint in query.hints],
        "chips": [
            (words.filter_words(one, planets), where.url_of(query.without(one.name, one.value)))
            for one in filters
        ],
        "bare_url": where.url_of(bare),
        "sorts": _sorts(where, query),
        "groups": _groups(where, page, planets),
        **_dates(query),
        "hits": [hit_shape(hit, named=where.planet is None) for hit in page.hits],
        "near": [hit_shape(hit, named=where.planet is None) for hit in page.near],
        "near_title": words.near_words(page.near_whole),
        "newer": where.url_of(query, page=page.page - 1) if page.page > 1 else "",
        "older": where.url_of(query, page=page.page + 1) if page.page < page.pages else "",
        "meant": [(page.did_you_mean, where.url_of(page.did_you_mean))]
        if page.did_you_mean
        else [],
        "ways": _ways(where, page),
    }


def _ways(where: Where, page: SearchPage) -> list[tuple[str, str]]:
    made = []
    for way in page.ways:
        place = Where(None) if way.kind == "everywhere" else where
        made.append((words.way_words(way), place.url_of(way.query)))
    return made


def _sorts(where: Where, query: Query) -> list[tuple[str, str, bool]]:
    switched = {Sort.RELEVANCE: query.without("sort"), Sort.NEW: query.with_filter("sort", "new")}
    return [
        (label, where.url_of(switched[sort]), query.sort is sort)
        for sort, label in words.labels("sort").items()
    ]


def _groups(where: Where, page: SearchPage, planets: Mapping[str, str]) -> list[Shape]:
    """Return the filters beside the results: what divides them, with counts, and what else there is."""
    counted = {facet.name: _facet(where, facet, planets) for facet in page.facets}
    made = [counted[name] for name in ("planet", "kind") if name in counted]
    made.append(_switches(where, page.query, "state"))
    made += [counted[name] for name in ("year", "starter") if name in counted]
    return [*made, _switches(where, page.query, "place", "age")]


def _facet(where: Where, facet: Facet, planets: Mapping[str, str]) -> Shape:
    items = [
        _item(_label(where, facet, one, planets), where.url_of(one.query), one.count, on=one.chosen)
        for one in facet.choices
    ]
    return {"title": words.labels("title")[facet.name], "items": items}


def _label(where: Where, facet: Facet, one: Choice, planets: Mapping[str, str]) -> str:
    if facet.name == "kind":
        return words.labels("kind")[one.value]
    if facet.name == "starter" and where.planet is None and not one.chosen:
        # The same name in two planets need not be the same person.
        place = next(iter(one.query.values("planet")), "")
        return f"{one.name} · {planets.get(place, place)}"
    return one.name or one.value


def _switches(where: Where, query: Query, *groups: str) -> Shape:
    """Return filters that are offered in every search, drawn: once for all that set the same ones, for their
    addresses differ in their beginning only. It goes into gaps."""
    joint = "&" if query.words else "?"

    def draw() -> Markup:
        made = []
        for group in groups:
            items = [
                _item(label, _behind(joint, query.toggled(*choice)), None, on=query.has(*choice))
                for choice, label in words.labels(group).items()
            ]
            made.append({"title": words.labels("title")[group], "items": items})
        return Markup(_macro("search_groups")(made))  # noqa: S704 - drawn by a template

    part = drawn(("switches", groups, joint, filters_of(query)), draw)
    return {"drawn": part.replace(GAP, where.url_of(_words_alone(query)))}


def _words_alone(query: Query) -> Query:
    return Query(tuple(item for item in query.items if not isinstance(item, Filter)))


def _behind(joint: str, query: Query) -> str:
    """Return a search's address with a gap up to its filters."""
    filters = filters_of(query)
    return f"{GAP}{joint}{filters}" if filters else GAP


def _item(label: str, url: str, count: int | None, *, on: bool) -> Shape:
    return {"label": label, "url": url, "count": count, "on": on}


def _dates(query: Query) -> dict[str, Any]:
    """Return what the form of two days holds; `before` is the last day that counts."""
    after = next((one for one in query.values("after") if _day(one)), "")
    end = next((day for one in query.values("before") if (day := _day(one))), None)
    return {
        "date_fields": params_of(query.without("after").without("before")),
        "after": after,
        "before": (end - timedelta(days=1)).isoformat() if end else "",
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def hit_shape(hit: FoundTopic, *, named: bool) -> Shape:
    """Return a topic that was found as `search_hit` takes it; `named`: it says in which planet."""
    slug = hit.planet.slug
    own = next((one for one in hit.passages if one.part is Part.TOPIC), None)
    where = {
        "kind": hit.kind,
        "state": hit.state,
        "digest": hit.digest,
        "deleted": hit.deleted,
        "planet": _planet(hit.planet) if named else None,
        "author": _author(slug, hit.author),
        "at": hit.published_at,
    }
    return where | {
        "where": _drawn_where(where),
        "url": topic_url(slug, hit.public_id, hit.slug),
        "title": words.gone() if hit.deleted else marked(hit.title) or words.untitled(),
        "excerpt": marked(own.snippet) if own and own.snippet != hit.title else "",
        "names": _names(hit.names),
        "passages": [_passage(hit, one) for one in hit.passages if one.part is not Part.TOPIC],
    }


def _drawn_where(where: Shape) -> Markup:
    """Return the first line of a hit, the same whatever was searched for. All that it shows is its key."""
    planet = where["planet"]
    key = (
        "hit",
        where["kind"],
        where["state"],
        where["digest"],
        where["deleted"],
        where["at"],
        tuple(planet.values()) if planet else None,
        tuple(where["author"].values()),
    )
    return drawn(key, lambda: Markup(_macro("hit_where")(where)))  # noqa: S704 - drawn by a template


def _macro(name: str) -> Any:
    return get_template_attribute("components/search.html", name)


def _planet(planet: PlanetName) -> Shape:
    return {
        "name": planet.name,
        "url": planet_url(planet.slug),
        "avatar_url": media_url(planet.avatar, "thumb"),
        "accent": planet.accent or "indigo",
    }


def _author(slug: str, author: Author | None) -> Shape:
    shape = author_shape(author)
    member = author.member if author else ""
    return shape | {"url": f"/p/{slug}/people/{member}" if member else None}


def _names(names: Names) -> list[tuple[str, Markup]]:
    """Return which names were met: what each is of, and the name."""
    if not names.files and not names.author:
        return []
    called = words.labels("named")
    made = [(called["file"], marked(one)) for one in names.files]
    return made + ([(called["author"], marked(names.author))] if names.author else [])


def _passage(hit: FoundTopic, passage: FoundPassage) -> Shape:
    slug = hit.planet.slug
    return {
        "label": words.labels("part")[passage.part],
        "url": passage_url(slug, hit.public_id, hit.slug, passage),
        "html": marked(passage.snippet),
        "names": _names(passage.names),
        "author": author_shape(passage.author),
        "at": passage.at,
    }


def saved_url() -> str:
    """Return the page of saved searches."""
    return url_for("search.saved")
