"""Verbs on comments: write, edit, delete, stick.

Locks: whoever changes the comments of a topic takes the topic's row first, so that counts are right
whatever happens at the same moment and nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.anonymity import forget_names
from app.discussion.actions.history import keep_revision
from app.discussion.actions.touch import touch_topic
from app.discussion.events import CommentChanged, CommentWritten
from app.discussion.models import Comment, Topic
from app.discussion.queries.facts import CommentRow, TopicRow, get_comment
from app.discussion.rendering import Body, render_body
from app.kernel import audit, clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.ids import is_public_id, new_public_id
from app.kernel.text import Profile, excerpt, shows
from app.media.actions import attach
from app.outbox.events import put
from app.policy import Action, Actor, CommentFacts, TopicFacts, require
from app.policy.rules import edit_is_silent

QUOTE_LENGTH = 200
MAX_IMAGES = 1


@dataclass(frozen=True, slots=True)
class CommentWish:
    """What somebody typed. `parent` is the public id of the comment replied to, `images` those of
    uploads; `quotes` tells to repeat the beginning of the parent above the reply."""

    text: str = ""
    parent: str = ""
    quotes: bool = False
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewComment:
    """A comment ready to be stored. `key` becomes its public id, so sending it twice is once."""

    key: str
    wish: CommentWish
    body: Body


@dataclass(frozen=True, slots=True)
class CommentRef:
    """What a comment's address needs."""

    id: int
    public_id: str


def compose_comment(
    actor: Actor, *, wish: CommentWish, max_chars: int, key: str = ""
) -> NewComment:
    """Check and render a comment before the unit of work; Invalid names the field. Writes nothing."""
    key = key if is_public_id(key) else new_public_id()
    if len(wish.images) > MAX_IMAGES:
        raise Invalid("attachments", "too_many_images", limit=MAX_IMAGES)
    body = render_body(
        wish.text,
        max_chars=max_chars,
        id_prefix=f"c-{key}-",
        profile=Profile.LIGHT,
    )
    if not shows(body.html) and not wish.images:
        raise Invalid("text", "empty")
    return NewComment(key=key, wish=wish, body=body)


def write_comment(
    actor: Actor, *, topic: TopicRow, facts: TopicFacts, comment: NewComment
) -> CommentRef:
    """Store a composed comment or reply; the same one sent twice is stored once.

    An anonymous asker's follow-up names nobody. Conflict when the key is already another comment's:
    compose again without it.
    """
    require(actor, Action.COMMENT_WRITE, facts)
    _lock(topic.id)
    row = _new_row(actor, topic, facts, comment)
    _put_below(actor, row, comment.wish)
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return _written_before(actor, topic, facts, comment)
    row.has_image = _attach(actor, row, comment.wish.images)
    if row.isolated:
        touch_topic(topic.id)
    else:
        _count_on_topic(topic.id, +1)
        touch_topic(topic.id, active_at=row.created_at)
    _count_above((row.parent_id, row.root_id), +1, isolated=row.isolated)
    put(CommentWritten(topic_id=topic.id, comment_id=row.id))
    return CommentRef(row.id, row.public_id)


def edit_comment(
    actor: Actor, *, comment: CommentRow, facts: CommentFacts, text: NewComment
) -> None:
    """Give a comment a new text and image: silently within the planet's window, with history after.

    The wish's `parent` and `quotes` are not read: a reply stays where it is.
    """
    require(actor, Action.COMMENT_EDIT, facts)
    _lock(comment.topic_id)
    values: dict[str, Any] = {
        "source": text.body.source,
        "html": text.body.html,
        "render_version": text.body.render_version,
        "has_image": _attach(actor, comment, text.wish.images),
        "rev": Comment.rev + 1,
    }
    if text.body.source != comment.source and not edit_is_silent(actor, facts):
        editor = comment.author_id
        keep_revision(("comment", comment.id), source=comment.source, editor_id=editor)
        values["edited_at"] = clock.now()
    _update(comment.id, **values)
    touch_topic(comment.topic_id)
    put(CommentChanged(topic_id=comment.topic_id, comment_id=comment.id))


def delete_comment(actor: Actor, *, comment: CommentRow, facts: CommentFacts) -> None:
    """Take a comment away; a marker stays while replies stand below it. Twice is once."""
    require(actor, Action.COMMENT_DELETE, facts)
    _lock(comment.topic_id)
    own = facts.writer_id == actor.user_id
    gone = update(Comment).where(Comment.id == comment.id, Comment.deleted_at.is_(None))
    done = db.session.execute(
        gone.values(
            deleted_at=clock.now(),
            # An anonymous asker's name stands nowhere, here neither.
            deleted_by=comment.author_id if own else actor.user_id,
            stuck_at=None,
            rev=Comment.rev + 1,
        ).execution_options(synchronize_session=False)
    )
    if done.rowcount == 0:  # type: ignore[attr-defined]
        return
    if not facts.isolated:
        _count_on_topic(comment.topic_id, -1)
    _let_vanish(comment.id)
    touch_topic(comment.topic_id)
    if not own:
        audit.record(
            "comment.delete",
            actor_id=actor.user_id,
            planet_id=comment.planet_id,
            subject=("comment", comment.id),
        )
    put(CommentChanged(topic_id=comment.topic_id, comment_id=comment.id))


def stick_comment(actor: Actor, *, comment: CommentRow, facts: CommentFacts) -> None:
    """Show a root above all others of its topic, in place of the one that stood there."""
    require(actor, Action.COMMENT_STICK, facts)
    if comment.root_id is not None:
        raise Invalid("", "only_roots_stick")
    _lock(comment.topic_id)
    _unstick_all(comment.topic_id)
    _update(comment.id, stuck_at=clock.now(), rev=Comment.rev + 1)
    touch_topic(comment.topic_id)


def unstick_comment(actor: Actor, *, comment: CommentRow, facts: CommentFacts) -> None:
    """Put a root back to its place in the order."""
    require(actor, Action.COMMENT_STICK, facts)
    _lock(comment.topic_id)
    _update(comment.id, stuck_at=None, rev=Comment.rev + 1)
    touch_topic(comment.topic_id)


# --- rows ----------------------------------------------------------------------------------------


def _lock(topic_id: int) -> None:
    db.session.execute(select(Topic.id).where(Topic.id == topic_id).with_for_update())


def _put_below(actor: Actor, row: Comment, wish: CommentWish) -> None:
    """Make a new row a reply to its parent, if it has one; Invalid when that is gone, so that nothing
    typed is lost. What stands below words that nobody else sees is seen by nobody else."""
    if not wish.parent:
        return
    try:
        parent, facts = get_comment(actor, wish.parent)
    except NotFound:
        raise Invalid("parent", "gone") from None
    if parent.topic_id != row.topic_id or facts.deleted:
        raise Invalid("parent", "gone")
    row.parent_id = parent.id
    row.root_id = parent.root_id or parent.id
    row.depth = parent.depth + 1
    row.isolated = row.isolated or facts.isolated
    if wish.quotes:
        row.quote_id = parent.id
        row.quote = excerpt(parent.source, QUOTE_LENGTH)


def _new_row(actor: Actor, topic: TopicRow, facts: TopicFacts, comment: NewComment) -> Comment:
    asks = facts.kind == "question" and facts.writer_id == actor.user_id
    return Comment(
        public_id=comment.key,
        planet_id=topic.planet_id,
        topic_id=topic.id,
        author_id=None if asks and facts.anonymous else actor.user_id,
        as_asker=asks,
        source=comment.body.source,
        html=comment.body.html,
        render_version=comment.body.render_version,
        created_at=clock.now(),
        isolated=actor.isolated,
    )


def _written_before(
    actor: Actor, topic: TopicRow, facts: TopicFacts, comment: NewComment
) -> CommentRef:
    """Return the comment this form wrote when it was sent the first time."""
    row = db.session.execute(
        select(Comment.id, Comment.author_id, Comment.as_asker, Comment.source).where(
            Comment.public_id == comment.key, Comment.topic_id == topic.id
        )
    ).one_or_none()
    if row is None or row.source != comment.body.source:
        raise Conflict(comment.key)
    asks = row.as_asker and facts.writer_id == actor.user_id
    if row.author_id != actor.user_id and not asks:
        raise Conflict(comment.key)
    return CommentRef(row.id, comment.key)


def _attach(actor: Actor, comment: Comment | CommentRow, images: Sequence[str]) -> bool:
    rows = attach(actor, owner_type="comment", owner_id=comment.id, public_ids=images)
    if any(row.purpose != "image" for row in rows):
        raise Invalid("attachments", "only_images")
    if comment.author_id is None:
        forget_names(rows)
    return bool(rows)


def _update(comment_id: int, **values: Any) -> None:
    statement = update(Comment).where(Comment.id == comment_id).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _unstick_all(topic_id: int) -> None:
    stuck = (Comment.topic_id == topic_id) & Comment.stuck_at.is_not(None)
    values: dict[str, Any] = {"stuck_at": None, "rev": Comment.rev + 1}
    statement = update(Comment).where(stuck).values(values)
    db.session.execute(statement.execution_options(synchronize_session=False))


# --- counts --------------------------------------------------------------------------------------


def _count_on_topic(topic_id: int, by: int) -> None:
    statement = update(Topic).where(Topic.id == topic_id)
    statement = statement.values(comment_count=Topic.comment_count + by)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _count_above(ids: Iterable[int | None], by: int, *, isolated: bool) -> None:
    """Count a reply on its parent and its root: an isolated one where its writer alone looks."""
    known = {one for one in ids if one is not None}
    if not known:
        return
    statement = update(Comment).where(Comment.id.in_(known))
    if isolated:
        statement = statement.where(Comment.isolated)
    statement = statement.values(reply_count=Comment.reply_count + by, rev=Comment.rev + 1)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _let_vanish(comment_id: int) -> None:
    """Take a deleted comment without replies out of the counts above it, and so on upwards."""
    current: int | None = comment_id
    while current is not None:
        row = db.session.execute(
            select(
                Comment.deleted_at,
                Comment.reply_count,
                Comment.parent_id,
                Comment.root_id,
                Comment.isolated,
            ).where(Comment.id == current)
        ).one()
        if row.deleted_at is None or row.reply_count > 0:
            return
        _count_above((row.parent_id, row.root_id), -1, isolated=row.isolated)
        current = row.parent_id
