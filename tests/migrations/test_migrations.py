"""Migrations: up from nothing, down and up again on a filled database, the same as the models."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.discussion.models import Answer, Comment, Question, Tag, Topic, TopicTag
from app.kernel import clock, schema
from app.kernel.db import Base, db, unit_of_work
from app.media.models import Attachment
from app.outbox.models import OutboxDelivery, OutboxEvent
from tests.cast import Cast, assemble


def tables() -> set[str]:
    """The tables there are, without Alembic's own."""
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def revisions() -> list[str]:
    """All revisions, the newest first."""
    folder = ScriptDirectory(str(Path(__file__).parents[2] / "migrations"))
    return [script.revision for script in folder.walk_revisions()]


def fill(app: Flask, slug: str) -> Cast:
    """Write the cast, topics, a question with its answer, comments, a file and an event."""
    cast = assemble(app, slug)
    moment = clock.now()
    with unit_of_work() as session:
        tag = Tag(planet_id=cast.planet_id, name="读书", key="读书")
        session.add(tag)
        for number in range(3):
            topic = _topic(cast, number, "question" if number == 0 else "post")
            session.add(topic)
            session.flush()
            session.add(TopicTag(topic_id=topic.id, tag_id=tag.id, published_at=moment))
            if topic.kind == "question":
                _ask_and_answer(session, cast, topic)
            root = _comment(cast, topic)
            session.add(root)
            session.flush()
            session.add(_comment(cast, topic, parent_id=root.id, root_id=root.id, depth=1))
            session.add(
                Attachment(
                    planet_id=cast.planet_id,
                    uploader_id=cast.users["owner"],
                    owner_type="topic",
                    owner_id=topic.id,
                    purpose="file",
                    filename="讲义.pdf",
                    content_type="application/pdf",
                    size=3,
                    sha256="0" * 64,
                    storage_key=f"key{number}",
                    created_at=moment,
                )
            )
        event = OutboxEvent(name="test.happened", payload={"n": 1}, created_at=moment)
        session.add(event)
        session.flush()
        session.add(OutboxDelivery(event_id=event.id, handler="h", next_try_at=moment))
    return cast


def _topic(cast: Cast, number: int, kind: str) -> Topic:
    moment = clock.now()
    return Topic(
        planet_id=cast.planet_id,
        kind=kind,
        author_id=cast.users["owner"],
        title=f"第 {number} 篇",
        source="正文",
        html="<p>正文</p>",
        created_at=moment,
        published_at=moment,
        last_activity_at=moment,
    )


def _ask_and_answer(session: Any, cast: Cast, topic: Topic) -> None:
    moment = clock.now()
    session.add(
        Question(
            topic_id=topic.id,
            planet_id=cast.planet_id,
            asker_id=cast.users["member"],
            addressee_id=cast.users["guest"],
            asked_at=moment,
            due_at=moment + timedelta(hours=72),
            answered_at=moment,
        )
    )
    session.add(
        Answer(
            topic_id=topic.id,
            author_id=cast.users["guest"],
            source="答",
            html="<p>答</p>",
            created_at=moment,
        )
    )


def _comment(cast: Cast, topic: Topic, **columns: Any) -> Comment:
    return Comment(
        planet_id=cast.planet_id,
        topic_id=topic.id,
        author_id=cast.users["member"],
        source="评",
        html="<p>评</p>",
        created_at=clock.now(),
        **columns,
    )


def counts() -> dict[str, int]:
    """How many rows each table has."""
    with db.engine.connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def test_up_from_nothing_gives_exactly_the_models(empty: Flask) -> None:
    assert tables() == set()
    assert schema.find_trouble(revisions()[0]) is not None
    upgrade()
    assert tables() == set(Base.metadata.tables)
    assert schema.find_trouble(revisions()[0]) is None
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_down_to_nothing_and_up_again_on_a_filled_database(empty: Flask) -> None:
    upgrade()
    fill(empty, "before")
    before = counts()
    assert before["topics"] == 3
    db.session.remove()

    downgrade(revision="base")
    assert tables() == set()
    upgrade()
    assert set(counts().values()) == {0}
    fill(empty, "before")
    assert counts() == before


def test_each_step_goes_down_and_up_again_with_rows_in_place(empty: Flask) -> None:
    """A step up must work on what the step down left; rows of older tables survive both."""
    upgrade()
    fill(empty, "steps")
    before = counts()
    db.session.remove()
    for revision in revisions()[:-1]:
        downgrade(revision=f"{revision}-1")
        upgrade(revision=revision)
        upgrade()
    assert {name for name, count in counts().items() if count} <= {
        name for name, count in before.items() if count
    }
    assert counts()["topics"] == before["topics"]


def test_upgrading_twice_changes_nothing(empty: Flask) -> None:
    upgrade()
    fill(empty, "twice")
    before = counts()
    upgrade()
    assert counts() == before
