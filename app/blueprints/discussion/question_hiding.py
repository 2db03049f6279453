"""The door of askers who withdraw a question, and of those who decide whether its words are hidden."""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext

from app.blueprints.discussion.done_already import lead_on
from app.blueprints.discussion.question_shapes import withdrawn_words
from app.blueprints.discussion.questions import Page, act_form, bp, form_page
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, see_other
from app.discussion.actions import questions as actions
from app.discussion.actions.withdrawing import decide_hiding, withdraw_answered
from app.discussion.queries.facts import get_topic
from app.discussion.queries.questions import find_hiding_request
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.policy import Action, Reason, can, deny


@bp.get("/p/<slug>/q/<public_id>/withdraw")
@declares(Action.QUESTION_WITHDRAW)
def withdraw(slug: str, public_id: str) -> Page:
    """Ask before a question is withdrawn, and say what stays."""
    return form_page(slug, public_id, Action.QUESTION_WITHDRAW, "question_withdraw")


@bp.post("/p/<slug>/q/<public_id>/withdraw")
@declares(Action.QUESTION_WITHDRAW)
def confirm_withdraw(slug: str, public_id: str) -> Page:
    """Withdraw a question; of an answered one only the asker's name goes at once."""
    _planet, actor = enter_planet(slug)
    hide = "hide" in request.form
    try:
        with unit_of_work():
            topic, facts = get_topic(actor, public_id)
            if facts.answered:
                withdraw_answered(
                    actor,
                    topic=topic,
                    facts=facts,
                    hide=hide,
                    reason=request.form.get("reason", ""),
                )
            else:
                actions.withdraw(actor, topic=topic, facts=facts)
    except Invalid as error:
        topic, _facts = get_topic(actor, public_id)
        return act_form(actor, topic, "question_withdraw", errors_of(error)), 422
    flash(withdrawn_words(facts, hide=hide), "ok")
    return see_other("topics.show", slug=slug, public_id=public_id)


@bp.get("/p/<slug>/q/<public_id>/hide")
@declares(Action.QUESTION_HIDE)
def hide(slug: str, public_id: str) -> Page:
    """Show what the asker asks, to who decides; the question itself when nothing is asked."""
    _planet, actor = enter_planet(slug)
    topic, facts = get_topic(actor, public_id)
    verdict = can(actor, Action.QUESTION_HIDE, facts)
    if verdict and find_hiding_request(topic.id) is None:
        verdict = deny(Reason.NOT_OPEN)
    done = lead_on(verdict, slug, public_id)
    return done or act_form(actor, topic, "question_hide", {})


@bp.post("/p/<slug>/q/<public_id>/hide")
@declares(Action.QUESTION_HIDE)
def decide_hide(slug: str, public_id: str) -> Page:
    """Hide the words or let them stand (`do`: hide or keep), with a reason for the asker."""
    _planet, actor = enter_planet(slug)
    grant = request.form.get("do") == "hide"
    try:
        with unit_of_work():
            topic, facts = get_topic(actor, public_id)
            reason = request.form.get("reason", "")
            decide_hiding(actor, topic=topic, facts=facts, grant=grant, reason=reason)
    except Invalid as error:
        topic, _facts = get_topic(actor, public_id)
        return act_form(actor, topic, "question_hide", errors_of(error)), 422
    flash(gettext("Decided. The asker is told."), "ok")
    return see_other("topics.show", slug=slug, public_id=public_id)
