"""Planting the demo: the script is played through the real actions, at the moments it names."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.actions.sign_up import Newcomer, add_person
from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.billing.actions.coupons import CouponWish, create_coupon
from app.billing.actions.plans import create_plan, put_on_sale
from app.billing.terms import PlanWish
from app.cli.demo import chinese, english, unfinished
from app.cli.demo.cast import CAST, ENDS, PASSWORD, email_of
from app.cli.demo.play import Play, act_as
from app.cli.demo.script import PlanetScript
from app.discussion.actions.tags import find_or_make_tag
from app.discussion.models import Series
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.media.actions import Upload, store_picture
from app.media.storage import Storage
from app.memberships.actions.founding import found_planet
from app.memberships.actions.granting import start_membership
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Period
from app.planets import actions as planets
from app.planets.basics import RULES_PREFIX, Basics, prepare, render_page
from app.planets.models import Planet
from app.policy import Actor, PlanetRole

IMAGES = Path(__file__).parent / "images"
FOUNDED = timedelta(days=150)
PLANS = (
    PlanWish("A year", 9_900, "USD", "year", description="Everything, and questions answered."),
    PlanWish("Month by month", 1_200, "USD", "month", mode="subscription"),
)


def plant_demo(storage: Storage) -> list[str]:
    """Write the cast and both planets; returns the planets' slugs. Takes a few seconds. Broken off, it leaves
    a mark (`unfinished`)."""
    moment = clock.now()
    with unfinished.marked():
        people = _people(moment)
        for script in (chinese.PLANET, english.PLANET):
            _plant(script, people, storage, moment)
        _sell(english.PLANET.slug, people["owner"], moment)
    return [chinese.PLANET.slug, english.PLANET.slug]


def _sell(slug: str, owner_id: int, moment: datetime) -> None:
    """Put two plans of a planet on sale, with a coupon for both: of a subscription for its first payment."""
    planet_id = db.session.scalars(select(Planet.id).where(Planet.slug == slug)).one()
    _planet, owner = act_as(owner_id, planet_id)
    with unit_of_work():
        for wish in PLANS:
            plan = create_plan(owner, wish=wish)
            put_on_sale(owner, public_id=plan.public_id)
        ends = moment + timedelta(days=60)
        create_coupon(owner, wish=CouponWish("WELCOME", percent=20, duration="once", ends_at=ends))


def is_inhabited() -> bool:
    """Whether anybody has an account: then the installation is in use and is left alone."""
    return db.session.scalar(select(User.id).limit(1)) is not None


def _people(moment: datetime) -> dict[str, int]:
    """Write the cast's accounts, 160 days old; the owner administers the site."""
    secret = hash_password(PASSWORD)
    people = {}
    with clock.fixed(moment - FOUNDED - timedelta(days=10)), unit_of_work() as session:
        for persona, person in CAST.items():
            wish = Newcomer(name=person.name, email=email_of(persona), password_hash=secret)
            people[persona] = add_person(wish, site_admin=persona == "owner")
            session.execute(update(User).where(User.id == people[persona]).values(bio=person.bio))
    return people


def _plant(
    script: PlanetScript, people: dict[str, int], storage: Storage, moment: datetime
) -> None:
    planet_id = _found(script, people["owner"], storage, moment)
    _admit(planet_id, people, moment)
    _name(script, planet_id, people, moment)
    play = Play(planet_id=planet_id, people=people, storage=storage, now=moment, images=IMAGES)
    play.series = _columns(script, planet_id, moment)
    _tags(script, planet_id)
    for post in sorted(script.posts, key=lambda item: -item.days_ago):
        play.post(post)
    for ask in sorted(script.questions, key=lambda item: -item.days_ago):
        play.ask(ask)
    _settle(planet_id, people, moment)


def _found(script: PlanetScript, owner_id: int, storage: Storage, moment: datetime) -> int:
    basics = prepare(
        Basics(
            name=script.name,
            tagline=script.tagline,
            intro=script.intro,
            category=script.category,
            language=script.language,
            accent=script.accent,
        )
    )
    rules = render_page(script.rules, id_prefix=RULES_PREFIX)
    with clock.fixed(moment - FOUNDED):
        founder = Actor(now=clock.now(), user_id=owner_id, confirmed=True, site_admin=True)
        with unit_of_work() as session:
            planet = found_planet(founder, slug=script.slug, basics=basics)
            planet.listed = True
            planet.joining, planet.join_question = script.joining, script.join_question
            session.flush()
            planet_id = planet.id
        _planet, owner = act_as(owner_id, planet_id)
        with unit_of_work():
            planets.publish_rules(
                owner, planet_id=planet_id, source=script.rules, html=rules, based_on=0
            )
        looks = {
            "avatar": _picture(owner, storage, "avatar", script.avatar),
            "cover": _picture(owner, storage, "cover", script.cover),
        }
        with unit_of_work() as session:
            session.execute(update(Planet).where(Planet.id == planet_id).values(**looks))
    return planet_id


def _picture(owner: Actor, storage: Storage, purpose: str, name: str) -> str:
    upload = Upload(filename=name, stream=io.BytesIO((IMAGES / name).read_bytes()))
    planet_id = owner.planet.id if owner.planet else None
    return store_picture(
        owner, storage=storage, upload=upload, purpose=purpose, planet_id=planet_id
    )


def _admit(planet_id: int, people: dict[str, int], moment: datetime) -> None:
    """Let the cast in, a day apart; the applicant only asks, see `_settle`."""
    for days, (persona, person) in enumerate(CAST.items()):
        if persona in ("owner", "pending") or person.role is None:
            continue
        with clock.fixed(moment - FOUNDED + timedelta(days=days)), unit_of_work():
            start_membership(
                None,
                planet_id=planet_id,
                user_id=people[persona],
                source="open" if person.role is PlanetRole.MEMBER else "invitation",
                source_ref=f"demo-{planet_id}-{persona}",
                period=Period(clock.now()),
                role=person.role,
            )


def _name(script: PlanetScript, planet_id: int, people: dict[str, int], moment: datetime) -> None:
    """Give nicknames where the planet speaks another language; everybody accepted the rules."""
    here = update(Membership).where(Membership.planet_id == planet_id)
    with unit_of_work() as session:
        for persona, nickname in script.nicknames.items():
            session.execute(
                here.where(Membership.user_id == people[persona]).values(
                    nickname=nickname, name_key=nickname.casefold()
                )
            )
        session.execute(here.values(rules_version=1, rules_accepted_at=moment - FOUNDED))


def _columns(script: PlanetScript, planet_id: int, moment: datetime) -> dict[str, str]:
    """Write the columns; returns title -> public id."""
    made = [
        Series(
            planet_id=planet_id,
            title=column.title,
            intro=column.intro,
            position=position,
            created_at=moment - FOUNDED,
        )
        for position, column in enumerate(script.columns)
    ]
    with unit_of_work() as session:
        session.add_all(made)
    return {series.title: series.public_id for series in made}


def _tags(script: PlanetScript, planet_id: int) -> None:
    """Make the tags first: guests use them, staff invent them."""
    with unit_of_work():
        for post in script.posts:
            for name in post.tags:
                find_or_make_tag(planet_id, name)


def _end(session: Session, planet_id: int, user_id: int, at: datetime) -> None:
    """Let what somebody was granted end at a moment."""
    his = select(Membership.id).where(
        Membership.planet_id == planet_id, Membership.user_id == user_id
    )
    session.execute(
        update(Entitlement)
        .where(Entitlement.membership_id.in_(his))
        .values(cut_at=at, cut_decided_at=at, until_at=at)
        .execution_options(synchronize_session=False)
    )


def _settle(planet_id: int, people: dict[str, int], moment: datetime) -> None:
    """Bring everybody into his standing of today; until here all could write."""
    states: dict[str, dict[str, object]] = {
        "left": {"left_at": moment - timedelta(days=20)},
        "removed": {"removed_at": moment - timedelta(days=8), "removed_reason": "advertising"},
        "isolated": {"isolated_at": moment - timedelta(days=6)},
        "muted": {"muted_until": moment + timedelta(days=5)},
    }
    for persona, after in ENDS.items():
        states.setdefault(persona, {})["expires_at"] = moment + after
    here = update(Membership).where(Membership.planet_id == planet_id)
    with unit_of_work() as session:
        for persona, columns in states.items():
            session.execute(here.where(Membership.user_id == people[persona]).values(**columns))
        for persona, after in ENDS.items():
            _end(session, planet_id, people[persona], moment + after)
        session.execute(here.values(read_through_at=moment - timedelta(days=4)))
        session.add(
            Membership(
                planet_id=planet_id,
                user_id=people["pending"],
                requested_at=moment - timedelta(days=1),
                request_answer="想把去年没读完的书读完。",
                read_through_at=moment,
            )
        )
