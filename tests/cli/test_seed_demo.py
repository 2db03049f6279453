"""The demo: planted whole on both engines, only into an empty installation."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from app.billing.models import Plan
from app.cli.demo.cast import CAST, PASSWORD
from app.discussion.models import Answer, Comment, Question, Topic
from app.kernel.db import db


def test_the_demo_is_planted_once(app: Flask) -> None:
    runner = app.test_cli_runner()
    first = runner.invoke(args=["seed-demo", "--if-empty"])
    assert first.exit_code == 0, first.output
    assert PASSWORD in first.output
    assert runner.invoke(args=["seed-demo", "--if-empty"]).exit_code == 0
    refused = runner.invoke(args=["seed-demo"])
    assert refused.exit_code != 0
    assert "empty" in refused.output
    db.session.rollback()
    states = db.session.execute(
        sa.select(
            sa.func.count(Question.answered_at),
            sa.func.count(Question.declined_at),
            sa.func.count(Question.withdrawn_at),
            sa.func.count(Question.accepted_at),
        )
    ).one()
    assert all(count > 0 for count in states)
    assert db.session.scalar(sa.select(sa.func.max(Comment.depth))) >= 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Answer)) >= 6
    drawn = db.session.scalars(sa.select(Topic.render_version)).all()
    assert 0 not in drawn
    assert len(CAST) == 14
    sold = sa.select(sa.func.count()).select_from(Plan).where(Plan.state == "on_sale")
    assert db.session.scalar(sold) == 2
