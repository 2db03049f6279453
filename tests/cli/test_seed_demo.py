"""The demo: planted whole on both engines, only into an empty installation."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import click
import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import User
from app.billing.models import Coupon, Plan
from app.cli.demo.cast import CAST, PASSWORD
from app.cli.demo.plant import is_inhabited
from app.cli.demo.unfinished import is_unfinished
from app.discussion.models import Answer, Comment, Question, Topic
from app.kernel.db import db
from app.planets.models import Planet
from bin.tools.prepare import prepare
from tests.memberships.people import newcomer


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
    coupon = db.session.scalars(sa.select(Coupon)).one()
    # It holds for the plan that renews as well: nothing in the demo is refused.
    assert (coupon.code, coupon.duration, coupon.plan_id) == ("WELCOME", "once", None)


def _break_off(app: Flask, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Plant the demo, and press Ctrl-C at a place of it."""

    def stop(*_args: Any, **_values: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(click.Abort):
        patched.setattr(f"app.cli.demo.plant.{place}", stop)
        app.cli.commands["seed-demo"].main([], prog_name="seed-demo", standalone_mode=False)
    db.session.rollback()


@pytest.mark.parametrize("place", ["_plant", "_settle", "_sell"])
@pytest.mark.parametrize("demo", [True, False])
def test_a_demo_that_was_broken_off_does_not_stay_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch, place: str, demo: bool
) -> None:
    _break_off(app, monkeypatch, place)
    assert is_inhabited() and is_unfinished()
    # PostgreSQL empties tables only when nobody reads them any more, this test included.
    db.session.rollback()
    prepare(app, demo=demo)
    db.session.rollback()
    assert is_inhabited() is demo
    assert not is_unfinished()
    slugs = db.session.scalar(sa.select(sa.func.count(Planet.id)))
    assert slugs == (2 if demo else 0)


def test_somebody_who_came_since_keeps_what_there_is(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_off(app, monkeypatch, "_sell")
    newcomer(1)
    assert not is_unfinished()
    prepare(app, demo=True)
    assert db.session.scalar(sa.select(sa.func.count(User.id))) == len(CAST) + 1


def test_ctrl_c_ends_setting_up_without_a_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bin.tools.quietly", "tests.cli.waiting"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _said, complained = process.communicate(timeout=20)
    assert (process.returncode, complained) == (-signal.SIGINT, "")
