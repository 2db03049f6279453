"""Invitations: staff write, resend and revoke them; the invited person takes one up."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, make_response, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.billing.actions import role_access
from app.billing.queries.running import RunningView, list_running
from app.blueprints.entrance import (
    current_site,
    current_viewer,
    declares,
    enter_planet,
    require,
    require_viewer,
    see_other,
    site_actor,
)
from app.blueprints.letter_room import told_limit, told_no_room
from app.blueprints.memberships.door import (
    ROLE_HELP,
    ROLE_NAMES,
    Page,
    answer,
    bp,
    count_name,
    read_last_day,
)
from app.blueprints.page import media_url
from app.blueprints.planets.words import errors_of
from app.kernel import limits
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, LimitReached, NotFound
from app.memberships import actions
from app.memberships.actions import Offer
from app.memberships.queries import (
    InvitationPage,
    get_invitation,
    get_invitation_row,
    list_open_invitations,
    lock_invitation,
)
from app.notifications.pace import find_refused
from app.notifications.strangers import NoRoom, note_asked, require_room
from app.planets.queries import find_rules
from app.policy import Action, Actor, MemberFacts, PlanetRole, Standing, can

# Letters a planet may send in a day: inviting is for people one knows.
PER_DAY = 100


@bp.get("/p/<slug>/invitations")
@declares(Action.MEMBER_INVITE)
def invitations(slug: str) -> Page:
    """List open invitations, and the form for another."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_INVITE))
    return _list(actor, errors={})


@bp.post("/p/<slug>/invitations")
@declares(Action.MEMBER_INVITE)
def invite(slug: str) -> Page:
    """Invite an address. The answer is the same whoever it belongs to."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_INVITE))
    try:
        offer = _read_offer()
        actions.check_offer(offer)
        _count_letter(planet.id, actor, offer.email)
        with unit_of_work():
            actions.invite(actor, offer=offer)
    except Invalid as error:
        return _list(actor, errors=errors_of([error]))
    except (NoRoom, LimitReached) as refusal:
        return _list(actor, errors={"email": _told(refusal)})
    flash(gettext("The invitation is on its way. Its link is good for 14 days."), "ok")
    return see_other("memberships.invitations", slug=slug)


@bp.post("/p/<slug>/invitations/<public_id>/revoke")
@declares(Action.MEMBER_INVITE)
def revoke(slug: str, public_id: str) -> Page:
    """Make an invitation's link worthless."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_INVITE))
    with unit_of_work():
        actions.revoke_invitation(actor, invitation=get_invitation_row(actor, public_id))
    flash(gettext("Revoked: the link no longer works."), "ok")
    return see_other("memberships.invitations", slug=slug)


@bp.post("/p/<slug>/invitations/<public_id>/resend")
@declares(Action.MEMBER_INVITE)
def resend(slug: str, public_id: str) -> Page:
    """Send the letter again with a fresh link."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_INVITE))
    email = get_invitation_row(actor, public_id).email
    try:
        _count_letter(planet.id, actor, email)
    except (NoRoom, LimitReached) as refusal:
        flash(_told(refusal), "warn")
        return see_other("memberships.invitations", slug=slug)
    with unit_of_work():
        actions.resend_invitation(actor, invitation=get_invitation_row(actor, public_id))
    flash(gettext("Sent again with a fresh link; that of the former e-mail no longer works."), "ok")
    return see_other("memberships.invitations", slug=slug)


@bp.post("/p/<slug>/invitations/<public_id>/link")
@declares(Action.MEMBER_INVITE)
def link(slug: str, public_id: str) -> Page:
    """Show a fresh link once, to be passed on by hand."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_INVITE))
    with unit_of_work():
        invitation = get_invitation_row(actor, public_id)
        secret = actions.copy_link(actor, invitation=invitation)
    address = current_site().base_url + url_for("memberships.invited", secret=secret)
    return _shielded(render_template("memberships/invitation_link.html", address=address), 200)


@bp.get("/invitations/<secret>")
@declares("public")
def invited(secret: str) -> Page:
    """Show an invitation to whoever holds its link; looking changes nothing."""
    try:
        found = get_invitation(secret)
    except NotFound:
        return _gone()
    return _invitation(secret, found, errors={})


@bp.post("/invitations/<secret>")
@declares(Action.ACCOUNT_USE)
def accept(secret: str) -> Page:
    """Take the invitation up as the signed-in person whose address it names."""
    viewer, actor = require_viewer(), site_actor()
    try:
        found = get_invitation(secret)
    except NotFound:
        return _gone()
    if viewer.email != found.email:
        return _invitation(secret, found, errors={})
    count_name(actor)
    try:
        with unit_of_work():
            invitation = lock_invitation(found.row_id)
            if invitation is None:
                return _gone()
            role_access.accept_invitation(
                actor,
                invitation=invitation,
                nickname=request.form.get("nickname", ""),
                rules_version=request.form.get("rules", 0, type=int),
            )
    except Invalid as error:
        return _invitation(secret, found, errors=errors_of([error]))
    flash(gettext("Welcome to %(planet)s.", planet=found.planet_name), "ok")
    return see_other("feed.home", slug=found.slug)


def _invitation(secret: str, found: InvitationPage, *, errors: dict[str, str]) -> Page:
    viewer = current_viewer()
    if viewer is None:
        state = "sign_in"
    elif viewer.email != found.email:
        state = "other"
    else:
        state = "open" if viewer.confirmed else "confirm"
    rules = find_rules(found.planet_id, found.rules_version) if found.rules_version else None
    html = render_template(
        "memberships/invitation.html",
        invitation=found,
        cover={
            "name": found.planet_name,
            "tagline": found.tagline,
            "accent": found.accent or "indigo",
            "avatar_url": media_url(found.avatar),
            "cover_url": media_url(found.cover),
        },
        role_name=ROLE_NAMES[found.role],
        role_help=ROLE_HELP[found.role],
        state=state,
        running=_running(found) if state == "open" else [],
        rules=rules,
        rules_html=Markup(rules.html) if rules else "",  # noqa: S704 - made by kernel.text
        wants_nickname="nickname" in errors,
        typed=request.form,
        errors=errors,
        address=url_for("memberships.invited", secret=secret),
    )
    return _shielded(html, 422 if errors else 200)


def _running(found: InvitationPage) -> list[RunningView]:
    """Return the reader's subscriptions here that end with the role they are invited to."""
    if found.role == PlanetRole.MEMBER:
        return []
    return list_running(require_viewer().user_id, found.planet_id)


def _gone() -> Page:
    return _shielded(render_template("memberships/invitation_gone.html"), 410)


def _shielded(html: str, status: int) -> Response:
    """Return a page whose address holds a secret: no other page learns it from the Referer."""
    response = make_response(html, status)
    response.headers["Referrer-Policy"] = "strict-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _list(actor: Actor, *, errors: dict[str, str]) -> Page:
    rows = list_open_invitations(actor)
    return answer(
        "memberships/invitations.html",
        errors,
        invitations=[
            {
                "row": row,
                "role_name": ROLE_NAMES[row.role],
                "late": row.is_late(actor.now),
                "mine_to_change": _is_below(actor, PlanetRole(row.role)),
            }
            for row in rows
        ],
        refused=find_refused([row.email for row in rows]),
        roles=[
            (role.value, ROLE_NAMES[role], ROLE_HELP[role])
            for role in PlanetRole
            if _is_below(actor, role)
        ],
        typed=request.form,
    )


def _is_below(actor: Actor, role: PlanetRole) -> bool:
    """Whether the actor may invite to a role, by what the policy says of somebody who has it."""
    return bool(can(actor, Action.MEMBER_MANAGE, MemberFacts(0, role, Standing.VISITOR)))


def _read_offer() -> Offer:
    try:
        role = PlanetRole(request.form.get("role", ""))
    except ValueError:
        raise Invalid("role", "choice") from None
    return Offer(
        email=request.form.get("email", ""),
        role=role,
        note=request.form.get("note", ""),
        ends_at=read_last_day("ends_at"),
    )


def _count_letter(planet_id: int, actor: Actor, email: str) -> None:
    """Count a letter against the day of planet, person and mailbox, in units of work of their own.
    NoRoom, LimitReached when one of them has had enough."""
    require_room(planet_id=planet_id, writer_id=actor.user_id, to=[email])
    with unit_of_work():
        limits.hit(f"invitations:{planet_id}", limit=PER_DAY, window=timedelta(days=1))
    note_asked(planet_id=planet_id, writer_id=actor.user_id, to=[email])


def _told(refusal: NoRoom | LimitReached) -> str:
    return told_no_room(refusal) if isinstance(refusal, NoRoom) else told_limit(refusal)
