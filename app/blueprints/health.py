"""What is well and what ails, in parts: for readiness by role, and for metrics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import current_app

from app.blueprints.metrics import Reading
from app.kernel.places import Room, list_places, measure
from app.media.checking import count_noted
from app.notifications.outlook import find_mail_trouble
from app.search.changes import count_waiting
from app.search.port import Broken, Engine

LATE_AFTER = timedelta(minutes=5)

Look = Callable[[], str | None]


def find_rooms() -> list[Room]:
    """Return how much room each place of this installation has."""
    settings = current_app.extensions["planetarium.settings"]
    places = list_places(
        data_dir=settings.data_dir,
        index_dir=None if settings.indexes_in_postgres else settings.index_dir,
        database_uri=settings.database_uri,
    )
    return list(measure(places))


def disk_readings() -> list[Reading]:
    """Return the room of each place as gauges."""
    told = []
    for room in find_rooms():
        of = (("place", room.place.name),)
        told.append(Reading("disk_free_bytes", "Bytes free for us.", room.free, of))
        told.append(Reading("disk_writable", "1: a file can be written.", not room.refused, of))
        if room.files is not None:
            told.append(Reading("disk_free_files", "New files it takes.", room.files, of))
    return told


def find_disk_trouble() -> str | None:
    """Return which places are full, nearly so or closed, without their paths: strangers may ask."""
    low = [room for room in find_rooms() if room.is_low]
    if not low:
        return None
    names = ", ".join(f"{room.place.name} ({room.refused or 'nearly full'})" for room in low)
    return f"no room to write: {names}; see flask doctor"


def find_media_trouble() -> str | None:
    """Return how many uploads have lost their bytes; None when none has."""
    count = count_noted()
    return f"{count} uploads are missing or unreadable; see flask media verify" if count else None


def find_search_trouble() -> str | None:
    """Return why searching is away or behind; None when it is well. The worker mends it by itself."""
    engine: Engine = current_app.extensions["planetarium.search"]
    mend = "the worker makes it anew by itself; without one: flask search rebuild"
    if engine.suspect() is not None:
        return f"the search index is broken; {mend}"
    try:
        waiting = count_waiting(engine.stats().cursor)
    except Broken:
        return f"there is no search index to read; {mend}"
    if timedelta(seconds=waiting.seconds) > LATE_AFTER:
        return f"the search index is {int(waiting.seconds)} s behind; see the worker's log"
    return None


# What ails without that visitors should be sent away: each has a role of its own in /readyz.
PARTS: dict[str, tuple[Look, ...]] = {
    "mail": (find_mail_trouble,),
    "search": (find_search_trouble,),
    "storage": (find_disk_trouble, find_media_trouble),
}


def list_ailing() -> list[str]:
    """Return the names of the parts that are not well."""
    return [name for name, looks in PARTS.items() if any(look() for look in looks)]
