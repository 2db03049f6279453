"""The letter of a notice, composed at the moment of sending from what its receiver may see then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.accounts.queries import Recipient
from app.notifications import links
from app.notifications.extras import Adds, More, read_extra
from app.notifications.kinds import sentence, subject
from app.notifications.letters import Letter
from app.notifications.models import Notification
from app.notifications.news import is_news
from app.notifications.office import the_office
from app.notifications.sight import Sight, look_at
from app.notifications.speech import say_day, speak
from app.notifications.strangers import without_links


def keep_more(more: More | None) -> dict[str, Any]:
    """Return what a notice's mail keeps until it is sent."""
    return {"adds": more.adds.value, "row_id": more.row_id} if more else {}


def compose(notice: Notification, recipient: Recipient, kept: dict[str, Any]) -> Letter | None:
    """Return the letter; None when the receiver may not see it any more, or it is not so any more."""
    seen = look_at(notice)
    if seen is None or not is_news(notice):
        return None
    if "subject" in kept:
        # Written by a version that kept the words.
        return Letter.from_json(kept)
    letter = letter_of(seen, recipient, public_id=notice.public_id)
    more = More(Adds(kept["adds"]), kept["row_id"]) if "adds" in kept else None
    extra = read_extra(more, recipient)
    return replace(letter, lines=(*letter.lines, *extra.lines), after=extra.after)


def letter_of(seen: Sight, recipient: Recipient, *, public_id: str) -> Letter:
    """Return the mail of a notice: the sentence and the way there, nothing of what was written."""
    language = recipient.language
    _ = speak(language)
    day = say_day(seen.day, language=language, timezone=recipient.timezone) if seen.day else ""
    who, planet = without_links(seen.who), without_links(seen.planet)
    said = sentence(_, seen.kind, who=who, planet=planet, role=seen.role, day=day)
    return Letter(
        subject=subject(_, seen.kind, site=the_office().site_name),
        lines=(_("Hello %(name)s,", name=recipient.name), said),
        button=_("Have a look"),
        link=links.absolute(links.NOTICE, public_id=public_id),
    )
