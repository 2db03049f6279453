"""Parsing what the discussion's forms send."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from app.blueprints.page import choose_timezone
from app.discussion.actions.composing import TopicWish
from app.kernel.errors import Invalid

_TAG_BREAKS = re.compile(r"[,，、;；\n#]+")
LOCAL_FORMAT = "%Y-%m-%dT%H:%M"


def topic_wish(form: MultiDict[str, str]) -> TopicWish:
    """Return what the composer sent; Invalid when the chosen time is no time."""
    return TopicWish(
        title=form.get("title", ""),
        text=form.get("text", ""),
        tags=split_tags(form.get("tags", "")),
        series=tuple(form.getlist("series")),
        attachments=attachment_ids(form),
        publish_at=publish_time(form),
    )


def attachment_ids(form: MultiDict[str, str]) -> tuple[str, ...]:
    """Return the public ids of the uploads a form carries, without the one it asks to remove."""
    removed = form.get("remove_attachment", "")
    return tuple(one for one in form.getlist("attachment") if one and one != removed)


def split_tags(typed: str) -> tuple[str, ...]:
    """Return the tags of one line; commas of both widths, 、 and # part them."""
    return tuple(part.strip() for part in _TAG_BREAKS.split(typed) if part.strip())


def publish_time(form: MultiDict[str, str]) -> datetime | None:
    """Return when to publish: None for now, or the reader's local time as an aware UTC one."""
    if form.get("when") != "later":
        return None
    moment = parse_local(form.get("publish_at", ""))
    if moment is None:
        raise Invalid("publish_at", "unreadable")
    return moment


def parse_local(text: str) -> datetime | None:
    """Return a `datetime-local` value, meant in the reader's zone, as aware UTC; None when it is none."""
    try:
        naive = datetime.strptime(text.strip()[:16], LOCAL_FORMAT)  # noqa: DTZ007 - zone below
    except ValueError:
        return None
    return naive.replace(tzinfo=ZoneInfo(choose_timezone())).astimezone(UTC)


def local_value(moment: datetime) -> str:
    """Return a moment as the value of a `datetime-local` field in the reader's zone."""
    return moment.astimezone(ZoneInfo(choose_timezone())).strftime(LOCAL_FORMAT)
