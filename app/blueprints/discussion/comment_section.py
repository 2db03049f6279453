"""The comments below a topic, drawn once for all readers and finished for each.

What a page of a thread shows is the same for everybody who may read the topic, save the buttons
below each comment and what isolated people wrote. So a page is drawn once, cut at the places of
the buttons, and kept in this process under the topic's `rev`, which grows with every change that
the page shows. For each reader only the buttons are put in. Names, pictures and roles of authors
change without the topic: a kept page lives a minute at most.

Nothing that an isolated person wrote is ever kept: his pages of that topic are drawn anew for him.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, render_template, request

from app.blueprints import kept
from app.blueprints.discussion.comment_shapes import (
    ThreadRights,
    acts_shape,
    comment_shape,
    cursor_args,
    cursor_in,
    images_of,
    is_own,
    more_shape,
    rights_below,
    writer_name,
)
from app.blueprints.discussion.present import Shape, topic_url
from app.blueprints.discussion.refusals import refusal_words
from app.blueprints.language import look
from app.discussion.queries.comment_rows import CommentView
from app.discussion.queries.comment_tree import CommentNode, nest_thread
from app.discussion.queries.comment_windows import Cursor, Order
from app.discussion.queries.comments import isolated_writers, thread_page
from app.discussion.queries.reactions import Marks, Subject, marks_on_topic
from app.planets.queries import PlanetView
from app.policy import Action, Actor, TopicFacts, can


@dataclass(frozen=True, slots=True)
class Topic:
    """What the comments must know of the topic above them."""

    id: int
    public_id: str
    slug: str
    rev: int
    comment_count: int
    facts: TopicFacts


@dataclass(slots=True)
class _Drawn:
    """A page of a thread: `parts` between the buttons of `views`, which are drawn when first asked
    for and kept by (public id, liked, own). `plain` is the whole for a reader who wrote and liked
    nothing on it; `ids` and `writers` tell who that is. `alone` are the isolated writers in the topic.
    """

    total: int
    empty: bool
    alone: frozenset[int]
    parts: kept.Pieces
    views: list[CommentView]
    ids: frozenset[Subject]
    writers: frozenset[int | None]
    acts: dict[tuple[str, bool, bool], bytes] = field(default_factory=dict)
    plain: bytes | None = None

    @property
    def size(self) -> int:
        """How many characters it keeps, its buttons estimated; most of it twice."""
        return 2 * (sum(len(part) for part in self.parts) + 1_500 * len(self.views))


@dataclass(frozen=True, slots=True)
class Section:
    """What a topic's page shows below the topic. `form` tells whether the reader may comment,
    `refusal` why not and the way out; `html` is the page of comments as it is sent."""

    total: int
    url: str
    order: Order
    html: bytes
    empty: bool
    form: bool
    refusal: dict[str, str] | None
    shown: frozenset[str]


def _shelf() -> kept.Shelf[_Drawn]:
    shelf: kept.Shelf[_Drawn] = current_app.extensions.setdefault(
        "planetarium.comments", kept.Shelf[_Drawn]()
    )
    return shelf


def thread_section(planet: PlanetView, actor: Actor, topic: Topic) -> Section:
    """Return what the topic's page shows below the topic: the page of comments that the address
    asks for (`order`, `after`, `before`, `from`); the first one for a cursor of elsewhere."""
    order: Order = "likes" if request.args.get("order") == "likes" else "time"
    cursor = cursor_in(request.args)
    rights = rights_below(actor, topic.facts)
    marks = marks_on_topic(actor, topic.id)
    page = _page(planet, actor, topic, rights, order=order, cursor=cursor)
    url = topic_url(planet.slug, topic.public_id, topic.slug)
    return Section(
        total=page.total,
        url=url,
        order=order,
        html=_whole(planet.slug, actor, topic, rights, marks, page),
        empty=page.empty,
        form=rights.reply,
        refusal=None
        if rights.reply
        else refusal_words(can(actor, Action.COMMENT_WRITE, topic.facts)),
        shown=frozenset(view.public_id for view in page.views),
    )


def _page(
    planet: PlanetView,
    actor: Actor,
    topic: Topic,
    rights: ThreadRights,
    *,
    order: Order,
    cursor: Cursor | None,
) -> _Drawn:
    """Return the page, kept or drawn now."""
    shelf = _shelf()
    key = (
        topic.public_id,
        topic.rev,
        order,
        cursor,
        rights,
        look(),
        topic.slug,
        planet.slug,
    )
    page = None if actor.isolated else shelf.get(key, actor.now)
    if page is None or actor.user_id in page.alone:
        page = _draw(planet, actor, topic, order, cursor)
        if not actor.isolated and actor.user_id not in page.alone:
            shelf.put(key, page, size=page.size, now=actor.now)
    return page


def _draw(
    planet: PlanetView, actor: Actor, topic: Topic, order: Order, cursor: Cursor | None
) -> _Drawn:
    found = thread_page(
        actor, topic.id, topic.facts, total=topic.comment_count, order=order, cursor=cursor
    )
    nodes = nest_thread(found)
    views: list[CommentView] = []
    everything = (*found.roots, *found.replies, *((found.stuck,) if found.stuck else ()))
    images = images_of(everything)

    def shape(node: CommentNode) -> Shape:
        drawn = comment_shape(planet.slug, node.view, images=images.get(node.view.id, []))
        drawn["depth"] = node.depth
        drawn["reply_to"] = writer_name(node.answers) if node.answers else None
        drawn["more"] = more_shape(planet.slug, node)
        if not node.view.deleted:
            views.append(node.view)
            drawn["acts"] = kept.GAP
        drawn["below"] = [shape(reply) for reply in node.replies]
        return drawn

    def address(to: Cursor | None) -> str | None:
        if to is None:
            return None
        args = cursor_args(to) | ({"order": order} if order != "time" else {})
        return topic_url(planet.slug, topic.public_id, topic.slug, **args) + "#comments"

    html = render_template(
        "discussion/_comment_list.html",
        comments=[shape(node) for node in nodes],
        earlier=address(found.earlier),
        later=address(found.later),
    )
    return _Drawn(
        total=found.total,
        empty=not nodes,
        # Asked last: whatever of the reader's own stands in the page is known by now.
        alone=isolated_writers(topic.id, topic.facts),
        parts=kept.cut(html),
        views=views,
        ids=frozenset(("comment", view.id) for view in views),
        writers=frozenset(
            topic.facts.writer_id if view.writer_id is None else view.writer_id for view in views
        ),
    )


def _whole(
    slug: str, actor: Actor, topic: Topic, rights: ThreadRights, marks: Marks, page: _Drawn
) -> bytes:
    """Return the page with its buttons; kept where they are those of most readers."""
    plain = actor.user_id not in page.writers and marks.liked.isdisjoint(page.ids)
    if plain and page.plain is not None:
        return page.plain
    whole = b"".join(_finished(slug, actor, topic, rights, marks, page))
    if plain:
        page.plain = whole
    return whole


def _finished(
    slug: str,
    actor: Actor,
    topic: Topic,
    rights: ThreadRights,
    marks: Marks,
    page: _Drawn,
) -> Iterator[bytes]:
    """Give the page's pieces with the reader's own buttons between them."""
    for part, view in zip(page.parts, page.views, strict=False):
        yield part
        own = is_own(actor, view, topic.facts)
        liked = ("comment", view.id) in marks.liked
        if ("comment", view.id) in marks.uncounted:
            yield _acts(slug, view, rights, liked=True, own=own, extra=1)
            continue
        key = (view.public_id, liked, own)
        if key not in page.acts:
            page.acts[key] = _acts(slug, view, rights, liked=liked, own=own)
        yield page.acts[key]
    yield page.parts[-1]


def _acts(
    slug: str, view: CommentView, rights: ThreadRights, *, liked: bool, own: bool, extra: int = 0
) -> bytes:
    shape = acts_shape(slug, view, rights, own=own) | {"liked": liked}
    shape["likes"] += extra
    macros: Any = current_app.jinja_env.get_template("components/comment.html").module
    return str(macros.comment_acts(shape)).encode()
