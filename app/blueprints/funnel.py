"""The visitor's mark: what lets the owner count how many come from the first look to membership.

A random word in a cookie of one planet's pages, made on its first page, its page for joining and its plans
only; beside it the `from` of the address by which the visitor came, and which steps are written down
already, so that a repeated step costs nothing. It names nobody and no other planet sees it.

Whoever asks not to be followed (DNT, GPC), machines and staff have none. A step is written after the
answer is made, a few a second at most, and when the database is busy it is let go: a page never waits
for it and never fails because of it.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from flask import after_this_request, current_app, request, url_for
from werkzeug.wrappers import Response

from app.billing.actions.funnel import STEPS, record_steps
from app.kernel import clock
from app.kernel.db import write_if_free
from app.kernel.text import clean
from app.planets.queries import PlanetView
from app.policy import Actor, PlanetRole, Standing

COOKIE = "way"
DAYS = 30
SOURCE_MAX = 40
MOST_A_SECOND = 10
# A letter for each step that is written down: v s c i o p r q.
_LETTERS = dict(zip(STEPS, "vscioprq", strict=True))
_BEFORE = (Standing.VISITOR, Standing.PENDING)
# Steps of who is inside; all others are of who is not yet.
_INSIDE = ("read", "question")
_MARK = re.compile(r"([\w-]{22})\.([a-z]{0,8})\.(.{0,400})", re.ASCII)
_MACHINE = re.compile(r"bot|crawl|spider|slurp|preview|monitor|headless|lighthouse|http", re.I)


@dataclass(frozen=True, slots=True)
class Mark:
    """What the cookie says: the visitor's random word, where he came from, the steps written down."""

    visitor: str
    source: str = ""
    done: str = ""


class _Pace:
    """So many a second, all visitors of this process together: a flood is not written down."""

    def __init__(self) -> None:
        self._second, self._count = 0, 0

    def allows(self) -> bool:
        """Whether one more may be written this second."""
        second = int(clock.now().timestamp())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= MOST_A_SECOND


_pace = _Pace()


def note(planet: PlanetView, actor: Actor, *steps: str, begins: bool = False) -> None:
    """Write down, once the answer is made and if it is no refusal, that the visitor came to these
    steps. Only where `begins` he gets a mark if he has none."""
    mark = find_mark()
    steps = tuple(step for step in steps if _is_step_of(actor, step))
    if not steps or not _may_be_followed() or (mark is None and not begins):
        return
    before = mark
    if mark is None:
        mark = Mark(secrets.token_urlsafe(16))
    mark = replace(mark, source=mark.source or _label(request.args.get("from", "")))
    if actor.user_id is not None and actor.standing in _BEFORE:
        steps = (*steps, "signed_in")
    fresh = [step for step in steps if _LETTERS[step] not in mark.done]
    if not fresh and mark == before:
        return
    done = replace(mark, done=mark.done + "".join(_LETTERS[step] for step in fresh))

    @after_this_request
    def _write(response: Response) -> Response:
        if response.status_code < 400 and _pace.allows() and _record(planet, actor, done, fresh):
            _send(response, planet, done)
        return response


def find_mark() -> Mark | None:
    """Return the visitor's mark; None without one, or when it is none of ours."""
    found = _MARK.fullmatch(request.cookies.get(COOKIE, ""))
    if found is None:
        return None
    return Mark(found[1], _label(unquote(found[3])), found[2])


def find_source() -> str:
    """Return where the visitor came from, as this address or his mark says; "" when neither does."""
    mark = find_mark()
    return _label(request.args.get("from", "")) or (mark.source if mark else "")


def _label(text: str) -> str:
    return " ".join(clean(text).split())[:SOURCE_MAX]


def _is_step_of(actor: Actor, step: str) -> bool:
    if actor.role not in (None, PlanetRole.MEMBER):
        return False
    return actor.inside if step in _INSIDE else actor.standing in _BEFORE


def _may_be_followed() -> bool:
    """Whether it is a person's browser that did not ask to be left alone."""
    headers = request.headers
    if headers.get("DNT") == "1" or headers.get("Sec-GPC") == "1":
        return False
    if "prefetch" in headers.get("Sec-Purpose", headers.get("Purpose", "")):
        return False
    agent = request.user_agent.string
    return agent.startswith("Mozilla/") and _MACHINE.search(agent) is None


def _record(planet: PlanetView, actor: Actor, mark: Mark, steps: list[str]) -> bool:
    """Write the steps down; False when the database had no time for it."""
    if not steps:
        return True
    return write_if_free(
        lambda: record_steps(
            steps,
            planet_id=planet.id,
            visitor=mark.visitor,
            source=mark.source,
            user_id=actor.user_id,
        )
    )


def _send(response: Response, planet: PlanetView, mark: Mark) -> None:
    response.set_cookie(
        COOKIE,
        f"{mark.visitor}.{mark.done}.{quote(mark.source)}",
        max_age=DAYS * 24 * 3600,
        path=url_for("feed.home", slug=planet.slug),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
