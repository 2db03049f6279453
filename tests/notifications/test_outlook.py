"""The mail server is away: it is told within two minutes, and everything goes out with one command."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.blueprints import operations
from app.kernel import clock
from app.notifications import mailer
from app.notifications.mailer import Outgoing
from app.notifications.refusals import MailRefused
from app.outbox import actions
from app.outbox.delivery import deliver_due
from tests.cast import Cast
from tests.notifications.telling import put_question


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exception | None]]:
    """What the mail server answers: the last of these, None for taking the letter."""
    answers: list[Exception | None] = [ConnectionRefusedError("no route to smtp.secret.test")]

    def hand_over(_mail: Outgoing) -> None:
        if answers[-1] is not None:
            raise answers[-1]

    monkeypatch.setattr(mailer, "hand_over", hand_over)
    yield answers


def mail_is_ready(app: Flask) -> str:
    actions.beat("w1", "0.1.0")
    answer = app.test_client().get("/readyz?role=mail")
    return "" if answer.status_code == 200 else answer.text


def readings() -> dict[str, float]:
    return {each.name: each.value for each in operations._readings()}


def test_it_is_told_within_two_minutes_and_pushed_with_one_command(
    cast: Cast, noon: datetime, away: list[Exception | None]
) -> None:
    put_question(cast, "member")
    deliver_due()
    assert mail_is_ready(cast.app) == "", "one failure is a hiccup"
    for seconds in range(10, 91, 10):
        with clock.fixed(noon + timedelta(seconds=seconds)):
            deliver_due()
    with clock.fixed(noon + timedelta(seconds=90)):
        assert "1 letters could not be handed to the mail server" in mail_is_ready(cast.app)
        assert "secret.test" not in mail_is_ready(cast.app)
        assert cast.app.test_client().get("/readyz").status_code == 200, "visitors are served"
        held = readings()
        assert (held["mail_failing"], held["outbox_failing"]) == (1, 1)
        assert held["mail_oldest_unsent_seconds"] == 90
        told = cast.app.test_cli_runner().invoke(args=["doctor"]).output
        assert "fail  1 letters could not be handed to the mail server" in told
        away.append(None)
        assert deliver_due() == 0, "its next try is a minute away"
        pushed = cast.app.test_cli_runner().invoke(args=["outbox", "retry-all"]).output
        assert "1 letters are due now" in pushed
        deliver_due()
        assert mail_is_ready(cast.app) == ""
        assert readings()["mail_oldest_unsent_seconds"] == 0


def test_one_receivers_refusal_is_no_alarm(
    cast: Cast, noon: datetime, away: list[Exception | None]
) -> None:
    away.append(MailRefused(450, "4.2.1 greylisted, try later"))
    put_question(cast, "member")
    deliver_due()
    with clock.fixed(noon + timedelta(minutes=5)):
        assert mail_is_ready(cast.app) == ""
        assert readings()["mail_failing"] == 0
        assert readings()["mail_oldest_unsent_seconds"] == 300
