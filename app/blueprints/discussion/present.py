"""From rows to the shapes that templates/components/README.md describes."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from flask import current_app, g, url_for
from flask_babel import format_decimal
from markupsafe import Markup

from app.blueprints.discussion.folding import folded
from app.blueprints.entrance import Site
from app.blueprints.page import media_url
from app.discussion.queries.attached import MEDIA_PATH
from app.discussion.queries.authors import Author
from app.discussion.queries.cards import AnswerPart, QuestionPart, TopicCard
from app.discussion.queries.feed import FeedEntry
from app.discussion.queries.series import SeriesPlace, SeriesRow
from app.media.queries import AttachmentView
from app.planets.queries import PlanetView

_KINDS = {
    "pdf": "pdf",
    **dict.fromkeys(
        ("doc", "docx", "odt", "rtf", "txt", "md", "pages", "ppt", "pptx", "key"), "doc"
    ),
    **dict.fromkeys(("xls", "xlsx", "ods", "csv", "numbers"), "sheet"),
    **dict.fromkeys(("zip", "rar", "7z", "tar", "gz", "xz"), "archive"),
    **dict.fromkeys(("mp3", "m4a", "wav", "flac", "ogg"), "audio"),
    **dict.fromkeys(("mp4", "mov", "mkv", "webm"), "video"),
}

Shape = dict[str, Any]


def topic_url(slug: str, public_id: str, title_slug: str, **extra: Any) -> str:
    """Return a topic's permanent address, with its readable part when it has one."""
    return (
        _topic_url(slug, public_id, title_slug)
        if not extra
        else _built(slug, public_id, title_slug, **extra)
    )


def _built(slug: str, public_id: str, title_slug: str, **extra: Any) -> str:
    if title_slug:
        return url_for(
            "topics.show", slug=slug, public_id=public_id, title_slug=title_slug, **extra
        )
    return url_for("topics.show", slug=slug, public_id=public_id, **extra)


# Addresses of neighbours, of the page itself: the same ones again and again.
_topic_url = lru_cache(5_000)(_built)


def author_shape(author: Author | None) -> Shape:
    """Return an author for bylines; None is an anonymous asker."""
    if author is None:
        return {"name": "", "url": None, "avatar_url": "", "role": "", "anonymous": True}
    return {
        "name": author.name,
        "url": person_url(author),
        "avatar_url": media_url(author.avatar, "thumb"),
        "role": author.role,
        "anonymous": False,
    }


def person_url(author: Author) -> str | None:
    """Return the page of an author in this request's planet: whoever reads his words may open it."""
    planet = g.get("planet")
    if planet is None or not author.member:
        return None
    return f"/p/{planet.slug}/people/{author.member}"


def image_shape(image: AttachmentView) -> Shape:
    """Return an image for the grid."""
    return {
        "url": media_url(image.public_id),
        "thumb_url": media_url(image.public_id, "thumb"),
        "width": image.width or 0,
        "height": image.height or 0,
        "alt": "",
    }


def file_shape(file: AttachmentView) -> Shape:
    """Return a file for the list."""
    return {
        "url": media_url(file.public_id),
        "name": file.filename,
        "size": size_text(file.size),
        "kind": file_kind(file.filename),
    }


def file_kind(filename: str) -> str:
    """Return the word that chooses a file's icon, from the ending of its name."""
    return _KINDS.get(filename.rpartition(".")[2].lower(), "other")


def size_text(size: int) -> str:
    """Return a size in bytes for people, in binary steps as file managers show them."""
    amount, unit = float(size), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    digits = "#,##0" if amount >= 10 or unit == "B" else "#,##0.0"
    return f"{format_decimal(amount, digits)} {unit}"


def grid_images(attached: list[AttachmentView], html: str) -> list[Shape]:
    """Return the images for the grid: those that do not stand in the text already."""
    return [
        image_shape(one)
        for one in attached
        if one.is_image and f'"{MEDIA_PATH}{one.public_id}"' not in html
    ]


class Reading(Protocol):
    """What a topic is to its reader: a `FeedEntry`, or a `Listed` where nothing else is needed."""

    @property
    def public_id(self) -> str: ...
    @property
    def like_count(self) -> int: ...
    @property
    def comment_count(self) -> int: ...
    @property
    def liked(self) -> bool: ...
    @property
    def bookmarked(self) -> bool: ...
    @property
    def unread(self) -> bool: ...
    @property
    def text_readable(self) -> bool: ...


def card_shape(slug: str, card: TopicCard, entry: Reading) -> Shape:
    """Return a topic as `topic_card` takes it, for this reader."""
    readable = entry.text_readable
    html, fold = folded(card.html, card.excerpt) if readable else (Markup(""), False)
    url = topic_url(slug, card.public_id, card.slug if readable else "")
    return {
        "id": card.public_id,
        "url": url,
        "title": card.title if readable else "",
        "excerpt": card.excerpt if readable else "",
        "kind": card.kind,
        "author": author_shape(card.author),
        "published_at": card.published_at,
        "edited": card.edited_at is not None,
        "html": html,
        "folded": fold,
        "images": grid_images(card.attached, card.html) if readable else [],
        "files": [file_shape(one) for one in card.attached if not one.is_image and readable],
        "tags": [
            {"name": tag.name, "url": url_for("feed.home", slug=slug, tag=tag.key)}
            for tag in card.tags
        ],
        "marks": marks_of(card),
        "question": question_shape(card.question),
        **reader_shape(slug, entry),
    }


def topic_shape(slug: str, card: TopicCard, entry: FeedEntry) -> Shape:
    """Return a topic as `topic_article` takes it: the whole text."""
    shape = card_shape(slug, card, entry)
    whole = Markup(card.html if entry.text_readable else "")  # noqa: S704 - made by kernel.text
    return shape | {"html": whole, "folded": False}


def reader_shape(slug: str, entry: Reading) -> Shape:
    """Return what differs from reader to reader: counts, likes, what he may do."""
    return {
        "comments": entry.comment_count,
        "likes": entry.like_count,
        "liked": entry.liked,
        "like_url": _offered("reactions.like", slug, entry.public_id),
        "bookmarked": entry.bookmarked,
        "bookmark_url": _offered("reactions.bookmark", slug, entry.public_id),
        "unread": entry.unread,
        "menu": [],
    }


class Line(Protocol):
    """A topic in a short list, as several queries return one."""

    @property
    def public_id(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def published_at(self) -> datetime: ...


def line_shape(slug: str, one: Line) -> Shape:
    """Return a topic as one line of a short list."""
    return {
        "url": topic_url(slug, one.public_id, one.slug),
        "title": one.title,
        "published_at": one.published_at,
    }


def series_url(slug: str, series: SeriesRow) -> str:
    """Return a column's address."""
    return url_for("series.show", slug=slug, series_id=series.public_id)


def series_shape(slug: str, place: SeriesPlace) -> Shape:
    """Return a topic's place in a column: its name, number and neighbours."""
    return {
        "title": place.series.title,
        "url": series_url(slug, place.series),
        "number": place.number,
        "total": place.total,
        "previous": line_shape(slug, place.previous) if place.previous else None,
        "next": line_shape(slug, place.next) if place.next else None,
    }


def preview_metas(site: Site, planet: PlanetView, card: TopicCard, entry: FeedEntry) -> Shape:
    """Return what link previews may know: the words of a topic that is open to all, of any other
    nothing but the planet it stands in."""
    url = site.base_url + topic_url(planet.slug, card.public_id, card.slug)
    open_to_all = card.sample and entry.text_readable and not entry.facts.private
    if open_to_all:
        return {"title": card.title or planet.name, "text": card.excerpt, "url": url}
    return {"title": planet.name, "text": planet.tagline, "url": None}


def _offered(endpoint: str, slug: str, public_id: str) -> str | None:
    if endpoint not in current_app.view_functions:
        return None
    return url_for(endpoint, slug=slug, public_id=public_id)


def marks_of(card: TopicCard) -> list[str]:
    """Return the marks that everybody sees on a topic."""
    marks = (
        ("pinned", card.pinned),
        ("digest", card.digest),
        ("sample", card.sample),
        ("closed", card.closed),
    )
    return [name for name, set_ in marks if set_]


def question_shape(question: QuestionPart | None) -> Shape | None:
    """Return the question part of a card. When it is due is for the inbox, not for everybody."""
    if question is None:
        return None
    return {
        "addressee": author_shape(question.addressee) | {"url": None},
        "state": question.state,
        "private": question.private,
        "due_at": None,
        "overdue": False,
        "answer": answer_shape(question.answer),
    }


def answer_shape(answer: AnswerPart | None) -> Shape | None:
    """Return an answer as a preview below its question."""
    if answer is None:
        return None
    html, fold = folded(answer.html)
    return {"author": author_shape(answer.author), "html": html, "folded": fold}
