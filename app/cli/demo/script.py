"""The words a demo planet's script is written in. Times are days and hours before now."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Remark:
    """A comment with its replies. `by` is a persona; `asker` speaks as the question's asker."""

    by: str
    text: str
    replies: tuple[Remark, ...] = ()
    liked_by: tuple[str, ...] = ()
    stuck: bool = False


@dataclass(frozen=True)
class Post:
    """A post of somebody who may publish."""

    by: str
    text: str
    days_ago: float
    title: str = ""
    tags: tuple[str, ...] = ()
    series: str = ""
    images: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    pinned: bool = False
    digest: bool = False
    sample: bool = False
    closed: bool = False
    liked_by: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Ask:
    """A question and what became of it. `withdrawn` is why the asker of an answered one wants its words
    hidden, `hidden` what is said when that is granted."""

    by: str
    to: str
    text: str
    days_ago: float
    anonymous: bool = False
    private: bool = False
    handed_to: str = ""
    answer: str = ""
    answered_days_ago: float = 0
    accepted: bool = False
    declined: str = ""
    withdrawn: str = ""
    hidden: str = ""
    liked_by: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Column:
    """A series by its title."""

    title: str
    intro: str


@dataclass(frozen=True)
class PlanetScript:
    """A whole planet. `nicknames` are used where the planet's language is not the account's."""

    slug: str
    name: str
    tagline: str
    intro: str
    category: str
    language: str
    accent: str
    joining: str
    join_question: str
    cover: str
    avatar: str
    rules: str
    columns: tuple[Column, ...]
    posts: tuple[Post, ...]
    questions: tuple[Ask, ...]
    nicknames: dict[str, str] = field(default_factory=dict)
