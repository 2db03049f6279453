"""The people of a planet: the list, requests, one member for staff, a person for everybody who may."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext, pgettext

from app.billing.queries.running import RunningView, list_running
from app.blueprints.discussion.present import card_shape
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import (
    ROLE_NAMES,
    STANDING_NAMES,
    Page,
    answer,
    bp,
    end_words,
    last_day,
    person_shape,
)
from app.blueprints.planets.words import errors_of
from app.discussion.queries.cards import load_cards
from app.discussion.queries.pages import Cursor, Cut, parse_cursor
from app.discussion.queries.people import has_readable_words, list_by_author
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.memberships import actions
from app.memberships.queries import (
    MemberFilter,
    MemberRow,
    find_person,
    get_member,
    get_row,
    list_members,
    list_requests,
)
from app.memberships.rows import planet_of
from app.planets.queries import PlanetView
from app.policy import Action, Actor, MemberFacts, PlanetRole, Standing, can

# Of the standings, those by which staff look for people.
SOUGHT = (
    Standing.ACTIVE,
    Standing.GRACE,
    Standing.EXPIRED,
    Standing.LEFT,
    Standing.REMOVED,
)
# Who can be asked, and so can have a price.
ANSWERS = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.GUEST)


@bp.get("/p/<slug>/members")
@declares(Action.MEMBER_LIST)
def members(slug: str) -> Page:
    """List members: for staff, and for everybody inside where the directory is open."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_LIST))
    narrowed = MemberFilter(
        role=request.args.get("role", ""),
        standing=request.args.get("standing", ""),
        name=request.args.get("name", "").strip()[:60],
    )
    found, cursor = list_members(actor, narrowed=narrowed, after=request.args.get("after", ""))
    kept = {
        name: value for name in ("role", "standing", "name") if (value := getattr(narrowed, name))
    }
    older = url_for("memberships.members", slug=slug, **kept, after=cursor) if cursor else None
    return render_template(
        "memberships/members.html",
        members=[_listed(planet, actor, row) for row in found],
        narrowed=narrowed,
        roles=[(role.value, ROLE_NAMES[role]) for role in PlanetRole],
        standings=[(s.value, STANDING_NAMES[s]) for s in SOUGHT],
        waiting=len(list_requests(actor)) if can(actor, Action.MEMBER_APPROVE) else 0,
        older=older,
        paged="after" in request.args,
    )


@bp.get("/p/<slug>/members/requests")
@declares(Action.MEMBER_APPROVE)
def requests(slug: str) -> Page:
    """List who waits to be let in."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    return _requests(planet, actor, errors={})


@bp.post("/p/<slug>/members/requests/<public_id>")
@declares(Action.MEMBER_APPROVE)
def decide(slug: str, public_id: str) -> Page:
    """Let a requester in, or decline (field `decline`) with a reason."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    declined = "decline" in request.form
    try:
        with unit_of_work():
            row = get_row(actor, public_id)
            if declined:
                actions.decline(actor, member=row, reason=request.form.get("reason", ""))
            else:
                actions.approve(actor, member=row)
    except Invalid as error:
        return _requests(planet, actor, errors=errors_of([error]), tried=public_id)
    flash(gettext("Declined.") if declined else gettext("Let in."), "ok")
    return see_other("memberships.requests", slug=slug)


@bp.get("/p/<slug>/members/<public_id>")
@declares(Action.MEMBER_APPROVE)
def member(slug: str, public_id: str) -> Page:
    """Show one member to staff, with what they may do about him."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    return show_member(planet, actor, public_id, errors={})


def show_member(
    planet: PlanetView, actor: Actor, public_id: str, *, errors: dict[str, str]
) -> Page:
    """Return a member's page for staff, also when a form on it was refused."""
    row = get_member(actor, public_id)
    standing, facts = row.standing(actor.now, planet.grace), row.facts(actor.now, planet.grace)
    inside = standing in (Standing.ACTIVE, Standing.GRACE, Standing.EXPIRED)
    return answer(
        "memberships/member.html",
        errors,
        member=row,
        person=_shape(planet.slug, row),
        standing=standing.value,
        standing_name=STANDING_NAMES[standing],
        role_name=ROLE_NAMES[row.role],
        last_day=last_day(row.expires_at),
        end=end_words(row.expires_at),
        muted=row.muted_until is not None and row.muted_until > actor.now,
        inside=inside,
        manageable=bool(can(actor, Action.MEMBER_MANAGE, facts)),
        roles=_givable(actor, facts) if inside else [],
        running=_running(actor, row),
        priced=inside and row.role in ANSWERS and bool(can(actor, Action.PLANS_EDIT)),
        staffed=row.role in (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN),
        typed=request.form,
    )


def _running(actor: Actor, row: MemberRow) -> list[RunningView]:
    """Return the subscriptions that end when a member is given another role."""
    if row.role != PlanetRole.MEMBER or not can(actor, Action.SUBSCRIPTIONS_MANAGE):
        return []
    return list_running(row.user_id, planet_of(actor))


@bp.get("/p/<slug>/people/<public_id>")
@declares(Action.TOPIC_READ)
def person(slug: str, public_id: str) -> Page:
    """Show a person to whoever may know of him: staff, an open directory, a reader of his words.

    To everybody else there is no such page, so that nobody can count or collect members.
    """
    planet, actor = enter_planet(slug)
    found = find_person(planet.id, public_id)
    if found is None:
        raise NotFound
    own = found.user_id == actor.user_id and actor.inside
    listed = bool(can(actor, Action.MEMBER_LIST)) and found.role != ""
    if not (own or actor.staff or listed or has_readable_words(actor, found.user_id)):
        raise NotFound
    page = list_by_author(actor, found.user_id, cut=_cut())
    cards = load_cards([entry.id for entry in page.items], actor.now)
    return render_template(
        "memberships/person.html",
        person=found,
        own=own,
        manage=url_for("memberships.member", slug=slug, public_id=found.membership_id)
        if can(actor, Action.MEMBER_APPROVE)
        else "",
        topics=[card_shape(slug, cards[entry.id], entry) for entry in page.items],
        newer=_page_url(slug, public_id, "after", page.newer),
        older=_page_url(slug, public_id, "before", page.older),
    )


def _cut() -> Cut:
    return Cut(
        before=parse_cursor(request.args.get("before", "")),
        after=parse_cursor(request.args.get("after", "")),
    )


def _page_url(slug: str, public_id: str, direction: str, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    kept: dict[str, Any] = {direction: str(cursor)}
    return url_for("memberships.person", slug=slug, public_id=public_id, **kept)


def _shape(slug: str, row: MemberRow) -> dict[str, Any]:
    return person_shape(slug, name=row.name, avatar=row.avatar, role=row.role, member=row.public_id)


def _listed(planet: PlanetView, actor: Actor, row: MemberRow) -> dict[str, Any]:
    """Return a line of the list; standing, flags and the way to act are for staff alone."""
    shown: dict[str, Any] = {
        "person": _shape(planet.slug, row),
        "number": row.number,
        "role_name": ROLE_NAMES[row.role],
        "joined_at": row.joined_at,
        "standing": "",
        "tone": "",
        "flags": [],
        "manage": "",
    }
    if not actor.staff:
        return shown
    standing = row.standing(actor.now, planet.grace)
    muted = row.muted_until is not None and row.muted_until > actor.now
    flags = [pgettext("state", "muted")] if muted else []
    flags += [pgettext("state", "isolated")] if row.isolated_at else []
    tones = {Standing.ACTIVE: "ok", Standing.GRACE: "warn", Standing.REMOVED: "error"}
    return shown | {
        "standing": STANDING_NAMES[standing],
        "tone": tones.get(standing, ""),
        "flags": flags,
        "manage": url_for("memberships.member", slug=planet.slug, public_id=row.public_id),
    }


def _requests(planet: PlanetView, actor: Actor, *, errors: dict[str, str], tried: str = "") -> Page:
    found = list_requests(actor)
    return answer(
        "memberships/requests.html",
        errors,
        requests=[
            {
                "public_id": row.public_id,
                "person": _shape(planet.slug, row) | {"url": None, "role": ""},
                "requested_at": row.requested_at,
                "answer": row.request_answer,
                "returning": row.joined_at is not None,
            }
            for row in found
        ],
        tried=tried,
        typed=request.form,
    )


def _givable(actor: Actor, facts: MemberFacts) -> list[tuple[str, Any]]:
    """Return the roles the actor may give this member: what the policy allows, of each role."""
    if not can(actor, Action.ROLE_SET, facts):
        return []
    return [
        (role.value, ROLE_NAMES[role])
        for role in PlanetRole
        if can(actor, Action.ROLE_SET, MemberFacts(facts.user_id, role, facts.standing))
    ]
