"""Coming in: numbers, names, rules, races, going and coming back; on both engines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from app.accounts.queries import find_viewer_by_id
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, Refused
from app.memberships import actions
from app.memberships.models import Entitlement, Membership, RulesAcceptance
from app.memberships.periods import Duration, Period
from app.memberships.queries import site_actor
from app.outbox.models import OutboxEvent
from app.planets.actions import publish_rules
from app.planets.basics import Basics
from app.planets.models import Planet
from app.policy import PlanetRole, Standing
from tests.cast import Cast
from tests.memberships.people import actor, newcomer, row


def at_once(cast: Cast, jobs: list[Callable[[], object]]) -> list[object]:
    """Run jobs in threads that start together; an exception is a result."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        with cast.app.app_context():
            start.wait()
            try:
                return job()
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def join(user_id: int, cast: Cast, nickname: str = "", rules: int = 0) -> int:
    person = actor(user_id, cast)
    with unit_of_work():
        return actions.join(person, nickname=nickname, rules_version=rules).id


def test_joining_an_open_planet(cast: Cast, noon: object) -> None:
    user_id = newcomer(1)
    before = db.session.scalar(sa.select(Planet.next_number))
    membership_id = join(user_id, cast)
    member = db.session.get_one(Membership, membership_id)
    assert (member.role, member.number, member.expires_at) == ("member", before, None)
    assert member.read_through_at == clock.now()
    assert actor(user_id, cast).standing is Standing.ACTIVE
    events = db.session.scalars(sa.select(OutboxEvent.name)).all()
    assert events == ["memberships.started"]


def test_numbers_of_parallel_joins_are_unique_and_without_gaps(cast: Cast) -> None:
    people = [newcomer(n) for n in range(12)]
    first = db.session.scalar(sa.select(Planet.next_number))
    assert first is not None
    db.session.remove()
    results = at_once(cast, [lambda u=u: join(u, cast) for u in people])  # type: ignore[misc]
    assert not [r for r in results if isinstance(r, Exception)]
    numbers = db.session.scalars(
        sa.select(Membership.number).where(Membership.user_id.in_(people))
    ).all()
    assert sorted(numbers) == list(range(first, first + 12))


def test_a_double_join_is_one_membership(cast: Cast) -> None:
    user_id = newcomer(1)
    db.session.remove()
    results = at_once(cast, [lambda: join(user_id, cast)] * 6)
    ids = {r for r in results if isinstance(r, int)}
    assert len(ids) == 1
    others = [r for r in results if isinstance(r, Exception)]
    assert all(isinstance(e, Refused) and e.reason == "already_member" for e in others)
    periods = sa.select(sa.func.count()).where(Entitlement.membership_id.in_(ids))
    assert db.session.scalar(periods) == 1


def test_the_same_cause_twice_is_one_period(cast: Cast) -> None:
    user_id, other = newcomer(1), newcomer(2)

    def grant(person: int = user_id) -> None:
        with unit_of_work():
            actions.start_membership(
                None,
                planet_id=cast.planet_id,
                user_id=person,
                source="order",
                source_ref="o-1",
                period=Duration(months=1),
            )

    db.session.remove()
    assert at_once(cast, [grant] * 5) == [None] * 5
    grant()
    caused = sa.select(sa.func.count()).where(Entitlement.source_ref == "o-1")
    assert db.session.scalar(caused) == 1
    with pytest.raises(Conflict):
        grant(other)


def test_namesakes_let_in_at_once_are_told_apart(cast: Cast) -> None:
    people = [newcomer(n, "同名") for n in range(6)]

    def grant(person: int) -> None:
        with unit_of_work():
            actions.start_membership(
                None,
                planet_id=cast.planet_id,
                user_id=person,
                source="order",
                source_ref=f"o-{person}",
                period=Duration(months=1),
            )

    db.session.remove()
    assert at_once(cast, [lambda p=p: grant(p) for p in people]) == [None] * 6  # type: ignore[misc]
    rows = db.session.scalars(
        sa.select(Membership).where(Membership.user_id.in_(people)).order_by(Membership.number)
    ).all()
    assert [row.nickname for row in rows] == ["", *(f"同名 {row.number}" for row in rows[1:])]
    assert len({row.name_key for row in rows}) == 6


def test_a_duration_is_counted_from_the_end_of_what_is_left(cast: Cast, noon: object) -> None:
    user_id = newcomer(1)
    for ref in ("o-1", "o-2"):
        with unit_of_work():
            member = actions.start_membership(
                None,
                planet_id=cast.planet_id,
                user_id=user_id,
                source="order",
                source_ref=ref,
                period=Duration(months=1),
            )
    assert member.expires_at is not None
    assert member.expires_at.isoformat() == "2026-11-16T12:00:00+00:00"


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-11-30", 3, "2027-02-28"),
    ],
)
def test_months_end_where_the_month_ends(start: str, months: int, end: str) -> None:
    moment = clock.now().fromisoformat(f"{start}T08:00:00+00:00")
    assert Duration(months=months).after(moment, "UTC").isoformat() == f"{end}T08:00:00+00:00"


def test_endless_access_is_not_shortened_by_a_payment(cast: Cast) -> None:
    with unit_of_work():
        actions.start_membership(
            None,
            planet_id=cast.planet_id,
            user_id=cast.users["guest"],
            source="order",
            source_ref="o-1",
            period=Duration(days=30),
        )
    assert row(cast, "guest").expires_at is None
    assert row(cast, "guest").role == "guest"


def test_rejoining_keeps_number_and_row_but_no_old_role(cast: Cast) -> None:
    cast.set_membership("left", role="admin")
    before = (row(cast, "left").id, row(cast, "left").number)
    join(cast.users["left"], cast)
    after = row(cast, "left")
    assert (after.id, after.number, after.role) == (*before, "member")
    assert cast.actor("left").standing is Standing.ACTIVE


def test_an_expired_guest_who_joins_anew_is_a_member(cast: Cast) -> None:
    cast.set_membership("guest", expires_at=clock.now() - timedelta(days=1))
    join(cast.users["guest"], cast)
    assert row(cast, "guest").role == "member"
    assert row(cast, "guest").expires_at is None


def test_the_removed_stay_out_until_staff_readmit(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        join(cast.users["removed"], cast)
    assert refused.value.reason == "removed"
    with pytest.raises(Refused), unit_of_work():
        actions.start_membership(
            None,
            planet_id=cast.planet_id,
            user_id=cast.users["removed"],
            source="order",
            source_ref="o-1",
            period=Period(clock.now()),
        )
    admin = cast.actor("admin")
    with unit_of_work():
        actions.readmit(admin, member=row(cast, "removed"))
    assert cast.actor("removed").standing is Standing.ACTIVE


def test_leaving_and_the_last_owner(cast: Cast) -> None:
    member = cast.actor("member")
    with unit_of_work():
        actions.leave(member)
    assert cast.actor("member").standing is Standing.LEFT
    owner = cast.actor("owner")
    with pytest.raises(Refused) as refused, unit_of_work():
        actions.leave(owner)
    assert refused.value.reason == "last_owner"


def test_a_request_is_approved(cast: Cast) -> None:
    admin = cast.actor("admin")
    with unit_of_work():
        actions.approve(admin, member=row(cast, "pending"))
    assert cast.actor("pending").standing is Standing.ACTIVE
    assert row(cast, "pending").number == db.session.scalar(sa.select(Planet.next_number)) - 1
    with pytest.raises(Conflict), unit_of_work():
        actions.decline(admin, member=row(cast, "pending"), reason="")


def test_a_request_is_declined_with_a_reason_and_made_again(cast: Cast) -> None:
    cast.set_planet(joining="approval", join_question="Why?")
    admin = cast.actor("admin")
    with unit_of_work():
        actions.decline(admin, member=row(cast, "pending"), reason="says nothing")
    declined = row(cast, "pending")
    assert (declined.declined_reason, declined.name_key) == ("says nothing", None)
    person = cast.actor("pending")
    assert person.standing is Standing.VISITOR
    with pytest.raises(Invalid), unit_of_work():
        actions.request_to_join(person, answer="  ", nickname="", rules_version=0)
    with unit_of_work():
        actions.request_to_join(person, answer="to learn", nickname="", rules_version=0)
    assert cast.actor("pending").standing is Standing.PENDING
    waiting = cast.actor("pending")
    with unit_of_work():
        actions.withdraw_request(waiting)
    assert cast.actor("pending").standing is Standing.VISITOR


def test_an_expired_member_keeps_what_he_reads_while_his_request_waits(cast: Cast) -> None:
    cast.set_planet(joining="approval", join_question="Why?")
    person = cast.actor("expired")
    with unit_of_work():
        actions.request_to_join(person, answer="again", nickname="", rules_version=0)
    assert cast.actor("expired").standing is Standing.EXPIRED
    admin = cast.actor("admin")
    with unit_of_work():
        actions.approve(admin, member=row(cast, "expired"))
    assert cast.actor("expired").standing is Standing.ACTIVE


def test_an_open_door_does_not_serve_a_planet_that_closed_it(cast: Cast) -> None:
    person = cast.actor("stranger")
    cast.set_planet(joining="approval", join_question="Why?")
    with pytest.raises(Conflict), unit_of_work():
        actions.join(person, nickname="", rules_version=0)


@pytest.mark.parametrize("name", ["王小雨", "王 小雨"])
def test_a_taken_or_confusable_name_asks_for_a_nickname(cast: Cast, name: str) -> None:
    cast.set_membership("member", name_key="王小雨")
    user_id = newcomer(1, name=name)
    with pytest.raises(Invalid) as invalid:
        join(user_id, cast)
    assert (invalid.value.field, invalid.value.code) == ("nickname", "name_taken")
    with pytest.raises(Invalid) as invalid:
        join(user_id, cast, nickname="林悦")
    assert invalid.value.code == "nickname_taken"
    membership_id = join(user_id, cast, nickname="小雨二")
    assert db.session.get_one(Membership, membership_id).nickname == "小雨二"


def test_cyrillic_does_not_pass_for_latin(cast: Cast) -> None:
    join(newcomer(1, name="paypal"), cast)
    with pytest.raises(Invalid):
        join(newcomer(2, name="раураl"), cast)


def test_a_namesake_who_paid_gets_in_with_a_number(cast: Cast) -> None:
    user_id = newcomer(1, name="王小雨")
    with unit_of_work():
        member = actions.start_membership(
            None,
            planet_id=cast.planet_id,
            user_id=user_id,
            source="order",
            source_ref="o-1",
            period=Period(clock.now()),
        )
    assert member.nickname == f"王小雨 {member.number}"


def test_names_taken_in_one_moment_are_given_once(cast: Cast) -> None:
    people = [newcomer(n, name="同名") for n in range(5)]
    db.session.remove()
    results = at_once(cast, [lambda u=u: join(u, cast) for u in people])  # type: ignore[misc]
    assert sum(isinstance(r, int) for r in results) == 1
    assert all(isinstance(r, int | Invalid) for r in results)


def test_rules_are_accepted_when_joining(cast: Cast) -> None:
    owner = cast.actor("owner")
    with unit_of_work():
        publish_rules(owner, planet_id=cast.planet_id, source="Be kind", html="", based_on=0)
    user_id = newcomer(1)
    for version, code in ((0, "rules_needed"), (7, "rules_changed")):
        with pytest.raises(Invalid) as invalid:
            join(user_id, cast, rules=version)
        assert (invalid.value.field, invalid.value.code) == ("rules", code)
    membership_id = join(user_id, cast, rules=1)
    accepted = db.session.get_one(RulesAcceptance, (membership_id, 1))
    assert accepted.accepted_at is not None


def test_a_new_version_is_accepted_once(cast: Cast) -> None:
    owner, member = cast.actor("owner"), cast.actor("member")
    for based_on in (0, 1):
        with unit_of_work():
            publish_rules(
                owner, planet_id=cast.planet_id, source="Be kind", html="", based_on=based_on
            )
    with pytest.raises(Conflict), unit_of_work():
        publish_rules(owner, planet_id=cast.planet_id, source="x", html="", based_on=1)
    for _ in range(2):
        with unit_of_work():
            actions.accept_rules(member, version=2)
    assert row(cast, "member").rules_version == 2
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RulesAcceptance)) == 1


def test_a_changed_account_name_is_carried_on_or_kept_as_nickname(cast: Cast) -> None:
    cast.set_membership("member", name_key="王小雨")
    person = cast.actor("member")
    with unit_of_work() as session:
        session.execute(
            sa.update(Membership)
            .where(Membership.user_id == cast.users["owner"])
            .values(name_key="林悦")
        )
        user = row(cast, "member")
        session.execute(
            sa.text("UPDATE users SET name = '林悦' WHERE id = :id"), {"id": user.user_id}
        )
        actions.follow_name(person, former="王小雨")
    assert row(cast, "member").nickname == "王小雨"
    with unit_of_work() as session:
        cast_row = row(cast, "member")
        cast_row.nickname = ""
        session.execute(
            sa.text("UPDATE users SET name = '王大雨' WHERE id = :id"), {"id": cast_row.user_id}
        )
        actions.follow_name(person, former="林悦")
    assert (row(cast, "member").nickname, row(cast, "member").name_key) == ("", "王大雨")


def test_founding_makes_the_founder_owner(cast: Cast) -> None:
    founder = site_actor(find_viewer_by_id(cast.users["stranger"]), may_create=True)
    with unit_of_work():
        planet = actions.found_planet(founder, slug="new-orbit", basics=Basics(name="新"))
    member = db.session.query(Membership).filter_by(planet_id=planet.id).one()
    assert (member.role, member.number, member.user_id) == (
        PlanetRole.OWNER,
        1,
        cast.users["stranger"],
    )
    assert member.takes_questions
    db.session.refresh(planet)
    assert planet.next_number == 2
