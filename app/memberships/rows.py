"""Rows that acts on memberships change: found or made, locked, named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.accounts.names import clean_name, name_key
from app.accounts.reserved import check_free
from app.kernel import clock
from app.kernel.db import Base, db
from app.kernel.errors import Invalid, NotFound, Refused
from app.memberships.events import NameChanged
from app.memberships.facts import facts_of
from app.memberships.models import Membership
from app.outbox.events import put
from app.planets.models import Planet
from app.planets.zones import zone_of
from app.policy import Actor, MemberFacts, PlanetRole, Reason

# Planet and user.
Whose = tuple[int, int]
# Who speaks for the planet may be called so.
_STAFF = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN)


Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class PlanetTerms:
    """What acts on memberships must know of the planet."""

    planet_id: int
    name: str
    joining: str
    join_question: str
    rules_version: int
    paid: bool
    paused_at: datetime | None
    grace: timedelta
    zone: str

    def moment(self) -> datetime:
        """Return the moment by which access is judged: while the planet is paused no time passes."""
        return min(clock.now(), self.paused_at) if self.paused_at else clock.now()


def get_terms(planet_id: int) -> PlanetTerms:
    """Return the planet's terms as they are now. NotFound when it is gone."""
    row = db.session.execute(
        select(
            Planet.id,
            Planet.name,
            Planet.joining,
            Planet.join_question,
            Planet.rules_version,
            Planet.paid,
            Planet.paused_at,
            Planet.grace_days,
            Planet.timezone,
        ).where(Planet.id == planet_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return PlanetTerms(*row[:7], grace=timedelta(days=row[7]), zone=zone_of(row[8]))


def person_of(actor: Actor) -> int:
    """Return the actor's user id. Refused(sign_in) for a visitor."""
    if actor.user_id is None:
        raise Refused(Reason.SIGN_IN)
    return actor.user_id


def planet_of(actor: Actor) -> int:
    """Return the id of the planet the actor is in. NotFound outside any."""
    if actor.planet is None:
        raise NotFound
    return actor.planet.id


def find_row(planet_id: int, user_id: int) -> Membership | None:
    """Return a person's row in a planet, locked until the unit of work ends; None without one."""
    return db.session.scalar(
        select(Membership)
        .where(Membership.planet_id == planet_id, Membership.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def get_own_row(actor: Actor) -> Membership:
    """Return the actor's own row, locked. NotFound when he has none."""
    member = find_row(planet_of(actor), person_of(actor))
    if member is None:
        raise NotFound
    return member


def lock_here(kind: type[Row], actor: Actor, public_id: str, *also: ColumnElement[bool]) -> Row:
    """Return a row of the actor's planet by its public id, as it is now and locked until the unit of work
    ends. NotFound elsewhere, or where a further condition is not met."""
    columns = kind.__table__.c
    row = db.session.scalar(
        select(kind)
        .where(columns.public_id == public_id, columns.planet_id == planet_of(actor), *also)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(public_id)
    return row


def get_row(actor: Actor, public_id: str) -> Membership:
    """Return a membership of the actor's planet by its public id, locked. NotFound elsewhere."""
    return lock_here(Membership, actor, public_id)


def make_row(planet_id: int, user_id: int) -> Membership:
    """Return a person's row in a planet, locked, made when he had none."""
    return make_rows([(planet_id, user_id)])[planet_id, user_id]


def make_rows(whose: Collection[Whose]) -> dict[Whose, Membership]:
    """Return the rows of several people in their planets, locked, made where there were none.

    Two first joins in one moment meet at UNIQUE(planet_id, user_id): the slower one finds the
    faster one's row.
    """
    found = _find_rows(whose)
    moment = clock.now()
    added = [
        Membership(planet_id=planet_id, user_id=user_id, read_through_at=moment)
        for planet_id, user_id in dict.fromkeys(whose)
        if (planet_id, user_id) not in found
    ]
    if not added:
        return found
    try:
        with db.session.begin_nested():
            db.session.add_all(added)
    except IntegrityError:
        return make_rows(whose)
    return found | {(member.planet_id, member.user_id): member for member in added}


def _find_rows(whose: Collection[Whose]) -> dict[Whose, Membership]:
    """Return the rows that there are; locked one after the other, everywhere in the same order."""
    people: dict[int, set[int]] = defaultdict(set)
    for planet_id, user_id in whose:
        people[planet_id].add(user_id)
    found: dict[Whose, Membership] = {}
    for planet_id in sorted(people):
        rows = db.session.scalars(
            select(Membership)
            .where(Membership.planet_id == planet_id, Membership.user_id.in_(people[planet_id]))
            .order_by(Membership.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found |= {(planet_id, member.user_id): member for member in rows}
    return found


def give_numbers(members: Iterable[Membership]) -> None:
    """Give those who have none their number in the planet, never given before nor again."""
    waiting: dict[int, list[Membership]] = defaultdict(list)
    for member in members:
        if member.number is None:
            waiting[member.planet_id].append(member)
    for planet_id, some in waiting.items():
        first = _take_numbers(planet_id, len(some))
        for number, member in enumerate(some, start=first):
            member.number = number


def _take_numbers(planet_id: int, count: int) -> int:
    """Take so many of the planet's member numbers; returns the first."""
    taken = db.session.scalar(
        update(Planet)
        .where(Planet.id == planet_id)
        .values(next_number=Planet.next_number + count)
        .returning(Planet.next_number)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        raise NotFound
    return int(taken) - count


def claim_name(member: Membership, nickname: str) -> None:
    """Give a row its name in the planet: `nickname`, or the account's name when it is empty.

    Invalid("nickname", …) when the name is bad, or when somebody there has it or one like it.
    """
    own = db.session.scalar(select(User.name).where(User.id == member.user_id)) or ""
    nickname = clean_name(nickname, field="nickname") if nickname.strip() else ""
    if nickname == own:
        nickname = ""
    if nickname != member.nickname and member.role not in _STAFF:
        check_free(nickname, field="nickname")
    taken = Invalid("nickname", "nickname_taken" if nickname else "name_taken")
    key = name_key(nickname or own)
    if member.nickname != nickname and member.joined_at is not None:
        put(NameChanged(membership_id=member.id))
    if member.name_key == key:
        member.nickname = nickname
        return
    if _has_name(member, key):
        raise taken
    try:
        with db.session.begin_nested():
            member.nickname = nickname
            member.name_key = key
    except IntegrityError:
        raise taken from None


def claim_any_names(members: Iterable[Membership]) -> None:
    """Give nameless rows the names of their accounts, numbered where one is taken.

    For access that others grant (payment, approval): a namesake must not stand in its way. In a
    savepoint of the caller's: somebody else may take a name in the same moment.
    """
    nameless = [member for member in members if member.name_key is None]
    ids = {member.user_id for member in nameless}
    if not ids:
        return
    found = select(User.id, User.name).where(User.id.in_(ids))
    names = dict(db.session.execute(found).all())
    keys = {user_id: name_key(name) for user_id, name in names.items()}
    known = select(Membership.planet_id, Membership.name_key).where(
        Membership.planet_id.in_({member.planet_id for member in nameless}),
        Membership.name_key.in_(keys.values()),
    )
    taken = {(row.planet_id, row.name_key) for row in db.session.execute(known)}
    for member in nameless:
        key = keys[member.user_id]
        if (member.planet_id, key) in taken:
            claim_name(member, f"{names[member.user_id][:20]} {member.number}")
        else:
            member.nickname, member.name_key = "", key
        taken.add((member.planet_id, member.name_key))


def _has_name(member: Membership, key: str) -> bool:
    """Whether somebody else in the planet has the skeleton."""
    return bool(
        db.session.scalar(
            select(Membership.id).where(
                Membership.planet_id == member.planet_id,
                Membership.name_key == key,
                Membership.id != member.id,
            )
        )
    )


def count_owners(planet_id: int) -> int:
    """Return how many owners the planet has; locks their rows, so that none goes meanwhile."""
    rows = db.session.scalars(
        select(Membership.id)
        .where(
            Membership.planet_id == planet_id,
            Membership.role == PlanetRole.OWNER.value,
            Membership.left_at.is_(None),
            Membership.removed_at.is_(None),
        )
        .with_for_update()
    )
    return len(rows.all())


def read_facts(member: Membership) -> MemberFacts:
    """Return a row as the policy sees it, with whether it is the only owner's."""
    terms = get_terms(member.planet_id)
    alone = member.role == PlanetRole.OWNER.value and count_owners(member.planet_id) < 2
    return facts_of(member, now=terms.moment(), grace=terms.grace, only_owner=alone)
