"""The port: what is indexed, what is asked, what is found. Engines implement `Engine`.

Searching thinks in *topics*: a topic matches when each word of the query stands in one of those of its
texts that the reader may open. A text is a `Passage`: the topic's own, its answer, or a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Part(StrEnum):
    """Which of a topic's texts a passage is."""

    TOPIC = "topic"
    ANSWER = "answer"
    COMMENT = "comment"


# --- what is indexed --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """What the index knows of a topic: enough to decide `policy.reading.topic_text_read`, to filter and
    to count. Times are aware UTC.

    `author_id` is whom all may see (None: anonymous); `writer_id` is the real one and serves `mine`
    alone, never a filter by author or a facet. `deleted`: its own text is gone, what others wrote below it
    stays; then it is no sample and says nothing of its author and tags.
    """

    topic_id: int
    planet_id: int
    kind: str
    author_id: int | None
    writer_id: int
    addressee_id: int | None
    published_at: datetime
    isolated: bool = False
    sample: bool = False
    private: bool = False
    answered: bool = False
    declined: bool = False
    withdrawn: bool = False
    deleted: bool = False
    digest: bool = False
    has_image: bool = False
    has_file: bool = False
    tag_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """One text at one anchor. `row_id` is the id of the topic, answer or comment.

    `title` holds the topic's title and its tags, a line each, `names` file names and last the name the author
    bears in the planet (none where he is anonymous); comments and answers have no title of their own. `body`
    is plain text as the reader sees it. `isolated`: only `writer_id` may find it.
    """

    part: Part
    row_id: int
    topic_id: int
    author_id: int | None
    writer_id: int
    body: str
    title: str = ""
    names: str = ""
    isolated: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of one topic. `facts` None: the topic is gone with all its passages.

    `passages` are those to add or to replace; `gone` those to forget, as (part, row id).
    """

    topic_id: int
    facts: TopicFacts | None
    passages: tuple[Passage, ...] = ()
    gone: tuple[tuple[Part, int], ...] = ()


# --- who asks ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """What one person may open in one planet at this moment; made from his `policy.Actor`.

    `user_id` None: a visitor. `staff`: the policy's word. `inside`: active or in grace. `until`: an expired
    member who keeps what he paid for reads what was published up to it. `since`: a trial reads no
    older. `own`: opens the questions they asked whatever these say. Who may read nothing but samples has
    `inside` and `own` false and `until` None. Who may not read even these (left, removed) is not among the
    readers of a request.
    """

    planet_id: int
    user_id: int | None
    staff: bool
    inside: bool
    until: datetime | None
    since: datetime | None
    queue_open: bool
    own: bool = False


# --- what is asked ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Words that must stand together as typed. `exact`: typed in quotes, so no stemming.
    `prefix`: the last word may go on (search as you type, or typed with `*`)."""

    text: str
    exact: bool = False
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Each of the parts. Empty: every topic."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts at least."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Topics in none of whose texts (that the reader may open) the part stands."""

    part: Node


Node = Text | All | Either | Without


class Where(StrEnum):
    """`in:`: where words are looked for."""

    TITLE = "title"
    ANSWERS = "answers"
    COMMENTS = "comments"


class Sort(StrEnum):
    """The order of what is found."""

    RELEVANCE = "relevance"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Filters:
    """What else must be true. None or empty: no matter.

    Of the topic: `planet_ids`, `kinds`, `tag_ids` (one of them), `topic_ids` (e.g. my bookmarks),
    `starters` (who began it, as the facet counts them), `answered` (of questions: True, False), `digest`,
    `has_image`, `has_file`, `undeleted`, `since` <= published < `until`.
    Of the passage in which the words stand: `authors` or `mine` (whatever the reader wrote, anonymously
    too), `where`. With no words: a topic that has such a passage.
    `authors` and `starters` are pairs of a planet and a public author there: a person may bear another
    name in another planet, and nobody may learn it so.
    """

    planet_ids: frozenset[int] | None = None
    kinds: frozenset[str] | None = None
    tag_ids: frozenset[int] | None = None
    topic_ids: frozenset[int] | None = None
    starters: frozenset[tuple[int, int]] | None = None
    authors: frozenset[tuple[int, int]] | None = None
    mine: bool = False
    where: frozenset[Where] = frozenset()
    answered: bool | None = None
    digest: bool | None = None
    has_image: bool = False
    has_file: bool = False
    undeleted: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unseen:
    """What the index is to do without: ids of topics, and texts as (part, row id)."""

    topics: frozenset[int] = frozenset()
    texts: frozenset[tuple[Part, int]] = frozenset()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.topics or self.texts)

    def __or__(self, other: Unseen) -> Unseen:
        """Return both together."""
        return Unseen(self.topics | other.topics, self.texts | other.texts)


@dataclass(frozen=True, slots=True)
class Request:
    """A search by the readers' rights. `now` (aware UTC) decides what is scheduled still.

    `loose`: words need not all be there; the best topics with some of the rarest come first (for questions in
    whole sentences and for "similar"). `beside`: the topic whose like is looked for (0: none); it is not
    found itself, and what stands in it alone is not among the rarest. `facet_authors`: the planets whose
    authors may be counted. `unseen`: topics and texts that are hidden by now, although the index does not
    know it yet: as if they were not in it.
    """

    query: Node
    readers: Mapping[int, Reader]
    now: datetime
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.RELEVANCE
    loose: bool = False
    beside: int = 0
    offset: int = 0
    limit: int = 20
    facets: bool = False
    facet_authors: frozenset[int] = frozenset()
    unseen: Unseen = field(default_factory=Unseen)


# --- what is found ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spot:
    """A passage in which words of the query stand."""

    part: Part
    row_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A topic that was found, and its best passages, best first (three at most)."""

    topic_id: int
    planet_id: int
    score: float
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """How many of all found topics are of each planet, kind, year (UTC) and starter: (planet,
    public author of the topic), for the reason given at `Filters`."""

    planets: Mapping[int, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    years: Mapping[int, int] = field(default_factory=dict)
    authors: Mapping[tuple[int, int], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found, and how many topics there are in all."""

    hits: tuple[Hit, ...] = ()
    total: int = 0
    facets: Facets = field(default_factory=Facets)


@dataclass(frozen=True, slots=True)
class Stats:
    """An engine's state, for `flask search stats`, doctor and the metrics. `cursor`: see `Engine.cursor`."""

    engine: str
    passages: int
    topics: int
    size_bytes: int
    cursor: int
    generation: str


class Broken(Exception):
    """The index is missing or corrupt: search is away until it has been rebuilt."""


class Rebuild(Protocol):
    """An index being made beside the one in use. `done_upto`: the last topic id that an earlier, broken off
    rebuild has safely written (0: none). `cursor`: the new index contains all changes up to it; of a
    rebuild that goes on it is that of its beginning."""

    done_upto: int
    cursor: int

    def add(self, entries: Sequence[Entry], *, upto: int) -> None:
        """Add whole topics in the order of their ids; after it, all up to `upto` may be resumed from."""

    def finish(self) -> None:
        """Put the new index in the place of the old one, at once; searches go on meanwhile."""

    def abandon(self) -> None:
        """Throw away what was built."""


class Engine(Protocol):
    """A search engine. Any number of processes may read; one process writes.

    `cursor()` is the number of the last change (`search_changes.id`) that the index contains; it is written
    together with the change itself, so after a crash the indexer goes on where the index is.
    """

    name: str

    def cursor(self) -> int:
        """Return the last change in the index. Raises Broken."""

    def apply(self, entries: Sequence[Entry], *, cursor: int) -> None:
        """Write the entries and the cursor in one commit; the same again changes nothing."""

    def now(self) -> Engine:
        """Return the engine as it stands at this moment, to be read only: its answers belong together, and
        `cursor` tells up to where they know what happened. Raises Broken."""

    def ahead(self, key: Hashable, load: Callable[[], Sequence[Entry]]) -> Engine:
        """Return the engine as it will be when entries have been applied, to be read only. They are loaded
        where they are not known still: the same `key` is to mean the same entries."""

    def search(self, request: Request) -> Found:
        """Return what the readers may open and the query asks. Raises Broken."""

    def words(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return words of titles and tags, as they are written, that begin with `prefix` (or whose pinyin
        does) and stand in a title that the readers may open, the most frequent first."""

    def names(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return names of authors that begin with `prefix` (or whose pinyin does) and stand with a text that
        the readers may open, who wrote most first."""

    def near(self, word: str, request: Request, *, limit: int) -> list[str]:
        """Return English words the readers may open, one or two letters away from `word`; of a Chinese word
        of two to twelve characters those with others, in three places at most, that sound or look alike or of
        which several in a row sound the same."""

    def contents(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Return (topic id, fingerprint of all that is indexed of it), by id, for `verify`: see
        `fingerprints`. Raises Broken."""

    def check(self) -> None:
        """Read all that a search may ever read. Raises Broken."""

    def sample(self, seconds: float) -> None:
        """Read for about so long of what a search may read, going on where the last call ended, in turn
        through all of it. Raises Broken."""

    def suspect(self) -> str | None:
        """Return why a reader of any process found the index broken since then; None if none did."""

    def trust(self) -> None:
        """Say that the index was checked and is sound."""

    def begin_rebuild(self, *, cursor: int) -> Rebuild:
        """Start an index beside this one, that will contain all changes up to `cursor`, or go on with one
        that was broken off. One process at a time does; another may `apply` to this one meanwhile, and
        `cursor` tells afterwards that what it applied is to be applied again."""

    def tidy(self) -> None:
        """Merge what small commits left behind; called by the writer when it is idle."""

    def stats(self) -> Stats:
        """Return numbers about the index. Raises Broken."""
