"""Backups under dated names, of which the newest are kept."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

from app.cli.backups.making import Earlier
from app.cli.backups.manifest import Damaged, Manifest
from app.cli.backups.shelves import Shelf, read_manifest

PREFIX = "planetarium-"
_NAME = re.compile(rf"{PREFIX}\d{{8}}T\d{{6}}Z")


def name_at(moment: datetime) -> str:
    """Return the name of a backup that is made at a moment (UTC); names sort by time."""
    return f"{PREFIX}{moment:%Y%m%dT%H%M%SZ}"


def list_own(shelf: Shelf, identity: str) -> list[Earlier]:
    """Return the backups of one database that we gave a name, the newest first. What cannot be read is
    left out: it is never deleted either."""
    found = []
    for name in sorted(filter(_NAME.fullmatch, shelf.names()), reverse=True):
        try:
            made = read_manifest(shelf, name)
        except Damaged:
            continue
        if made.facts.identity == identity:
            found.append(Earlier(name, made))
    return found


def find_earlier(shelf: Shelf) -> Earlier | None:
    """Return the newest backup with uploads, of whatever database: what is taken over is compared."""
    for name in sorted(filter(_NAME.fullmatch, shelf.names()), reverse=True):
        try:
            made = read_manifest(shelf, name)
        except Damaged:
            continue
        if made.uploads:
            return Earlier(name, made)
    return None


def prune(shelf: Shelf, made: Manifest, keep: int) -> list[str]:
    """Delete all but the newest `keep` backups of each sort, and return their names. Sorts: with and
    without uploads, whole and not; so none that is not whole ever takes the place of one that is."""
    sorts: dict[tuple[bool, bool], list[str]] = defaultdict(list)
    for each in list_own(shelf, made.facts.identity):
        sorts[each.manifest.uploads, each.manifest.is_whole].append(each.name)
    gone = [name for names in sorts.values() for name in names[keep:]]
    for name in gone:
        shelf.remove(name)
    shelf.sweep(PREFIX)
    return sorted(gone)
