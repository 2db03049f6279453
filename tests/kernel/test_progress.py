"""Long work tells of itself: each so often, at its end, and by signs of life."""

import time

import pytest

from app.kernel import progress
from app.kernel.progress import Course, following, signal, watched


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """What is logged, while seconds are short."""
    told: list[tuple[str, dict[str, object]]] = []

    class Log:
        def info(self, event: str, **facts: object) -> None:
            told.append((event, facts))

    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.1)
    monkeypatch.setattr(progress, "log", Log())
    return told


def test_long_work_is_told_with_how_far_it_is(lines: list[tuple[str, dict[str, object]]]) -> None:
    with following("rebuild texts"):
        signal(50, of=100)
        time.sleep(0.25)
        signal(100, of=100)
    assert [event for event, _facts in lines][-1] == "ended"
    event, facts = lines[0]
    assert (event, facts["what"], facts["done"], facts["total"]) == (
        "still at work",
        "rebuild texts",
        50,
        100,
    )
    assert lines[-1][1]["done"] == 100


def test_work_that_says_nothing_is_told_by_its_name(
    lines: list[tuple[str, dict[str, object]]],
) -> None:
    with pytest.raises(OSError), following("purge"):
        time.sleep(0.15)
        raise OSError("disk full")
    assert [(event, facts["what"]) for event, facts in lines] == [
        ("still at work", "purge"),
        ("ended", "purge"),
    ]


def test_quick_work_is_not_told(lines: list[tuple[str, dict[str, object]]]) -> None:
    with following("purge"):
        signal(1)
    assert lines == []


def test_a_sign_of_life_reaches_all_who_follow() -> None:
    course = Course("the job", signalled_at=0.0)
    with watched(course), following("its part"):
        signal(3, of=4)
    assert (course.done, course.total) == (3, 4)
    assert course.signalled_at > 0.0
    signal(9)
    assert course.done == 3, "nobody follows any more"
