"""Parsing what the discussion's forms send."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import FileStorage, MultiDict

from app.blueprints.entrance import storage
from app.blueprints.page import choose_timezone
from app.discussion.actions.composing import TopicWish
from app.discussion.actions.drafts import Hold
from app.discussion.queries.uploads import drafted_attachments
from app.kernel.errors import Invalid
from app.media import actions as media
from app.planets.queries import PlanetView
from app.policy import Actor

LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
_TAG_BREAKS = re.compile(r"[,，、;；\n#]+")
# What the image reader takes; anything else that is sent without a script is kept as a file.
_PICTURES = frozenset(
    f"image/{kind}" for kind in ("jpeg", "png", "webp", "gif", "heic", "heif", "avif")
)
_PICTURE_NAMES = (".heic", ".heif", ".avif")


@dataclass(frozen=True, slots=True)
class Composed:
    """The state of a composer: what was typed, and what it knows of its draft.

    `when` is now or later, `publish_at` a local time as typed, `base` the number of edits that the
    editor saw (0 in a new topic).
    """

    title: str = ""
    text: str = ""
    tags: str = ""
    series: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    when: str = "now"
    publish_at: str = ""
    draft: str = ""
    tab: str = ""
    rev: int = 0
    base: int = 0

    @property
    def hold(self) -> Hold:
        """What this page knows of its draft."""
        return Hold(tab=self.tab, rev=self.rev)

    @property
    def fields(self) -> dict[str, Any]:
        """What a draft keeps of it."""
        return {
            "title": self.title,
            "text": self.text,
            "tags": self.tags,
            "series": list(self.series),
            "attachments": list(self.attachments),
            "when": self.when,
            "publish_at": self.publish_at,
            "base": self.base,
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that would be missed."""
        return not (self.title.strip() or self.text.strip() or self.attachments)


# What a question's composer holds besides: whom it is asked, anonymously or not, privately or not.
_QUESTION_FIELDS = ("to", "anonymous", "private")


def draft_fields(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return what a draft keeps of a composer, of a topic's or a question's."""
    asked = {name: form[name][:40] for name in _QUESTION_FIELDS if name in form}
    return composed(form).fields | asked


def composed(form: MultiDict[str, str]) -> Composed:
    """Return what a composer sent. An upload it asks to move or to remove is moved or removed."""
    return Composed(
        title=form.get("title", ""),
        text=form.get("text", ""),
        tags=form.get("tags", ""),
        series=tuple(form.getlist("series")),
        attachments=attachment_ids(form),
        when="later" if form.get("when") == "later" else "now",
        publish_at=form.get("publish_at", ""),
        draft=form.get("draft", "")[:16],
        tab=form.get("tab", "")[:40],
        rev=small_number(form, "rev"),
        base=small_number(form, "base"),
    )


def small_number(form: MultiDict[str, str], name: str) -> int:
    """Return a count that one of our pages sent; 0 for anything else, also for more than fits a row."""
    typed = form.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def from_fields(fields: dict[str, Any]) -> Composed:
    """Return a composer filled from what a draft kept."""
    return Composed(
        title=str(fields.get("title", "")),
        text=str(fields.get("text", "")),
        tags=str(fields.get("tags", "")),
        series=tuple(str(one) for one in fields.get("series", ())),
        attachments=tuple(str(one) for one in fields.get("attachments", ())),
        when="later" if fields.get("when") == "later" else "now",
        publish_at=str(fields.get("publish_at", "")),
        base=int(fields.get("base", 0)),
    )


def topic_wish(state: Composed) -> TopicWish:
    """Return what the composer asks for; Invalid when the chosen time is no time."""
    publish_at = None
    if state.when == "later":
        publish_at = parse_local(state.publish_at)
        if publish_at is None:
            raise Invalid("publish_at", "unreadable")
    return TopicWish(
        title=state.title,
        text=state.text,
        tags=split_tags(state.tags),
        series=state.series,
        attachments=state.attachments,
        publish_at=publish_at,
    )


def attachment_ids(form: MultiDict[str, str]) -> tuple[str, ...]:
    """Return the public ids of the uploads a form carries, in their order.

    `remove_attachment` takes one out, `move_attachment` moves one a place towards the front.
    """
    removed = form.get("remove_attachment", "")
    found = [one for one in form.getlist("attachment") if one and one != removed]
    moved = form.get("move_attachment", "")
    if moved in found[1:]:
        place = found.index(moved)
        found[place - 1], found[place] = found[place], found[place - 1]
    return tuple(found)


def store_files(planet: PlanetView, actor: Actor, files: list[FileStorage]) -> list[str]:
    """Store what a form without scripts sent along; returns public ids. Invalid from the room."""
    stored = []
    sent = [file for file in files if file.filename]
    if sent:
        media.make_room(actor, storage=storage(), keep=drafted_attachments)
    for file in sent:
        upload = media.Upload(filename=file.filename or "", stream=file.stream)
        if file.mimetype in _PICTURES or (file.filename or "").lower().endswith(_PICTURE_NAMES):
            row = media.store_image(actor, storage=storage(), upload=upload).row
        else:
            row = media.store_file(
                actor, storage=storage(), upload=upload, max_mib=planet.file_max_mib
            )
        stored.append(row.public_id)
    return stored


def split_tags(typed: str) -> tuple[str, ...]:
    """Return the tags of one line; commas of both widths, 、 and # part them."""
    return tuple(part.strip() for part in _TAG_BREAKS.split(typed) if part.strip())


def parse_local(text: str) -> datetime | None:
    """Return a `datetime-local` value, meant in the reader's zone, as aware UTC; None when it is none."""
    try:
        naive = datetime.strptime(text.strip()[:16], LOCAL_FORMAT)  # noqa: DTZ007 - zone below
        return naive.replace(tzinfo=ZoneInfo(choose_timezone())).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def local_value(moment: datetime) -> str:
    """Return a moment as the value of a `datetime-local` field in the reader's zone."""
    return moment.astimezone(ZoneInfo(choose_timezone())).strftime(LOCAL_FORMAT)
