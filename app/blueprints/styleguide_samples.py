"""Samples for the style guide: the cast's people and texts, short, long, none and many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask import current_app
from markupsafe import Markup

from app.kernel import text

NOON = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)
Sample = dict[str, Any]


def prose() -> Markup:
    """Return a text that uses everything a text may use, rendered as topics are."""
    source, _name, _fresh = current_app.jinja_env.loader.get_source(  # type: ignore[union-attr]
        current_app.jinja_env, "styleguide/sample.md"
    )
    html = text.render(source, profile=text.Profile.FULL, id_prefix="sample-").html
    return Markup(html)  # noqa: S704 - safe HTML of the text room


def person(name: str, role: str = "member", *, url: str = "#", anonymous: bool = False) -> Sample:
    """Return an author as macros take one."""
    return {"name": name, "url": url, "avatar_url": "", "role": role, "anonymous": anonymous}


def picture(number: int, width: int = 480, height: int = 360) -> Sample:
    """Return an image: a drawn landscape, so that the guide needs no upload."""
    hues = ("#454ead", "#0a618f", "#096b4d", "#814d08", "#a12915", "#9e244f", "#793a93")
    hue = hues[number % len(hues)]
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'>"
        f"<rect width='100%' height='100%' fill='{hue}'/>"
        f"<circle cx='{width // 2}' cy='{height // 2}' r='{height // 4}' fill='white'"
        " fill-opacity='.35'/></svg>"
    )
    url = "data:image/svg+xml," + svg.replace("#", "%23").replace("<", "%3C").replace(">", "%3E")
    return {"url": url, "thumb_url": url, "width": width, "height": height, "alt": ""}


def document(name: str, kind: str = "pdf", size: str = "2.4 MB", url: str = "#") -> Sample:
    """Return a file row."""
    return {"name": name, "kind": kind, "size": size, "url": url}


def topic(html: str, title: str = "", **changes: Any) -> Sample:
    """Return a topic as topic_card takes it, plain unless changed."""
    menu = [
        {"label": "复制 Markdown", "url": "#", "icon": "copy", "post": False},
        {"label": "编辑", "url": "#", "icon": "pen-line", "post": False},
        {"label": "删除", "url": "#", "icon": "trash-2", "post": True, "danger": True},
    ]
    for item in menu:
        item.setdefault("danger", False)
        item.setdefault("confirm", "确定要删除吗？" if item["danger"] else None)
    base: Sample = {
        "url": "#topic",
        "title": title,
        "kind": "post",
        "author": person("林悦", "owner"),
        "published_at": NOON - timedelta(hours=3),
        "edited": False,
        "html": Markup(html),  # noqa: S704 - the guide's own text
        "folded": False,
        "images": [],
        "files": [],
        "tags": [],
        "comments": 0,
        "likes": 0,
        "liked": False,
        "like_url": "/styleguide/like",
        "bookmarked": False,
        "bookmark_url": "#",
        "marks": [],
        "unread": False,
        "question": None,
        "menu": menu,
    }
    return {**base, **changes}


def answer(html: str, **changes: Any) -> Sample:
    """Return an answer."""
    base: Sample = {
        "id": "answer-1",
        "url": "#answer-1",
        "author": person("陈默", "guest"),
        "answered_at": NOON - timedelta(hours=1),
        "edited": False,
        "html": Markup(html),  # noqa: S704 - the guide's own text
        "folded": False,
        "images": [],
        "files": [],
        "accepted": False,
        "accept_url": None,
        "menu": [],
    }
    return {**base, **changes}


def question(state: str = "open", **changes: Any) -> Sample:
    """Return a question's part of a topic."""
    base: Sample = {
        "addressee": person("陈默", "guest"),
        "state": state,
        "private": False,
        "due_at": None,
        "overdue": False,
        "answer": None,
    }
    return {**base, **changes}


def comment(number: int, author: Sample, html: str, **changes: Any) -> Sample:
    """Return a comment."""
    base: Sample = {
        "id": f"c{number}",
        "url": f"#c{number}",
        "author": author,
        "at": NOON - timedelta(minutes=60 - number),
        "edited": False,
        "html": Markup(html),  # noqa: S704 - the guide's own text
        "depth": 0,
        "deleted": False,
        "stuck": False,
        "reply_to": None,
        "asker": False,
        "quote": None,
        "more": None,
        "image": None,
        "likes": 0,
        "liked": False,
        "like_url": "/styleguide/like",
        "reply_url": "#reply",
        "menu": [
            {
                "label": "删除",
                "url": "#",
                "icon": "trash-2",
                "post": True,
                "danger": True,
                "confirm": None,
            }
        ],
        "replies": 0,
    }
    return {**base, **changes}


def planet(name: str, accent: str, **changes: Any) -> SimpleNamespace:
    """Return a planet for cards, tiles and covers."""
    base: Sample = {
        "name": name,
        "slug": accent,
        "url": "#planet",
        "avatar": "",
        "avatar_url": "",
        "cover_url": "",
        "accent": accent,
        "intro": "一起把一门手艺写清楚：每周一篇长文，问必有答，答案留在这里，三年后仍能找到。",
        "tagline": "每周一篇长文，问必有答",
        "owner": person("林悦", "owner"),
        "stats": [(128, "成员"), (36, "近 30 天主题"), (52, "近 30 天回答")],
        "pinned": False,
        "role_label": "",
        "unread": 0,
        "questions": 0,
    }
    return SimpleNamespace(**{**base, **changes})


PLANETS = [
    planet("慢读书社", "indigo", pinned=True, role_label="星主", unread=3, questions=2),
    planet("独立开发者手记", "jade", role_label="嘉宾", unread=128),
    planet("The Long Conversation: Field Notes on Craft", "vermilion"),
    planet("Donaudampfschifffahrtsgesellschaftskapitän", "amber", intro=""),
]


def hit(title: str, excerpt: str, **changes: Any) -> Sample:
    """Return a topic that was found."""
    base: Sample = {
        "url": "#topic",
        "title": Markup(title),  # noqa: S704 - the guide's own text
        "excerpt": Markup(excerpt),  # noqa: S704 - the guide's own text
        "kind": "post",
        "state": "",
        "digest": False,
        "deleted": False,
        "planet": None,
        "author": person("林悦", "owner"),
        "at": NOON - timedelta(days=40),
        "passages": [],
        "names": [],
    }
    return {**base, **changes}


def passage(label: str, name: str, html: str) -> Sample:
    """Return an answer or a comment in which words were found; no name: the anonymous asker."""
    author = person(name, anonymous=not name)
    text = Markup(html)  # noqa: S704 - the guide's own text
    return {"label": label, "url": "#passage", "html": text, "author": author, "at": NOON,
            "names": []}  # fmt: skip


def groups(many: int) -> list[Sample]:
    """Return filters: with counts and without, one of them set."""
    years = [
        {"label": str(2026 - n), "url": "#", "count": 3 * n + 1, "on": n == 1} for n in range(many)
    ]
    states = [
        {"label": label, "url": "#", "count": None, "on": False}
        for label in ("已回答的提问", "有图片", "一个名字很长很长、在窄的一栏里要换行的筛选条件")
    ]
    return [{"title": "年份", "items": years}, {"title": "只看", "items": states}]


PLANET_OF_HIT = {"name": "独立开发者手记", "url": "#planet", "avatar_url": "", "accent": "jade"}
