"""Codes for staff: batches with what is used and left, made, downloaded once, revoked."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext

from app.billing.actions.codes import (
    DAYS_MAX,
    MONTHS_MAX,
    SIZE_MAX,
    USES_MAX,
    BatchWish,
    issue_codes,
    make_batch,
    repeat_codes,
    revoke_batch,
    revoke_code,
)
from app.billing.queries.codes import BatchView, list_batches, list_plan_choices
from app.blueprints.billing.code_words import STATE_NAMES, lasts_words, told
from app.blueprints.billing.door import bp
from app.blueprints.entrance import current_site, declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page, answer, read_last_day
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.policy import Action, Actor, can

# In the form one number stands beside its unit.
_FIELDS = {"days": "lasts", "months": "lasts"}


@bp.get("/p/<slug>/codes")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def codes(slug: str) -> Page:
    """List the planet's batches, and the form for another."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    return _page(actor, errors={})


@bp.post("/p/<slug>/codes")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def make_codes(slug: str) -> Page:
    """Write a batch down; its codes are made when they are downloaded."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    try:
        wish = _read_wish()
        with unit_of_work():
            make_batch(actor, wish=wish)
    except Invalid as error:
        return _page(actor, errors=told(error, **_FIELDS))
    flash(gettext("The batch is ready. Download its codes now: they are not kept."), "ok")
    return see_other("billing.codes", slug=slug)


@bp.post("/p/<slug>/codes/<public_id>/download")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def download_codes(slug: str, public_id: str) -> Page:
    """Answer with the codes as a CSV file. Only their hashes are kept, so it is this once; their maker
    may repeat it within an hour."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    found = _download(actor, public_id)
    if found is None:
        flash(
            gettext(
                "These codes were downloaded already. If the file is lost, revoke what is left of them "
                "and make another batch."
            ),
            "warn",
        )
        return see_other("billing.codes", slug=slug)
    answer = Response(_csv(planet.slug, found), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="codes-{public_id}.csv"'
    return answer


def _download(actor: Actor, batch_id: str) -> list[str] | None:
    """Return the codes of a batch, for the first time or once more; None when that is over."""
    for deed in (issue_codes, repeat_codes):
        with suppress(Conflict), unit_of_work():
            return deed(actor, batch_id=batch_id)
    return None


@bp.post("/p/<slug>/codes/<public_id>/revoke")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def revoke_codes(slug: str, public_id: str) -> Page:
    """Make what is left of a batch worthless."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    try:
        with unit_of_work():
            revoke_batch(actor, batch_id=public_id, reason=request.form.get("reason", ""))
    except Invalid as error:
        return _page(actor, errors=told(error, reason=f"reason-{public_id}"), tried=public_id)
    flash(gettext("Revoked: what is left of this batch is worthless now."), "ok")
    return see_other("billing.codes", slug=slug)


@bp.post("/p/<slug>/codes/revoke")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def revoke_one_code(slug: str) -> Page:
    """Make a single code worthless, e.g. one that was posted in public."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    try:
        with unit_of_work():
            revoke_code(
                actor,
                typed=request.form.get("code", ""),
                reason=request.form.get("reason", ""),
            )
    except Invalid as error:
        return _page(actor, errors=told(error))
    flash(gettext("Revoked: nobody can use this code any more."), "ok")
    return see_other("billing.codes", slug=slug)


def _page(actor: Actor, *, errors: dict[str, str], tried: str = "") -> Page:
    plans = [(plan.public_id, plan.name) for plan in list_plan_choices(actor)]
    return answer(
        "billing/codes.html",
        errors,
        batches=[_shape(actor, batch) for batch in list_batches(actor)],
        plans=[("", gettext("None: access only")), *plans] if plans else [],
        units=[("days", gettext("days")), ("months", gettext("months"))],
        limits={"size": SIZE_MAX, "uses": USES_MAX, "lasts": max(DAYS_MAX, MONTHS_MAX)},
        tried=tried,
        typed=request.form,
    )


def _shape(actor: Actor, batch: BatchView) -> dict[str, Any]:
    state = batch.state(actor.now)
    name, tone = STATE_NAMES[state]
    return {
        "row": batch,
        "state": state,
        "state_name": name,
        "tone": tone,
        "lasts": lasts_words(batch),
        "revocable": batch.revoked_at is None and not batch.gift,
    }


def _read_wish() -> BatchWish:
    unit = "months" if request.form.get("unit") == "months" else "days"
    return BatchWish(
        name=request.form.get("name", ""),
        size=request.form.get("size", 0, type=int),
        uses=request.form.get("uses", 0, type=int),
        prefix=request.form.get("prefix", ""),
        plan=request.form.get("plan", ""),
        ends_at=read_last_day("ends_at"),
        **{unit: request.form.get("lasts", 0, type=int)},
    )


def _csv(slug: str, found: list[str]) -> str:
    """Return a line for each code: itself, and a link that fills it in."""
    page = current_site().base_url + url_for("billing.redeem_code", slug=slug)
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["code", "link"])
    lines.writerows([code, f"{page}?code={code}"] for code in found)
    return out.getvalue()
