"""A planet's address on this site: what a slug may be, and a suggestion for one."""

from __future__ import annotations

import re
import secrets

from sqlalchemy import exists, select

from app.kernel.db import db
from app.kernel.errors import Invalid
from app.kernel.text import slugify
from app.planets.models import FormerSlug, Planet

MIN_LENGTH = 3
MAX_LENGTH = 40
_SHAPE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOT_ASCII = re.compile(r"[^a-z0-9]+")
# Lower case without 0, 1, l and o: a suggestion is read aloud sooner or later.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"

# Words that stand for the site itself, or would look as if they did.
_RESERVED = """
about account accounts admin administrator api app assets auth billing blog create dashboard
discover docs download edit explore feed feeds healthz help home invitations invite legal login
logout mail media metrics new news none notices notifications null official owner pay payment
planet planetarium planets pricing privacy public readyz robots root rss rules search security
settings shop sign-in sign-out sign-up signin signup site sitemap staff static status support
system team terms test trust undefined user users webhook webhooks welcome www
"""
RESERVED = frozenset(_RESERVED.split())


def check_slug(slug: str) -> None:
    """Raise Invalid("slug", …) unless `slug` is 3 to 40 of a-z, 0-9 and single hyphens, not reserved."""
    if not MIN_LENGTH <= len(slug) <= MAX_LENGTH:
        raise Invalid("slug", "slug_length", low=MIN_LENGTH, high=MAX_LENGTH)
    if not _SHAPE.fullmatch(slug):
        raise Invalid("slug", "slug_shape")
    if slug in RESERVED:
        raise Invalid("slug", "slug_reserved")


def is_taken(slug: str, *, by_others_than: int | None = None) -> bool:
    """Whether another planet has this slug, or had it once: old links must never change hands."""
    present = select(Planet.id).where(Planet.slug == slug)
    former = select(FormerSlug.planet_id).where(FormerSlug.slug == slug)
    if by_others_than is not None:
        present = present.where(Planet.id != by_others_than)
        former = former.where(FormerSlug.planet_id != by_others_than)
    return bool(db.session.scalar(select(exists(present) | exists(former))))


def suggest_slug(name: str) -> str:
    """Return a free slug for a planet of this name.

    Latin names keep their letters; others (Chinese) get a short random one that the founder can
    replace by a word of his own.
    """
    base = _NOT_ASCII.sub("-", slugify(name)).strip("-")[: MAX_LENGTH - 5].strip("-")
    if len(base) < MIN_LENGTH:
        base = ""
    if base and base not in RESERVED and not is_taken(base):
        return base
    while True:
        tail = "".join(secrets.choice(_LETTERS) for _ in range(4))
        slug = f"{base or 'planet'}-{tail}"
        if not is_taken(slug):
            return slug
