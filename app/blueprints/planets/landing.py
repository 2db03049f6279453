"""A planet's first page: what everybody may know of it, and the way in that is open to him."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext
from markupsafe import Markup

from app.blueprints import funnel
from app.blueprints.discussion.present import Shape, card_shape
from app.blueprints.entrance import declares, enter_planet
from app.blueprints.kept import counted
from app.blueprints.offers import Offer, offers_for
from app.blueprints.page import media_url
from app.blueprints.planets.discover import heads_in
from app.blueprints.planets.door import bp
from app.blueprints.planets.words import CATEGORY_NAMES
from app.discussion.queries.cards import load_cards
from app.discussion.queries.people import has_readable_words
from app.discussion.queries.samples import count_activity, find_newest, list_samples
from app.kernel.text import without_anchors
from app.memberships.queries import (
    OwnMembership,
    Person,
    find_own,
    find_owner,
    has_bought_time,
)
from app.planets.basics import may_lead_away
from app.planets.queries import Intro, PlanetView, get_intro
from app.policy import Action, Actor, Joining, Reason, Standing, can

ACTIVITY_DAYS = 30


@bp.get("/p/<slug>/about")
@declares("public")
def landing(slug: str) -> str:
    """Show what everybody may know of a planet."""
    return show_landing(*enter_planet(slug))


def show_landing(planet: PlanetView, actor: Actor) -> str:
    """Return the first page for whoever enters; also shown instead of a feed that is closed."""
    funnel.note(planet, actor, "view", begins=True)
    own = find_own(actor)
    intro = get_intro(planet.id)
    owner = find_owner(planet.id)
    members = heads_in([planet])[planet.id]
    return render_template(
        "planets/landing.html",
        cover=cover_shape(planet),
        intro=_intro(intro, actor, members),
        founded=intro.created_at,
        category=CATEGORY_NAMES.get(planet.category, ""),
        owner=_owner_shape(planet, actor, owner) if owner else None,
        bio=owner.bio if owner else "",
        stats=_stats(planet, actor, members),
        samples=_samples(planet, actor),
        own=own,
        returns=actor.standing is Standing.LEFT and has_bought_time(actor),
        door=door_state(actor, own),
        offers=_offers(planet, actor),
        may_buy=may_buy(planet, actor),
    )


def _intro(intro: Intro, actor: Actor, members: int) -> Markup:
    """Return the introduction; a planet that hardly anybody has joined leads outsiders nowhere."""
    leads = actor.inside or may_lead_away(founded=intro.created_at, members=members)
    html = intro.html if leads else without_anchors(intro.html)
    return Markup(html)  # noqa: S704 - made by kernel.text


def cover_shape(planet: PlanetView) -> Shape:
    """Return a planet as `planet_cover` takes it."""
    return {
        "name": planet.name,
        "tagline": planet.tagline,
        "accent": planet.accent or "indigo",
        "avatar_url": media_url(planet.avatar),
        "cover_url": media_url(planet.cover),
    }


def door_state(actor: Actor, own: OwnMembership | None) -> str:
    """Return which door the first page shows to this reader.

    inside, sign_in, confirm, removed, waiting (for a decision), invitation (the only way, and he
    has none), renew (his time is over), rejoin (he left), or join.
    """
    if actor.inside:
        return "inside"
    if actor.standing is Standing.REMOVED:
        return "removed"
    if own is not None and own.requested_at is not None:
        return "waiting"
    reason = can(actor, Action.PLANET_JOIN).reason
    closed = {
        Reason.SIGN_IN: "sign_in",
        Reason.CONFIRM_EMAIL: "confirm",
        Reason.INVITATION_ONLY: "invitation",
    }
    if reason is not None:
        return closed.get(reason, "removed")
    return {Standing.EXPIRED: "renew", Standing.LEFT: "rejoin"}.get(actor.standing, "join")


def may_buy(planet: PlanetView, actor: Actor) -> bool:
    """Whether the way in, or the way on, leads through the page where one buys.

    A visitor is shown it too: he signs in on the way. Who must be let in first is not.
    """
    if not planet.paid or planet.paused_at is not None:
        return False
    if actor.user_id is None:
        return planet.joining == Joining.OPEN
    return bool(can(actor, Action.PLAN_BUY))


def _offers(planet: PlanetView, actor: Actor) -> list[Offer]:
    """Return what is on sale, for whoever does not hold access for good already."""
    if not planet.paid or can(actor, Action.PLAN_BUY).reason is Reason.NEVER_ENDS:
        return []
    return offers_for(planet, actor)


def _owner_shape(planet: PlanetView, actor: Actor, owner: Person) -> Shape:
    """Return the owner for a byline; the name leads to his page where this reader can open it."""
    shown = bool(can(actor, Action.MEMBER_LIST)) or has_readable_words(actor, owner.user_id)
    url = url_for("memberships.person", slug=planet.slug, public_id=owner.membership_id)
    return {
        "name": owner.name,
        "url": url if shown else None,
        "avatar_url": media_url(owner.avatar, "thumb"),
        "role": owner.role,
        "anonymous": False,
    }


def _stats(planet: PlanetView, actor: Actor, members: int) -> list[tuple[int, Any]]:
    """Return members now, posts and answers of the last 30 days: counted now, never typed in."""
    since = actor.now - timedelta(days=ACTIVITY_DAYS)
    activity = counted(
        ("activity", planet.public_id, find_newest(planet.id)),
        lambda: count_activity(planet.id, since=since, now=actor.now),
    )
    return [
        (members, gettext("Members")),
        (activity.posts, gettext("Posts")),
        (activity.answers, gettext("Answers")),
    ]


def _samples(planet: PlanetView, actor: Actor) -> list[Shape]:
    entries = list_samples(actor)
    cards = load_cards([entry.id for entry in entries], actor.now)
    return [card_shape(planet.slug, cards[entry.id], entry) for entry in entries]
