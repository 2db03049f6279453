"""What searching shows: frozen values for pages, without HTML and without addresses.

Made by `finding.find`; pages turn public ids into addresses and codes into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.discussion.queries.authors import Author
from app.search.language import Query
from app.search.port import Part


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text. `marked`: the query's words stand in it."""

    text: str
    marked: bool = False


Snippet = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class PlanetName:
    """A planet as results name it."""

    id: int
    slug: str
    name: str
    accent: str
    avatar: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names in which words of the query stand, marked: of files, and of who wrote it (() for none)."""

    files: tuple[Snippet, ...] = ()
    author: Snippet = ()


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A text in which words of the query stand, cut to where they do.

    `anchor`: the public id of the answer or comment, "" for the topic's own text. `author` None: the
    anonymous asker.
    """

    part: Part
    anchor: str
    author: Author | None
    at: datetime
    snippet: Snippet
    names: Names = Names()


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic that was found. `title` is its title, or the beginning of its text; empty where its words
    were withdrawn from the reader. `author` None: an anonymous asker. `deleted`: the topic's own words are
    gone, and with them its author and state; it was found by what others wrote below it.

    `state` is that of a question (open, answered, declined, withdrawn), "" for a post.
    """

    topic_id: int
    public_id: str
    slug: str
    kind: str
    title: Snippet
    planet: PlanetName
    author: Author | None
    published_at: datetime
    scheduled: bool
    state: str
    private: bool
    digest: bool
    images: int
    files: int
    comments: int
    deleted: bool = False
    names: Names = Names()
    passages: tuple[FoundPassage, ...] = ()

    @property
    def plain_title(self) -> str:
        """The title without marks."""
        return "".join(segment.text for segment in self.title)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet. `value` is the filter's, `name` what people read ("" for kinds and years:
    pages have words for these), `query` the whole search with this filter switched."""

    value: str
    name: str
    count: int
    chosen: bool
    query: Query


@dataclass(frozen=True, slots=True)
class Facet:
    """How what was found divides by one filter: `name` is planet, kind, year or starter."""

    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A way on from a search without result: another query and how many topics it finds.

    `kind`: without_word, without_filters, everywhere (in all my planets, where one was searched).
    """

    kind: str
    query: str
    total: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of what a search found.

    `query` holds the hints and writes itself (`query.text`). `relaxed`: nothing had all the words, so
    these are the topics with some of them. `near`: the like, on a page that has room left; `near_whole` of
    these have all words, but others come nearer to what was asked. `did_you_mean` is another query or "".
    `away`: the index is being rebuilt, nothing can be searched. `page` counts from 1; `pages` is the last
    that can be opened.
    """

    query: Query
    hits: tuple[FoundTopic, ...] = ()
    total: int = 0
    facets: tuple[Facet, ...] = ()
    page: int = 1
    pages: int = 1
    relaxed: bool = False
    near: tuple[FoundTopic, ...] = ()
    near_whole: int = 0
    did_you_mean: str = ""
    ways: tuple[Way, ...] = ()
    away: bool = False


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A topic like another text: a title with the words marked, and where it is."""

    public_id: str
    slug: str
    planet: PlanetName
    kind: str
    title: Snippet
    state: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to search for or to open while typing.

    `kind`: past (my own earlier search), word, tag, name (`query` is the search then) or topic (`public_id`,
    `slug` and `planet` are its place).
    """

    kind: str
    text: str
    query: str = ""
    public_id: str = ""
    slug: str = ""
    planet: PlanetName | None = None
