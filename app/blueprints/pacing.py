"""Holds people to their pace (`paces`), in counters of our own table that survive restarts.

Counts are kept in memory and written some at a time, so that most requests, and most people, write nothing
for it; who is refused costs one read at most.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from flask import Flask, current_app, g, request

from app.accounts.places import network_key
from app.blueprints.entrance import current_viewer
from app.blueprints.paces import Pace, pace_of
from app.kernel import limits
from app.kernel.db import unit_of_work
from app.kernel.errors import LimitReached, Unavailable
from app.policy import Actor, PlanetRole

# Written at once: a tenth of the limit, which is all that a restart or another process can give away.
SHARE = 10
_MOST_KEPT = 20_000
_HELPERS = frozenset({PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN, PlanetRole.GUEST})


class Purse:
    """What this process knows of a window, by key and beginning: tries that stand in the table, and tries
    that do not yet."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, datetime], tuple[int, int]] = {}
        self._lock = threading.Lock()

    def spend(self, key: str, *, limit: int, window: timedelta) -> None:
        """Count one; LimitReached when the window's are spent. Opens its own unit of work when it has
        to write, so call it before one."""
        place, share = (key, limits.window_start(window)), max(1, limit // SHARE)
        if place not in self._known:
            self._learn(place, limits.spent(key, window=window))
        with self._lock:
            written, more = self._known.get(place, (0, 0))
            if written + more >= limit:
                raise LimitReached(limits.seconds_left(window))
            more += 1
            # The last one is written with the others, so that whoever is refused stays refused.
            due = more if more >= share or written + more >= limit else 0
            self._known[place] = (written + due, more - due)
        if due:
            _write(key, limit=limit, window=window, count=due)

    def _learn(self, place: tuple[str, datetime], spent: int) -> None:
        with self._lock:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known.setdefault(place, (spent, 0))


def _write(key: str, *, limit: int, window: timedelta, count: int) -> None:
    """Write tries that were spent. Whoever reads is not held up while they cannot be written."""
    try:
        with unit_of_work():
            limits.take(key, limit=limit, window=window, count=count)
    except Unavailable:
        if request.method == "POST":
            raise


def install(app: Flask) -> None:
    """Count every request that has a pace, before its view; LimitReached becomes the answer."""
    app.extensions["planetarium.purse"] = Purse()

    def hold() -> None:
        pace = pace_of(request.endpoint or "", request.method)
        if pace is None or request.url_rule is None:
            return
        _spend(f"{pace.name}:net:{network_key(request.remote_addr or '')}", pace, pace.per_network)
        if "slug" in request.url_rule.arguments:
            # Whether he is staff is known in the planet: `entrance.enter_planet` calls back.
            g.on_entry = lambda actor: _count_person(pace, actor)
        else:
            _count_person(pace, None)

    app.before_request(hold)


def _count_person(pace: Pace, actor: Actor | None) -> None:
    viewer = current_viewer()
    if viewer is None:
        return
    limit = pace.person
    if viewer.site_admin or (actor is not None and actor.inside and actor.role in _HELPERS):
        limit = pace.staff
    if limit:
        _spend(f"{pace.name}:user:{viewer.user_id}", pace, limit)


def _spend(key: str, pace: Pace, limit: int) -> None:
    purse: Purse = current_app.extensions["planetarium.purse"]
    purse.spend(f"pace:{key}", limit=limit, window=pace.window)
