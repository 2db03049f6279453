"""Where our books and the provider's differ: ends not confirmed, webhooks that failed, what was mended."""

from __future__ import annotations

from flask import flash, render_template, request
from flask_babel import gettext

from app.billing.actions.reconcile import list_changes
from app.billing.actions.webhooks import retry
from app.billing.queries.running import list_unconfirmed
from app.billing.queries.timeline import first_paid, happening_of
from app.billing.queries.webhooks import list_failed
from app.blueprints.billing.door import bp
from app.blueprints.billing.story_words import line_of
from app.blueprints.billing.webhook_words import about, advice
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page
from app.memberships.rows import planet_of
from app.policy import Action, can


@bp.get("/p/<slug>/subscriptions/provider")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def provider_log(slug: str) -> Page:
    """List ends that the provider has not confirmed, webhooks that failed, with a button to try again, and
    what reconciliation changed."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    changes = list_changes(planet_of(actor))
    paid = first_paid(order for order, _change in changes)
    return render_template(
        "billing/provider_log.html",
        ending=list_unconfirmed(actor),
        failed=[
            {"row": event, "about": about(event), "advice": advice(event)}
            for event in list_failed(actor)
        ],
        changes=[
            {"order": order.public_id, "line": line_of(happening_of(order, change, paid), {})}
            for order, change in changes
        ],
    )


@bp.post("/p/<slug>/subscriptions/provider")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def retry_webhook(slug: str) -> Page:
    """Handle a failed webhook (`ref`) once more."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    if retry(actor, ref=request.form.get("ref", "")):
        flash(gettext("Done: it went through now."), "ok")
    else:
        flash(gettext("It failed again. What to do is said below."), "error")
    return see_other("billing.provider_log", slug=slug)
