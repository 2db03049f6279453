"""Seeding at scale: the asked numbers, consistent counters, the same for the same seed."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.cli.seed_scale import Planted, Scale, plant
from app.discussion.models import Comment, Question, Topic
from app.kernel.db import db
from app.memberships.models import Membership
from tests.emptying import empty_database

SMALL = Scale(members=30, topics=60, comments=120, thread=40)


def _plant() -> Planted:
    return plant(SMALL, password_hash="unused", tell=lambda _line: None)


def _count(row: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(row)) or 0


def test_it_makes_what_was_asked(app: Flask) -> None:
    planted = _plant()
    assert (_count(Membership), _count(Topic), _count(Comment)) == (30, 60, 120)
    assert _count(Question) == 12
    longest = db.session.scalar(
        sa.select(Topic.comment_count).where(Topic.public_id == planted.long_thread_topic)
    )
    assert longest == 40


def test_counters_agree_with_rows(app: Flask) -> None:
    _plant()
    counted = sa.select(Comment.topic_id, sa.func.count().label("n")).group_by(Comment.topic_id)
    found = {row.topic_id: row.n for row in db.session.execute(counted)}
    stored = db.session.execute(sa.select(Topic.id, Topic.comment_count)).all()
    assert {identity: n for identity, n in stored if n} == found
    replies = db.session.execute(
        sa.select(Comment.root_id, sa.func.count())
        .where(Comment.root_id.is_not(None))
        .group_by(Comment.root_id)
    ).all()
    roots = dict(
        db.session.execute(
            sa.select(Comment.id, Comment.reply_count).where(Comment.root_id.is_(None))
        ).all()
    )
    assert {identity: n for identity, n in roots.items() if n} == dict(replies)


def test_the_same_seed_gives_the_same_addresses(app: Flask) -> None:
    first = _plant()
    empty_database()
    assert _plant() == first


def test_rows_can_be_added_afterwards(app: Flask) -> None:
    _plant()
    plant(
        Scale(members=10, topics=10, comments=22, thread=2, slug="second"),
        password_hash="unused",
        tell=lambda _line: None,
    )
    assert _count(Topic) == 70
