"""What follows from other rows can be made again: rendered texts and counts."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion import rebuilding
from app.discussion.actions.reactions import like_comment, like_topic
from app.discussion.models import Comment, Topic
from app.discussion.queries.facts import get_comment, get_topic
from app.discussion.rebuilding import render_again, repair_texts
from app.discussion.recounting import recount
from app.kernel import text
from app.kernel.db import db, unit_of_work
from app.kernel.text import RENDERER_VERSION
from app.kernel.text.sandbox import RenderFailed
from app.planets.rebuilding import repair_pages
from tests.cast import Cast
from tests.discussion.threads import erase, post, say
from tests.discussion.writing import post as publish

WRITERS = ("member", "guest", "isolated")


def _like(cast: Cast, persona: str, topic: str, comment: str | None) -> None:
    actor = cast.actor(persona)
    with unit_of_work():
        if comment is None:
            row, facts = get_topic(actor, topic)
            like_topic(actor, topic=row, facts=facts)
        else:
            found, of = get_comment(actor, comment)
            like_comment(actor, comment=found, facts=of)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_counting_anew_says_what_was_counted_on_the_way(
    cast: Cast, noon: datetime, seed: int
) -> None:
    dice = random.Random(seed)
    topic = post(cast)
    said: list[tuple[str, str]] = []
    for _ in range(25):
        persona = dice.choice(WRITERS)
        seen = [public_id for writer, public_id in said if writer in (persona, "member", "guest")]
        parent = dice.choice([*seen, ""])
        said.append((persona, say(cast, persona, topic, parent=parent)))
    for persona, comment in dice.sample(said, 10):
        erase(cast, persona, comment)
    for persona in WRITERS:
        _like(cast, persona, topic, None)
        left = db.session.scalars(
            sa.select(Comment.public_id).where(
                Comment.deleted_at.is_(None), Comment.isolated.is_(False)
            )
        ).all()
        _like(cast, persona, topic, dice.choice(left))
    assert recount() == 0


def test_wrong_counts_are_mended(cast: Cast, noon: datetime) -> None:
    topic = post(cast)
    root = say(cast, "member", topic)
    say(cast, "guest", topic, parent=root)
    with unit_of_work() as session:
        session.execute(sa.update(Topic).values(comment_count=7, like_count=3, file_count=1))
        session.execute(sa.update(Comment).values(reply_count=5))
    assert recount() == 3
    row = db.session.execute(sa.select(Topic.comment_count, Topic.like_count)).one()
    assert tuple(row) == (2, 0)
    counts = db.session.scalars(sa.select(Comment.reply_count).order_by(Comment.id)).all()
    assert counts == [1, 0]
    assert recount() == 0


def test_old_html_is_rendered_anew_and_the_page_told(cast: Cast, noon: datetime) -> None:
    ref = publish(cast, "owner", text="**粗**")
    say(cast, "member", ref.public_id, text="*斜*")
    right = db.session.scalars(sa.select(Topic.html)).one()
    with unit_of_work() as session:
        for table in (Topic, Comment):
            session.execute(sa.update(table).values(html="old", render_version=0))
    rev = db.session.scalars(sa.select(Topic.rev)).one()
    assert render_again() == 2
    topic = db.session.scalars(sa.select(Topic).execution_options(populate_existing=True)).one()
    assert (topic.html, topic.render_version) == (right, RENDERER_VERSION)
    assert topic.rev > rev
    assert "<em>斜</em>" in db.session.scalars(sa.select(Comment.html)).one()
    assert render_again() == 0
    assert render_again(below=RENDERER_VERSION + 1) == 2


def test_the_commands_say_what_they_did(cast: Cast, noon: datetime) -> None:
    publish(cast, "owner")
    runner = cast.app.test_cli_runner()
    assert runner.invoke(args=["rebuild", "texts"]).output == "0 texts rendered\n"
    assert runner.invoke(args=["rebuild", "texts", "--all"]).output == "1 texts rendered\n"
    assert runner.invoke(args=["rebuild", "counts"]).output == "0 counts mended\n"


def test_what_could_not_be_formatted_is_repaired_later(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(text._sandbox, "ask", _too_busy)
        ref = publish(cast, "owner", text="**粗**")
        say(cast, "member", ref.public_id, text="*斜*")
        basics = {"name": "轨道", "intro": "**介绍**", "category": "other", "language": "zh_Hans",
                  "accent": "jade"}  # fmt: skip
        assert cast.client("owner").post("/p/orbit/settings", data=basics).status_code == 303
        assert "未能排版" in cast.client("member").get(f"/p/orbit/t/{ref.public_id}").text
        assert (repair_texts(), repair_pages()) == (0, 0)
    tried = db.session.scalars(sa.select(Topic.render_version)).one()
    db.session.rollback()
    assert tried == -1
    assert (repair_texts(), repair_pages()) == (2, 1)
    page = cast.client("member").get(f"/p/orbit/t/{ref.public_id}").text
    assert "<strong>粗</strong>" in page and "<em>斜</em>" in page and "未能排版" not in page
    assert (repair_texts(), repair_pages()) == (0, 0)


def test_a_text_that_always_fails_is_left_alone_after_a_day(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(request: dict[str, Any]) -> str:
        asked.append(request["source"])
        raise RenderFailed("child died: -27")

    monkeypatch.setattr(text._sandbox, "ask", ask)
    monkeypatch.setattr(rebuilding, "TRIES", 3)
    publish(cast, "owner", text="毒")
    for _number in range(6):
        repair_texts()
    assert len(asked) == 1 + 3


def _too_busy(_request: dict[str, Any]) -> str:
    raise RenderFailed("time")
