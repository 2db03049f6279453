"""The settings of a planet: their groups, what each may be, and how they hang together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.accounts.actions import offered_timezones
from app.kernel.errors import Invalid
from app.policy import Audience, ExpiredAccess, Joining

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """A whole number from `low` to `high`, both allowed."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text of at most `high` characters."""

    high: int


@dataclass(frozen=True, slots=True)
class Zone:
    """The IANA name of a time zone that is a place; "" is the installation's."""


Kind = Choice | Amount | Switch | Line | Zone

# Group -> column of Planet -> what it may be. The order is that of the pages. `private_messages` is
# in none: it is off everywhere until there are private messages to switch on. Nor are `paid`, which
# the first plan on sale sets, and `paused_at`, which is an act of its own.
GROUPS: dict[str, dict[str, Kind]] = {
    "joining": {
        "joining": Choice(tuple(Joining)),
        "join_question": Line(300),
        "listed": Switch(),
        "grace_days": Amount(0, 90),
    },
    "prices": {
        "refund_hours": Amount(0, 720),
        "renewal_days": Amount(0, 365),
        "renew_early_percent": Amount(50, 100),
        "renew_grace_percent": Amount(50, 100),
        "renew_late_percent": Amount(50, 100),
        "timezone": Zone(),
    },
    "posting": {
        "who_may_post": Choice(
            (Audience.PARTNERS, Audience.STAFF, Audience.GUESTS, Audience.MEMBERS)
        ),
        "who_may_comment": Choice((Audience.MEMBERS, Audience.STAFF, Audience.NOBODY)),
        "topic_max_chars": Amount(500, 50_000),
        "comment_max_chars": Amount(100, 5_000),
        "comment_edit_minutes": Amount(0, 1_440),
        "file_max_mib": Amount(1, 500),
    },
    "questions": {
        "questions_enabled": Switch(),
        "anonymous_questions": Switch(),
        "private_questions": Switch(),
        "question_queue_open": Switch(),
        "question_max_chars": Amount(100, 10_000),
        "question_quota_per_week": Amount(0, 100),
        "answer_due_hours": Amount(1, 720),
    },
    "privacy": {
        "directory_open": Switch(),
    },
    "protection": {
        "expired_access": Choice(tuple(ExpiredAccess)),
        "watermark": Switch(),
    },
}


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """One group of settings as sent: every column of the group has its value."""

    group: str
    values: Mapping[str, Value]


def find_problems(change: SettingsChange) -> list[Invalid]:
    """Return everything that is wrong with a group, in the order of the page."""
    found = []
    for column, kind in GROUPS[change.group].items():
        problem = _problem(column, kind, change.values[column])
        if problem is not None:
            found.append(problem)
    asks = change.values.get("joining") == Joining.APPROVAL
    if asks and not change.values["join_question"]:
        found.append(Invalid("join_question", "join_question_needed"))
    return found


def _problem(column: str, kind: Kind, value: Value) -> Invalid | None:
    if isinstance(kind, Choice) and value not in kind.values:
        return Invalid(column, "choice")
    if isinstance(kind, Zone) and value and value not in offered_timezones():
        return Invalid(column, "choice")
    if isinstance(kind, Line) and len(str(value)) > kind.high:
        return Invalid(column, "too_long", high=kind.high)
    if isinstance(kind, Amount) and not (isinstance(value, int) and kind.low <= value <= kind.high):
        return Invalid(column, "amount", low=kind.low, high=kind.high)
    return None
