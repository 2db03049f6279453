"""Letters to people who may never have heard of the site, in words that its members chose.

Anybody may found a planet, call it what they like and name any address. So these letters are counted, by
planet, by person and by mailbox, and words that look like a link are left out of them: a mail server must not
carry anybody's advertising under the site's name.

A door asks for room before somebody's deed (`require_room`) and counts after it (`note_asked`), so that they
hear what is refused. The worker counts once more what really goes out (`count_letter`): a guard for whatever
came by another way.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from app.accounts.addresses import email_key
from app.kernel import clock, limits
from app.kernel.db import unit_of_work
from app.kernel.errors import LimitReached, PlanetariumError
from app.outbox.delivery import Later

DAY = timedelta(days=1)
# As many as staff may offer something to at once.
PER_PLANET = 200
PER_PERSON = 300
PER_MAILBOX = 5

_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+"
    r"|(?:[\w-]+[.。．｡])+(?:[a-z]{2,}|中国|公司|网络|xn--[a-z0-9-]+)(?![\w])(?:[:/?#]\S*)?",
    re.I,
)


class NoRoom(PlanetariumError):
    """No more letters for now. `who` has had enough: planet, person or mailbox (then `address` is whose);
    `left` may still be sent today; `until` (aware UTC) is when to try again. Whether an address has an
    account makes no difference."""

    def __init__(self, who: str, *, left: int, address: str = "") -> None:
        super().__init__(f"no more letters of this {who}")
        self.who, self.left, self.address = who, left, address
        self.until: datetime = clock.now() + timedelta(seconds=limits.seconds_left(DAY))


def require_room(*, planet_id: int, writer_id: int | None, to: Collection[str]) -> None:
    """NoRoom where a planet or a person may not write to so many addresses today, or a mailbox had enough."""
    for who, key, limit in _senders(planet_id, writer_id):
        left = max(0, limit - limits.peek(key, window=DAY))
        if len(to) > left:
            raise NoRoom(who, left=left)
    for address in to:
        if limits.peek(_asked_of(address), window=DAY) >= PER_MAILBOX:
            raise NoRoom("mailbox", left=0, address=address)


def note_asked(*, planet_id: int, writer_id: int | None, to: Collection[str]) -> None:
    """Count letters that were asked for. Opens its own unit of work."""
    with unit_of_work():
        for _who, key, limit in _senders(planet_id, writer_id):
            limits.take(key, limit=limit + len(to), window=DAY, count=len(to))
        for address in to:
            limits.take(_asked_of(address), limit=PER_MAILBOX + 1, window=DAY, count=1)


def _senders(planet_id: int, writer_id: int | None) -> tuple[tuple[str, str, int], ...]:
    return (
        ("planet", f"letters-asked:planet:{planet_id}", PER_PLANET),
        ("person", f"letters-asked:person:{writer_id}", PER_PERSON),
    )


def _asked_of(address: str) -> str:
    return f"letters-asked:mailbox:{email_key(address)}"


def without_links(text: str) -> str:
    """Return a text with what mail programs would make a link of left out."""
    return _LINK.sub("…", text)


def count_letter(*, planet_id: int, writer_id: int, to: str) -> bool:
    """Count a letter that a planet's staff cause to an address; False when that mailbox had enough today.

    Raises `Later` when planet or writer sent as many as a day allows: the letter waits, nothing is lost.
    Runs in the caller's unit of work.
    """
    try:
        limits.hit(f"stranger:planet:{planet_id}", limit=PER_PLANET, window=DAY)
        limits.hit(f"stranger:person:{writer_id}", limit=PER_PERSON, window=DAY)
    except LimitReached:
        raise Later(clock.now() + timedelta(seconds=limits.seconds_left(DAY))) from None
    try:
        limits.hit(f"stranger:mailbox:{email_key(to)}", limit=PER_MAILBOX, window=DAY)
    except LimitReached:
        return False
    return True
