"""Helpers of the tests on questions, comments and reactions: rows and verbs in short words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.discussion.actions.answers import answer_question, compose_answer, edit_answer
from app.discussion.actions.comments import (
    CommentWish,
    compose_comment,
    delete_comment,
    edit_comment,
    write_comment,
)
from app.discussion.actions.history import count_revisions
from app.discussion.actions.questions import AskWish, ask, compose_question, hand_on
from app.discussion.models import Comment, Question, Topic
from app.discussion.queries.facts import (
    CommentRow,
    TopicRow,
    get_answer,
    get_comment,
    get_topic,
)
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Membership
from app.outbox.models import OutboxEvent
from app.policy import CommentFacts, TopicFacts
from tests.cast import Cast


def post(cast: Cast, persona: str = "owner", **columns: Any) -> str:
    """Write a post as rows; returns its public id."""
    moment = clock.now()
    values: dict[str, Any] = {
        "planet_id": cast.planet_id,
        "kind": "post",
        "author_id": cast.users[persona],
        "title": "慢读",
        "source": "正文",
        "html": "<p>正文</p>",
        "created_at": moment,
        "published_at": moment,
        "last_activity_at": moment,
    }
    topic = Topic(**{**values, **columns})
    with unit_of_work() as session:
        session.add(topic)
    return topic.public_id


def topic_of(cast: Cast, persona: str, public_id: str) -> tuple[TopicRow, TopicFacts]:
    return get_topic(cast.actor(persona), public_id)


def comment_of(cast: Cast, persona: str, public_id: str) -> tuple[CommentRow, CommentFacts]:
    return get_comment(cast.actor(persona), public_id)


def say(
    cast: Cast, persona: str, topic: str, text: str = "好", parent: str = "", **wish: Any
) -> str:
    """Write a comment; returns its public id."""
    actor = cast.actor(persona)
    new = compose_comment(
        actor, wish=CommentWish(text=text, parent=parent, **wish), max_chars=1_000
    )
    with unit_of_work():
        row, facts = get_topic(actor, topic)
        return write_comment(actor, topic=row, facts=facts, comment=new).public_id


def change(cast: Cast, persona: str, comment: str, text: str) -> None:
    actor = cast.actor(persona)
    new = compose_comment(actor, wish=CommentWish(text=text), max_chars=1_000)
    with unit_of_work():
        row, facts = get_comment(actor, comment)
        edit_comment(actor, comment=row, facts=facts, text=new)


def erase(cast: Cast, persona: str, comment: str) -> None:
    actor = cast.actor(persona)
    with unit_of_work():
        row, facts = get_comment(actor, comment)
        delete_comment(actor, comment=row, facts=facts)


def the_topic(public_id: str) -> Topic:
    """Return the topic's row as it is on disk."""
    db.session.rollback()
    return db.session.scalars(
        sa.select(Topic)
        .where(Topic.public_id == public_id)
        .execution_options(populate_existing=True)
    ).one()


def the_comment(public_id: str) -> Comment:
    db.session.rollback()
    return db.session.scalars(
        sa.select(Comment)
        .where(Comment.public_id == public_id)
        .execution_options(populate_existing=True)
    ).one()


def the_question(public_id: str) -> Question:
    topic = the_topic(public_id)
    return db.session.scalars(
        sa.select(Question)
        .where(Question.topic_id == topic.id)
        .execution_options(populate_existing=True)
    ).one()


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that reach the database inside the block."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def many_comments(
    cast: Cast, topic: str, *, roots: int, replies: int = 0, per_root: int = 0
) -> list[str]:
    """Write roots, `per_root` replies below each and `replies` more below the first, as rows."""
    row = the_topic(topic)
    moment = clock.now()
    writer = cast.users["member"]
    made: list[Comment] = []

    def comment(text: str, parent: Comment | None = None) -> Comment:
        new = Comment(
            planet_id=row.planet_id,
            topic_id=row.id,
            author_id=writer,
            source=text,
            html=f"<p>{text}</p>",
            created_at=_later(moment, len(made)),
        )
        if parent is not None:
            new.parent_id = parent.id
            new.root_id = parent.root_id or parent.id
            new.depth = parent.depth + 1
        made.append(new)
        return new

    with unit_of_work() as session:
        tops = [comment(f"根{n}") for n in range(roots)]
        session.add_all(tops)
        session.flush()
        for n, top in enumerate(tops):
            below = per_root + (replies if n == 0 else 0)
            session.add_all([comment(f"复{n}-{m}", top) for m in range(below)])
            top.reply_count = below
        session.execute(sa.update(Topic).where(Topic.id == row.id).values(comment_count=len(made)))
    return [top.public_id for top in tops]


def _later(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() - 100_000 + seconds, moment.tzinfo)


def member_id(cast: Cast, persona: str) -> str:
    """Return the public id of the persona's membership."""
    db.session.rollback()
    return db.session.scalars(
        sa.select(Membership.public_id).where(
            Membership.planet_id == cast.planet_id, Membership.user_id == cast.users[persona]
        )
    ).one()


def put_question(
    cast: Cast, persona: str, to: str = "guest", text: str = "为何？", **wish: Any
) -> str:
    """Ask; returns the topic's public id. `key` may be among the wishes."""
    planet, actor = cast.entry(persona)
    key = wish.pop("key", "")
    asked = AskWish(text=text, addressee=member_id(cast, to), **wish)
    new = compose_question(actor, planet=planet, wish=asked, key=key)
    with unit_of_work():
        return ask(actor, planet=planet, question=new).public_id


def put_answer(cast: Cast, persona: str, topic: str, text: str = "因为。") -> str:
    """Answer; returns the answer's public id."""
    planet, actor = cast.entry(persona)
    new = compose_answer(actor, planet=planet, text=text)
    with unit_of_work():
        actor = replace(actor, now=clock.now())
        row, facts = get_topic(actor, topic)
        return answer_question(actor, topic=row, facts=facts, answer=new).public_id


def change_answer(cast: Cast, persona: str, answer: str, text: str) -> None:
    planet, actor = cast.entry(persona)
    new = compose_answer(actor, planet=planet, text=text, key=answer)
    with unit_of_work():
        row, facts = get_answer(actor, answer)
        seen = count_revisions("answer", row.id)
        edit_answer(actor, answer=row, facts=facts, text=new, base=seen)


def act_on(cast: Cast, persona: str, topic: str, verb: Any, **words: Any) -> None:
    """Do one of the verbs on a question: decline, accept, withdraw, reveal …"""
    actor = cast.actor(persona)
    with unit_of_work():
        actor = replace(actor, now=clock.now())
        row, facts = get_topic(actor, topic)
        verb(actor, topic=row, facts=facts, **words)


def pass_on(cast: Cast, persona: str, topic: str, to: str, note: str = "") -> None:
    planet, _actor = cast.entry(persona)
    act_on(cast, persona, topic, hand_on, planet=planet, to=member_id(cast, to), note=note)


def events() -> list[tuple[str, dict[str, Any]]]:
    """Return what was put into the outbox, in order."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(OutboxEvent).order_by(OutboxEvent.id))
    return [(row.name.removeprefix("discussion."), row.payload) for row in rows]


def at_once(cast: Cast, acts: list[Callable[[], Any]]) -> list[Any]:
    """Run the acts in threads of their own; returns what each returned or raised."""

    def run(act: Callable[[], Any]) -> Any:
        with cast.app.app_context():
            try:
                return act()
            except Exception as error:
                return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
