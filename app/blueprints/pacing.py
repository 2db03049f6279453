"""Holds people to their pace (`paces`), in counters of our own table that survive restarts.

Counts are taken from the table some at a time and spent in memory, so that most requests write nothing for
it; who is refused costs one read.
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
from app.kernel.errors import Unavailable
from app.policy import Actor, PlanetRole

# Taken at once: a tenth of the limit, which is all that a restart or another process can waste.
SHARE = 10
_MOST_KEPT = 20_000
_HELPERS = frozenset({PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN, PlanetRole.GUEST})


class Purse:
    """What this process has taken from the table and not spent yet, by key and beginning of the window."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, datetime], int] = {}
        self._lock = threading.Lock()

    def spend(self, key: str, *, limit: int, window: timedelta) -> None:
        """Count one; LimitReached when the window's are spent. Opens its own unit of work when it has
        to ask the table, so call it before one."""
        place = (key, limits.window_start(window))
        with self._lock:
            left = self._left.get(place, 0)
            if left:
                self._left[place] = left - 1
                return
        limits.refuse_spent(key, limit=limit, window=window)
        taken = _take(key, limit=limit, window=window)
        with self._lock:
            if len(self._left) >= _MOST_KEPT:
                self._left.clear()
            self._left[place] = self._left.get(place, 0) + taken - 1


def _take(key: str, *, limit: int, window: timedelta) -> int:
    """Take a share from the table. Whoever reads is not held up while it cannot be written: they get one."""
    count = max(1, limit // SHARE)
    try:
        with unit_of_work():
            return limits.take(key, limit=limit, window=window, count=count)
    except Unavailable:
        if request.method == "POST":
            raise
        return 1


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
