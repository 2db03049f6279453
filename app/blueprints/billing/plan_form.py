"""The form of a plan: what was typed, as terms, and terms as the form shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from flask import request
from flask_babel import gettext

from app.billing.money import as_typed, get_currency, parse_amount
from app.billing.prices import Step
from app.billing.terms import STEPS_MAX, PlanWish, find_problems, prepare
from app.blueprints.memberships.door import last_day, read_last_day, reader_zone
from app.blueprints.planets.words import sentence
from app.kernel import clock
from app.kernel.errors import Invalid

_FIELDS = (
    "name",
    "description",
    "amount",
    "currency",
    "mode",
    "term",
    "term_count",
    "until_at",
    "compare_amount",
    "seat_limit",
    "trial_days",
    "trial_window_days",
)
_STEP_FIELDS = ("step_amount", "step_seats", "step_day")


@dataclass
class PlanForm:
    """A plan's form as it stands: texts by field, and a sentence for each field that is wrong."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> list[int]:
        """Return the numbers of the rows for steps: those filled in, and two more."""
        filled = [n for n in range(1, STEPS_MAX + 1) if any(self._row(n))]
        return list(range(1, min(STEPS_MAX, max([0, *filled]) + 2) + 1))

    @property
    def has_more(self) -> bool:
        """Whether anything stands in the part that is folded away, or is wrong there."""
        folded = ("description", "compare_amount", "seat_limit", "trial_days", "trial_window_days")
        used = any(self.values.get(name) not in ("", "0", None) for name in folded)
        return used or any(self._row(1)) or bool({*folded, "steps"} & set(self.errors))

    def _row(self, number: int) -> list[str]:
        return [self.values.get(f"{name}_{number}", "") for name in _STEP_FIELDS]


def blank(currency: str) -> PlanForm:
    """Return the form of a new plan: only its price is left to say."""
    return PlanForm(
        {
            **dict.fromkeys(_FIELDS, ""),
            "name": gettext("Yearly membership"),
            "currency": currency,
            "mode": "pass",
            "term": "year",
            "term_count": "1",
        }
    )


def form_of(wish: PlanWish) -> PlanForm:
    """Return terms as the form shows them."""
    code = wish.currency

    def money(amount: int) -> str:
        return as_typed(amount, code) if amount else ""

    values = {
        "name": wish.name,
        "description": wish.description,
        "amount": money(wish.amount),
        "currency": code,
        "mode": wish.mode,
        "term": wish.term,
        "term_count": str(wish.term_count),
        "until_at": last_day(wish.until_at),
        "compare_amount": money(wish.compare_amount),
        "seat_limit": str(wish.seat_limit or ""),
        "trial_days": str(wish.trial_days or ""),
        "trial_window_days": str(wish.trial_window_days or ""),
    }
    for number, step in enumerate(wish.steps, start=1):
        values[f"step_amount_{number}"] = money(step.amount)
        values[f"step_seats_{number}"] = str(step.after_seats or "")
        values[f"step_day_{number}"] = first_day(step.from_at)
    return PlanForm(values)


def first_day(moment: datetime | None) -> str:
    """Return a beginning as the day a form shows; "" for none."""
    return moment.astimezone(reader_zone()).date().isoformat() if moment else ""


def read_first_day(name: str) -> datetime | None:
    """Return the beginning of a typed day in the reader's zone, as aware UTC; None when empty."""
    typed = request.form.get(name, "").strip()
    if not typed:
        return None
    try:
        begins = datetime.combine(date.fromisoformat(typed), time(), tzinfo=reader_zone())
        return begins.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(name, "unreadable") from None


class Reader:
    """Reads fields one by one and keeps what is wrong with them."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self.typed = typed
        self.errors: dict[str, str] = {}

    def refuse(self, problem: Invalid, *, field: str = "") -> None:
        """Keep the first problem of a field."""
        self.errors.setdefault(field or problem.field, sentence(problem))

    def number(self, name: str, *, empty: int = 0) -> int:
        """Return a whole number; -1 for what is none, which is out of every bound."""
        digits = self.typed.get(name, "").strip()
        if not digits:
            return empty
        return int(digits) if digits.isdecimal() and len(digits) < 9 else -1

    def money(self, name: str, code: str, *, field: str = "") -> int:
        """Return an amount, 0 when nothing was typed."""
        try:
            return parse_amount(self.typed.get(name, ""), code, field=name)
        except Invalid as problem:
            if problem.code != "required":
                self.refuse(problem, field=field)
            return 0

    def last_day(self, name: str) -> datetime | None:
        """Return the end of a typed day."""
        try:
            return read_last_day(name)
        except Invalid as problem:
            self.refuse(problem)
            return None

    def first_day(self, name: str, *, field: str = "") -> datetime | None:
        """Return the beginning of a typed day."""
        try:
            return read_first_day(name)
        except Invalid as problem:
            self.refuse(problem, field=field)
            return None


def read_plan() -> tuple[PlanWish | None, PlanForm]:
    """Return the terms that were typed, None when something is wrong, and the form to show again."""
    reader = Reader(request.form)
    values = {name: value for name, value in request.form.items() if name != "csrf_token"}
    form = PlanForm({**dict.fromkeys(_FIELDS, ""), **values}, reader.errors)
    code = request.form.get("currency", "")
    try:
        get_currency(code)
    except Invalid as problem:
        reader.refuse(problem)
        return None, form
    wish = _wish(reader, code)
    if not request.form.get("amount", "").strip():
        reader.refuse(Invalid("amount", "required"))
    for found in find_problems(wish, clock.now()):
        # What could not be read at all is said already.
        reader.refuse(found)
    return (None if reader.errors else prepare(wish, clock.now())), form


def _wish(reader: Reader, code: str) -> PlanWish:
    typed = reader.typed
    return PlanWish(
        name=typed.get("name", "").strip(),
        description=typed.get("description", "").strip(),
        amount=reader.money("amount", code),
        currency=code,
        mode=typed.get("mode", "pass"),
        term=typed.get("term", ""),
        term_count=reader.number("term_count", empty=1),
        until_at=reader.last_day("until_at") if typed.get("term") == "until" else None,
        compare_amount=reader.money("compare_amount", code),
        seat_limit=reader.number("seat_limit") if typed.get("seat_limit", "").strip() else None,
        trial_days=reader.number("trial_days"),
        trial_window_days=reader.number("trial_window_days"),
        steps=tuple(_steps(reader, code)),
    )


def _steps(reader: Reader, code: str) -> list[Step]:
    found = []
    for number in range(1, STEPS_MAX + 1):
        if not any(reader.typed.get(f"{name}_{number}", "").strip() for name in _STEP_FIELDS):
            continue
        seats = f"step_seats_{number}"
        found.append(
            Step(
                amount=reader.money(f"step_amount_{number}", code, field="steps"),
                after_seats=reader.number(seats) if reader.typed.get(seats, "").strip() else None,
                from_at=reader.first_day(f"step_day_{number}", field="steps"),
            )
        )
    return sorted(found, key=lambda step: step.amount)
