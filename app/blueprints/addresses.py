"""Addresses as they come back from chat apps, phones and paper: with a slash, a full stop or words behind
them, in capital letters, with a parameter that names nothing of ours. The page that was meant is found
for whoever may open it; for everybody else they stay what they are, nothing."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import current_app, g, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from app.blueprints.entrance import is_our_path, with_query
from app.discussion.queries.addresses import find_in_any_case
from app.kernel.ids import PUBLIC_ID_LENGTH, is_public_id
from app.planets.queries import find_former_slug

# What people and chat apps leave behind an address.
_BEHIND = "/ \t.,;:!?'\"()[]<>{}*_~`|\\"
_PRINTED = re.compile(r"[!-%'-~]*")
_SLUG = re.compile(r"[A-Za-z0-9-]*")
_ID = re.compile(rf"[2-9A-Za-z]{{{PUBLIC_ID_LENGTH}}}")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Meant(NamedTuple):
    """Where to lead, and by which status: what is wrong in a path is wrong for ever."""

    address: str
    code: int


def find_meant() -> Meant | None:
    """Return the address that was most likely meant by one at which nothing was found; None when there
    is no better one. Asked only then, so that right addresses pay nothing."""
    if request.method not in ("GET", "HEAD"):
        return None
    if request.endpoint is None:
        path = _known_path(request.path)
        return Meant(path, 301) if path else None
    arguments = dict(request.view_args or {})
    if path := _present_slug(arguments) or _whole_id(arguments):
        return Meant(path, 301)
    bare = _without_query()
    return Meant(bare, 302) if bare else None


def _present_slug(arguments: dict[str, str]) -> str:
    """Return the address with the planet's present slug, when it has another one than was typed."""
    typed = arguments.get("slug")
    if typed is None or g.get("planet") is not None:
        return ""
    plain = _beginning(_SLUG, typed).lower().strip("-")
    found = find_former_slug(plain) or plain
    return "" if found in (typed, "") else _built({**arguments, "slug": found})


def _whole_id(arguments: dict[str, str]) -> str:
    """Return the address with the id as it is, when it was typed in other letters or with words behind."""
    typed = arguments.get("public_id", "")
    found = _ID.match(typed)
    if found is None or g.get("planet") is None:
        return ""
    kind = request.url_rule.rule.split("/")[3] if request.url_rule else ""
    meant = find_in_any_case(g.actor, found[0], kind=kind) or found[0]
    return "" if meant == typed else _built({**arguments, "public_id": meant})


def _built(arguments: dict[str, str]) -> str:
    values: dict[str, Any] = dict(arguments)
    assert request.endpoint is not None, "asked for the addresses of our routes alone"
    return with_query(url_for(request.endpoint, **values))


def _beginning(letters: re.Pattern[str], text: str) -> str:
    found = letters.match(text)
    return found[0] if found else ""


def _without_query() -> str:
    """Return the page as it is without parameters: one of them named something that is not there.

    Not where that is what the address is about, as a draft is: an empty form would seem to be it."""
    if is_public_id(request.args.get("draft", "")):
        return ""
    return quote(request.path) if request.query_string and is_our_path(request.path) else ""


def _known_path(typed: str) -> str:
    """Return an address of ours that a path at which there is no route comes to; "" when there is none."""
    path = _beginning(_PRINTED, re.sub(r"/{2,}", "/", typed)).rstrip(_BEHIND)
    adapter = current_app.create_url_adapter(request)
    if not path or adapter is None:
        return ""
    for candidate in (path, _in_small_letters(adapter, path)):
        if candidate and candidate != typed and _leads_on(adapter, candidate):
            return with_query(quote(candidate))
    return ""


def _leads_on(adapter: MapAdapter, path: str) -> bool:
    try:
        adapter.match(path, method="GET")
    except HTTPException:
        return False
    return is_our_path(path)


def _in_small_letters(adapter: MapAdapter, path: str) -> str:
    """Return a path with the route's own words in small letters; ids and secrets stay as they are."""
    try:
        rule, _values = adapter.match(path.translate(_LOWER), method="GET", return_rule=True)
    except HTTPException:
        return ""
    parts = zip(rule.rule.split("/"), path.split("/"), strict=False)
    return "/".join(theirs if "<" in ours else theirs.translate(_LOWER) for ours, theirs in parts)
