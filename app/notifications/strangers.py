"""Letters to people who may never have heard of the site, in words that its members chose.

Anybody may found a planet, call it what they like and name any address. So these letters are counted, by
planet, by person and by mailbox, and words that look like a link are left out of them: a mail server must not
carry anybody's advertising under the site's name.
"""

from __future__ import annotations

import re
from datetime import timedelta

from app.accounts.addresses import email_key
from app.kernel import clock, limits
from app.kernel.errors import LimitReached
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
