"""Kept sums: at every moment what counting everything anew gives, whatever was done to whom."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from app.billing.actions.funnel import purge_steps, record_steps
from app.billing.models import FunnelStep
from app.insights import KINDS, keep_tallies
from app.insights.members import KIND as MEMBERS
from app.insights.members import count_inside
from app.insights.models import Tally, TallyPart, TallySum
from app.insights.tallies import Kind, Part, read
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.facts import is_inside
from app.memberships.models import Membership
from app.planets.counted import TallyChange
from app.planets.queries import PlanetView
from tests.cast import Cast
from tests.insights.deeds import DEEDS

ROOT = Path(__file__).resolve().parents[2]
# Who writes members past the session, and why no sum is wrong by it.
PAST_THE_SESSION = {
    "app/cli/demo/plant.py": "dates a planet that it has only just made",
    "app/memberships/actions/invitations.py": "blanks what somebody wrote, of which nothing is counted",
}


def anew(kind: Kind, planet: PlanetView) -> Counter[str]:
    """Return the sums as they are counted where nothing is kept."""
    moment = planet.moment(clock.now())
    found: Counter[str] = Counter()
    for part in kind.measure(planet, kind.refs(planet.id, "", 10_000), moment).values():
        found.update(part.counts)
    return found


def disagreements(cast: Cast) -> Iterator[str]:
    planet, _owner = cast.entry("owner")
    for kind in KINDS:
        kept, fresh = read(kind, planet, clock.now()), anew(kind, planet)
        wrong = {key: (kept[key], fresh[key]) for key in kept | fresh if kept[key] != fresh[key]}
        if wrong:
            yield f"{kind.name}: (kept, counted anew) {wrong}"


@pytest.mark.parametrize("seed", range(6))
def test_kept_sums_are_what_counting_anew_gives(cast: Cast, seed: int) -> None:
    """Sixty random deeds on random days, the worker at work now and then."""
    dice = random.Random(seed)
    begin = clock.now()
    for day in range(60):
        with time_machine.travel(
            begin + timedelta(days=day, hours=dice.randint(0, 23)), tick=False
        ):
            with unit_of_work():
                dice.choice(DEEDS)(cast, dice)
            if dice.random() < 0.3:
                keep_tallies()
            assert not list(disagreements(cast)), f"day {day}"
            planet, _owner = cast.entry("owner")
            inside = is_inside(now=planet.moment(clock.now()), grace=planet.grace)
            rows = db.session.query(Membership).filter(inside, Membership.planet_id == planet.id)
            assert count_inside([planet.id], clock.now()) == {planet.id: rows.count()}
    keep_tallies()
    assert db.session.query(TallyChange).count() == 0
    assert not db.session.query(TallySum).filter(TallySum.amount == 0).count()


def test_a_kept_page_measures_nothing_that_did_not_change(cast: Cast) -> None:
    """What is kept is used: nobody but who changed is looked at."""
    keep_tallies()
    planet, _owner = cast.entry("owner")
    looked_at: list[str] = []

    def measure(planet: PlanetView, refs: Collection[str], moment: datetime) -> dict[str, Part]:
        looked_at.extend(refs)
        return MEMBERS.measure(planet, refs, moment)

    spied = Kind("members", MEMBERS.terms, MEMBERS.refs, measure)
    read(spied, planet, clock.now())
    assert looked_at == []
    cast.set_membership("other", expires_at=clock.now() + timedelta(days=3))
    read(spied, planet, clock.now())
    (member,) = db.session.query(Membership).filter_by(user_id=cast.users["other"])
    assert looked_at == [str(member.id)]


def test_reading_and_visiting_change_no_sum(cast: Cast) -> None:
    keep_tallies()
    cast.set_membership("member", read_through_at=clock.now(), visited_at=clock.now())
    assert db.session.query(TallyChange).count() == 0


def test_the_first_count_is_made_in_batches(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.insights.keeping.BATCH", 4)
    keep_tallies()
    assert not list(disagreements(cast))
    tallies = db.session.query(Tally).filter_by(planet_id=cast.planet_id).all()
    assert {tally.kind: tally.complete for tally in tallies} == dict.fromkeys(
        ("members", "visitors", "bookings"), True
    )
    people = db.session.query(Membership).filter_by(planet_id=cast.planet_id).count()
    parts = db.session.query(TallyPart).filter_by(planet_id=cast.planet_id, kind="members")
    assert parts.count() == people > 8


def test_forgotten_steps_leave_the_sums(cast: Cast) -> None:
    with unit_of_work():
        record_steps(["view"], planet_id=cast.planet_id, visitor="a", user_id=None)
    keep_tallies()
    with time_machine.travel(clock.now() + timedelta(days=401), tick=False):
        purge_steps()
        assert not list(disagreements(cast))
        keep_tallies()
    assert db.session.query(FunnelStep).count() == 0
    assert db.session.query(TallySum).filter_by(kind="visitors").count() == 0


def test_nobody_writes_what_is_counted_past_the_session() -> None:
    """`noting` sees what units of work flush, no statement for many rows."""
    rows = "Membership|Entitlement|Subscription|LedgerTransaction"
    past = re.compile(
        rf"\b(?:update|insert|delete)\(\s*(?:{rows})\b|\b(?:{rows})\.__table__\.(?:update|insert)"
    )
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if past.search(path.read_text())
    }
    assert found == set(PAST_THE_SESSION)
