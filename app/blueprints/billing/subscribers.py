"""The list of members by what they hold: sought, sifted, chosen, as a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask_babel import get_timezone, lazy_gettext

from app.billing.actions.seeking import seek_by_address
from app.billing.queries.subscribers import (
    COUNT_TO,
    PAGE,
    SOURCES,
    Sieve,
    Subscriber,
    count_subscribers,
    each_subscriber,
    list_chosen,
    list_plan_names,
    list_subscribers,
)
from app.billing.queries.troubles import TROUBLES
from app.blueprints.billing.door import bp
from app.blueprints.billing.member_sheet import lines_of
from app.blueprints.billing.sheets import sheet
from app.blueprints.billing.story_words import GROUP_NAMES, source_name
from app.blueprints.entrance import declares, enter_planet, require
from app.blueprints.memberships.door import (
    STANDING_NAMES,
    Page,
    end_words,
    person_shape,
)
from app.kernel.db import unit_of_work
from app.memberships.actions.exporting import note_export
from app.policy import Action, Actor, Standing, can

# Of the standings, those by which staff look for members.
SOUGHT = (Standing.ACTIVE, Standing.GRACE, Standing.EXPIRED, Standing.LEFT, Standing.REMOVED)
TONES = {Standing.ACTIVE: "ok", Standing.GRACE: "warn", Standing.REMOVED: "error"}
AT_ONCE = 200
_FIELDS = ("name", "standing", "plan", "source", "trouble", "from", "to")
TROUBLE_NAMES = {
    "disputed": lazy_gettext("Payment disputed"),
    "past_due": lazy_gettext("Charge failed"),
    "ending": lazy_gettext("Subscription cancelled"),
    "refund_failed": lazy_gettext("Refund failed"),
}


@bp.get("/p/<slug>/subscriptions")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def subscriptions(slug: str) -> Page:
    """List members by what they hold; every field narrows it."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    sieve, kept = _read_sieve(actor)
    found, cursor = list_subscribers(actor, sieve=sieve, after=request.args.get("after", ""))
    paged = "after" in request.args
    whole = len(found) <= PAGE and not cursor and not paged
    plans = list_plan_names(actor)
    return render_template(
        "billing/subscribers.html",
        members=[_listed(slug, row, plans) for row in found],
        count=len(found) if whole else count_subscribers(actor, sieve=sieve),
        count_to=COUNT_TO,
        kept=kept,
        narrowed=bool(kept),
        standings=[(s.value, STANDING_NAMES[s]) for s in SOUGHT],
        plans=list(plans.items()),
        sources=[(key, GROUP_NAMES[key]) for key in SOURCES],
        troubles=[(key, TROUBLE_NAMES[key]) for key in TROUBLES],
        by_address=bool(can(actor, Action.INCOME_READ)),
        start=url_for("billing.subscriptions", slug=slug, **kept) if paged else None,
        older=url_for("billing.subscriptions", slug=slug, **kept, after=cursor) if cursor else None,
        everybody="all" in request.args,
        all_url=url_for(
            "billing.subscriptions", slug=slug, **kept, after=request.args.get("after"), all=1
        ),
    )


@bp.get("/p/<slug>/subscriptions/export")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def export_subscriptions(slug: str) -> Page:
    """Answer with the chosen members (`m`), else with all whom the fields leave, as a CSV file."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    chosen = request.args.getlist("m")[:AT_ONCE]
    sieve, _kept = _read_sieve(actor)
    rows = list_chosen(actor, chosen) if chosen else each_subscriber(actor, sieve=sieve)
    lines = list(lines_of(actor, rows, list_plan_names(actor)))
    with unit_of_work():
        # The first line names the columns.
        note_export(actor, "export.members", count=len(lines) - 1, chosen=bool(chosen))
    return sheet(f"members-{planet.slug}", lines)


def _read_sieve(actor: Actor) -> tuple[Sieve, dict[str, Any]]:
    """Return what the fields ask for, and those that are filled in. An address is sought for who may."""
    kept = {name: value for name in _FIELDS if (value := request.args.get(name, "").strip()[:254])}
    to = _day(kept.get("to", ""))
    name, person = kept.get("name", ""), None
    if "@" in name and can(actor, Action.INCOME_READ):
        with unit_of_work():
            name, person = "", seek_by_address(actor, name)
    sieve = Sieve(
        name=name,
        person=person,
        trouble=kept.get("trouble", ""),
        standing=kept.get("standing", ""),
        plan=kept.get("plan", ""),
        source=kept.get("source", ""),
        ends_from=_midnight(_day(kept.get("from", ""))),
        ends_before=_midnight(to + timedelta(days=1)) if to and to < date.max else None,
    )
    return sieve, kept


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _midnight(day: date | None) -> datetime | None:
    """Return the beginning of a day in the reader's zone."""
    if day is None:
        return None
    try:
        return datetime.combine(day, time(), tzinfo=get_timezone()).astimezone(UTC)
    except OverflowError:
        return None


def _listed(slug: str, row: Subscriber, plans: dict[str, str]) -> dict[str, Any]:
    return {
        "public_id": row.public_id,
        "person": person_shape(
            slug, name=row.name, avatar=row.avatar, role=row.role, member=row.public_id
        )
        | {"url": url_for("billing.subscriber", slug=slug, public_id=row.public_id)},
        "number": row.number,
        "standing": STANDING_NAMES[row.standing],
        "tone": TONES.get(row.standing, ""),
        "plan": plans.get(row.plan_ref, ""),
        "source": source_name(row.source) if row.source else "",
        "end": end_words(row.expires_at),
    }
