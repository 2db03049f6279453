"""What a person says of himself and how he wants the pages."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from zoneinfo import available_timezones

from app.accounts.events import NameChanged
from app.accounts.models import User
from app.accounts.names import clean_name, name_key
from app.accounts.reserved import check_free
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.kernel.text import is_visible
from app.media.actions import release_picture
from app.outbox.events import put
from app.policy import Action, Actor, require

BIO_MAX = 300
LANGUAGES = ("", "zh_Hans", "en")
THEMES = ("auto", "light", "dark")
# Offsets and legacy names: nobody lives there, and each has a city that means the same.
_NO_PLACES = ("Etc", "SystemV", "US", "Canada", "Brazil", "Chile", "Mexico", "posix", "right")


@dataclass(frozen=True, slots=True)
class Profile:
    """What others see of a person besides his avatar. `bio` is plain text."""

    name: str
    bio: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a person wants the pages. `language` "" follows the browser, `timezone` "" the site."""

    language: str
    timezone: str
    theme: Literal["auto", "light", "dark"] | str
    mail_notices: bool


def clean_profile(name: str, bio: str) -> Profile:
    """Return the profile in its one form; Invalid for a bad name or a bio that is too long."""
    return Profile(clean_name(name), clean_bio(bio))


def clean_bio(typed: str) -> str:
    """Return a bio as plain text: NFC, no control or direction characters but line ends.

    Invalid("bio", "too_long", max=...) beyond 300 characters.
    """
    text = unicodedata.normalize("NFC", typed).replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in text if c == "\n" or not _is_control(c)).strip()
    kept = kept if is_visible(kept) else ""
    if len(kept) > BIO_MAX:
        raise Invalid("bio", "too_long", max=BIO_MAX)
    return kept


def _is_control(char: str) -> bool:
    # U+200C and U+200D join emoji and Persian letters; all else of category Cf steers direction or hides.
    return (
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        and char not in "\u200c\u200d"
    )


def edit_profile(actor: Actor, *, profile: Profile) -> None:
    """Change the actor's name and bio. His names in planets follow by `memberships`."""
    require(actor, Action.ACCOUNT_USE)
    person = db.session.get_one(User, actor.user_id)
    if person.name != profile.name:
        if not actor.site_admin:
            check_free(profile.name)
        put(NameChanged(user_id=person.id))
    person.name, person.bio = profile.name, profile.bio
    person.name_key = name_key(profile.name)


def set_avatar(actor: Actor, *, public_id: str) -> None:
    """Show another picture of the actor, stored by `media.actions.store_picture`; "" for none."""
    require(actor, Action.ACCOUNT_USE)
    person = db.session.get_one(User, actor.user_id)
    release_picture(person.avatar)
    person.avatar = public_id


def edit_preferences(actor: Actor, *, preferences: Preferences) -> None:
    """Change language, time zone, theme and mails; Invalid for a value that is not offered."""
    require(actor, Action.ACCOUNT_USE)
    if preferences.language not in LANGUAGES:
        raise Invalid("language", "not_offered")
    if preferences.timezone and preferences.timezone not in offered_timezones():
        raise Invalid("timezone", "not_offered")
    if preferences.theme not in THEMES:
        raise Invalid("theme", "not_offered")
    person = db.session.get_one(User, actor.user_id)
    person.language, person.timezone = preferences.language, preferences.timezone
    person.theme, person.mail_notices = preferences.theme, preferences.mail_notices


def set_language(actor: Actor, *, language: str) -> None:
    """Change the language alone, from the switch in the page's foot; Invalid when not offered."""
    require(actor, Action.ACCOUNT_USE)
    if language not in LANGUAGES:
        raise Invalid("language", "not_offered")
    db.session.get_one(User, actor.user_id).language = language


def stop_mail_notices(user_public_id: str) -> None:
    """Switch notices by mail off, by the signed link that stands in each of them."""
    person = db.session.query(User).filter_by(public_id=user_public_id).one_or_none()
    if person is not None:
        person.mail_notices = False


@lru_cache(maxsize=1)
def offered_timezones() -> frozenset[str]:
    """Return the IANA zones that are a place: `Asia/Shanghai`, not `Etc/GMT+8` or `PRC`."""
    return frozenset(
        zone
        for zone in available_timezones()
        if "/" in zone and zone.partition("/")[0] not in _NO_PLACES
    )
