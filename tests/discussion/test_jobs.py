"""Timed jobs of the discussion."""

from datetime import datetime, timedelta

import pytest

from app.discussion.actions import questions
from app.discussion.jobs import tell_overdue
from app.kernel import clock
from app.outbox.jobs import timetable
from tests.cast import Cast
from tests.discussion.threads import events, put_question


def test_all_overdue_questions_are_told_in_batches(
    noon: datetime, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "OVERDUE_BATCH", 2)
    for _ in range(5):
        put_question(cast, "member")
    assert tell_overdue() == 0
    with clock.fixed(noon + timedelta(days=4)):
        assert tell_overdue() == 5
        assert tell_overdue() == 0
    assert sum(name == "question_overdue" for name, _ids in events()) == 5


def test_the_worker_tells_overdue_questions_every_few_minutes(cast: Cast) -> None:
    (job,) = [job for job in timetable.jobs() if job.name == "tell_overdue"]
    assert job.every <= timedelta(minutes=10)
