"""Where our books and the provider's differed: what reconciliation changed."""

from __future__ import annotations

from flask import render_template

from app.billing.actions.reconcile import list_changes
from app.billing.queries.timeline import happening_of
from app.blueprints.billing.door import bp
from app.blueprints.billing.story_words import line_of
from app.blueprints.entrance import declares, enter_planet, require
from app.blueprints.memberships.door import Page
from app.memberships.rows import planet_of
from app.policy import Action, can


@bp.get("/p/<slug>/subscriptions/provider")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def provider_log(slug: str) -> Page:
    """List what reconciliation changed."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    return render_template(
        "billing/provider_log.html",
        changes=[
            {"order": order.public_id, "line": line_of(happening_of(order, change), {})}
            for order, change in list_changes(planet_of(actor))
        ],
    )
