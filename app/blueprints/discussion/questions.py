"""The door of questions: ask, the inbox, what I asked, and what can be done to one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, jsonify, render_template, request, url_for
from flask_babel import gettext
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.billing.gateway import GatewayError
from app.blueprints import funnel
from app.blueprints.billing.ways import UNREACHABLE, ways_back
from app.blueprints.discussion.done_already import lead_on
from app.blueprints.discussion.present import author_shape
from app.blueprints.discussion.question_forms import (
    AskState,
    ask_page,
    ask_state,
    from_draft,
    with_files,
)
from app.blueprints.discussion.question_shapes import (
    due_in,
    duration,
    log_shape,
    row_shape,
)
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import (
    current_site,
    declares,
    enter_planet,
    require,
    require_viewer,
    see_other,
)
from app.discussion.actions import questions as actions
from app.discussion.actions.drafts import save_draft
from app.discussion.actions.paid_questions import Purse, buy_question, find_fee
from app.discussion.actions.topics import TopicRef
from app.discussion.queries.addressees import list_addressees
from app.discussion.queries.drafts import find_draft, get_draft
from app.discussion.queries.facts import TopicRow, get_topic
from app.discussion.queries.fees import Fee
from app.discussion.queries.inbox import (
    Scope,
    Tab,
    count_inbox,
    list_asked,
    list_inbox,
    list_waiting,
)
from app.discussion.queries.pages import Cursor, Cut, parse_cursor
from app.discussion.queries.questions import (
    find_hiding_request,
    find_revealed_asker,
    get_question,
    list_log,
    median_answer_time,
)
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import new_public_id
from app.memberships.queries import list_mine
from app.planets.queries import PlanetView
from app.policy import Action, Actor, Standing, TopicFacts, can

bp = Blueprint("questions", __name__)
Page = Response | str | tuple[str, int]


# --- asking --------------------------------------------------------------------------------------


@bp.get("/p/<slug>/ask")
@declares(Action.QUESTION_ASK)
def ask(slug: str) -> str:
    """Show the form: empty, to the member that `to` names, with the words `text` that a search did not
    find, or with the draft that `draft` names."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.QUESTION_ASK))
    tab = new_public_id()
    wanted = request.args.get("draft", "")
    if wanted:
        return ask_page(planet, actor, from_draft(get_draft(actor, wanted), tab))
    state = AskState(
        text=request.args.get("text", "")[:300],
        draft=new_public_id(),
        tab=tab,
        addressee=request.args.get("to", "")[:16],
    )
    return ask_page(planet, actor, state)


@bp.post("/p/<slug>/ask")
@declares(Action.QUESTION_ASK)
def send(slug: str) -> Page:
    """Ask; or, as the button says, keep the draft or take a picture out."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.QUESTION_ASK))
    state = ask_state(request.form)
    try:
        state = with_files(planet, actor, state, request.files.getlist("files"))
        if "remove_attachment" in request.form:
            return ask_page(planet, actor, state)
        if request.form.get("do") == "keep":
            return _keep(slug, actor, state)
        return _send(planet, actor, state)
    except Invalid as error:
        return ask_page(planet, actor, state, errors_of(error)), 422
    except Conflict:
        newer = find_draft(actor, state.draft)
        known = replace(state, rev=newer.rev) if newer else replace(state, draft=new_public_id())
        return ask_page(planet, actor, known, newer=newer), 409


def _send(planet: PlanetView, actor: Actor, state: AskState) -> Response:
    question = actions.compose_question(actor, planet=planet, wish=state.wish, key=state.draft)
    fee = find_fee(actor, planet, state.addressee)
    if fee is not None:
        return _lead_to_payment(planet, actor, question, fee, state)
    with unit_of_work():
        topic = actions.ask(actor, planet=planet, question=question, hold=state.hold)
    funnel.note(planet, actor, "question")
    flash(gettext("Your question is on its way. You will be told when it is answered."), "ok")
    return see_other("topics.show", slug=planet.slug, public_id=topic.public_id)


def _lead_to_payment(
    planet: PlanetView, actor: Actor, question: actions.NewQuestion, fee: Fee, state: AskState
) -> Response:
    """Keep what was written and lead to the page where one pays for it."""
    names = (p.name for p in list_addressees(actor, without=None) if p.member == state.addressee)
    title = gettext("%(planet)s: a question to %(name)s", planet=planet.name, name=next(names, ""))
    ways = ways_back(planet.slug)
    back = url_for("questions.ask", slug=planet.slug, draft="KEY").replace("KEY", "{key}")
    ways = replace(ways, cancel=f"{current_site().base_url}{back}")
    try:
        made = buy_question(actor, planet, question, fee, Purse(state.save, title, ways))
    except GatewayError:
        flash(str(UNREACHABLE), "error")
        return see_other("questions.ask", slug=planet.slug, draft=question.key)
    except Conflict as conflict:
        if str(conflict) != "paid":
            raise
        flash(gettext("You have paid already: here it is."), "ok")
        return see_other("billing.purchases", slug=planet.slug)
    if isinstance(made, TopicRef):
        return see_other("topics.show", slug=planet.slug, public_id=made.public_id)
    return redirect(made.provider_url, code=303)


def _keep(slug: str, actor: Actor, state: AskState) -> Response:
    with unit_of_work():
        kept = save_draft(actor, draft=state.save)
    flash(gettext("The draft is kept. Go on whenever you like."), "ok")
    return see_other("questions.ask", slug=slug, draft=kept.public_id)


@bp.post("/p/<slug>/ask/draft")
@declares(Action.QUESTION_ASK)
def save(slug: str) -> Response | tuple[Response, int]:
    """Keep what the form holds now; its script calls this within five seconds of a change."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.QUESTION_ASK))
    state = ask_state(request.form)
    if state.is_empty and not state.rev:
        return jsonify(draft=state.draft, rev=0, saved_at=actor.now.isoformat())
    try:
        with unit_of_work():
            kept = save_draft(actor, draft=state.save)
    except Invalid as error:
        return jsonify(error=next(iter(errors_of(error).values()))), 422
    except Conflict:
        message = gettext(
            "This was changed or sent in another tab. Nothing is kept from here any more: "
            "copy what you still need, then load the page again."
        )
        return jsonify(conflict=True, message=message), 409
    return jsonify(draft=kept.public_id, rev=kept.rev, saved_at=kept.saved_at.isoformat())


# --- lists ---------------------------------------------------------------------------------------


@bp.get("/p/<slug>/inbox")
@declares(Action.INBOX_READ)
def inbox(slug: str) -> str:
    """Show the questions to me (`show`: waiting, answered, declined), or all of them to staff."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.INBOX_READ))
    sees_all = bool(can(actor, Action.STATS_READ))
    scope: Scope = "all" if sees_all and request.args.get("of") == "all" else "mine"
    tab = _tab()
    page = list_inbox(actor, tab=tab, scope=scope, cut=_cut())
    median = median_answer_time(actor) if sees_all else None
    kept: dict[str, str] = {"show": tab, "of": "all"} if scope == "all" else {"show": tab}
    return render_template(
        "discussion/inbox.html",
        tab=tab,
        scope=scope,
        sees_all=sees_all,
        waiting=count_inbox(actor, scope=scope),
        median=duration(median) if median else "",
        questions=[row_shape(slug, row) for row in page.items],
        newer=_page_url("questions.inbox", slug, kept, _direction(tab, back=True), page.newer),
        older=_page_url("questions.inbox", slug, kept, _direction(tab, back=False), page.older),
    )


def _tab() -> Tab:
    wanted = request.args.get("show")
    return "answered" if wanted == "answered" else "declined" if wanted == "declined" else "waiting"


def _direction(tab: Tab, *, back: bool) -> str:
    """Return the parameter of a neighbouring page: those waiting are listed the other way round."""
    return "before" if back == (tab == "waiting") else "after"


@bp.get("/p/<slug>/asked")
@declares(Action.ASKED_READ)
def asked(slug: str) -> str:
    """Show what I asked in this planet, also when my time in it is over."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.ASKED_READ))
    page = list_asked(actor, cut=_cut())
    return render_template(
        "discussion/inbox_asked.html",
        ended=actor.standing is Standing.EXPIRED,
        questions=[row_shape(slug, row) for row in page.items],
        newer=_page_url("questions.asked", slug, {}, "after", page.newer),
        older=_page_url("questions.asked", slug, {}, "before", page.older),
    )


def _cut() -> Cut:
    return Cut(
        before=parse_cursor(request.args.get("before", "")),
        after=parse_cursor(request.args.get("after", "")),
    )


def _page_url(
    endpoint: str, slug: str, kept: dict[str, str], direction: str, cursor: Cursor | None
) -> str | None:
    args: dict[str, Any] = {**kept, direction: str(cursor)}
    return url_for(endpoint, slug=slug, **args) if cursor else None


@bp.get("/questions")
@declares(Action.ACCOUNT_USE)
def waiting() -> str:
    """Show the questions that wait for me, from all my planets, oldest first."""
    viewer = require_viewer()
    moment = clock.now()
    inside = (Standing.ACTIVE, Standing.GRACE)
    planets = [p.planet_id for p in list_mine(viewer.user_id) if p.standing in inside]
    found = list_waiting(viewer.user_id, planets, moment, limit=100)
    return render_template(
        "discussion/inbox_waiting.html",
        questions=[
            {
                "planet": one.planet_name,
                "planet_url": url_for("questions.inbox", slug=one.planet_slug),
                "url": url_for("topics.show", slug=one.planet_slug, public_id=one.public_id),
                "answer_url": url_for(
                    "answers.answer", slug=one.planet_slug, public_id=one.public_id
                ),
                "excerpt": one.excerpt,
                "asked_at": one.asked_at,
                "due_at": one.due_at,
                "due_in": due_in(one.due_at),
                "overdue": one.overdue,
            }
            for one in found
        ],
    )


# --- what is done to a question ------------------------------------------------------------------


@bp.get("/p/<slug>/q/<public_id>/decline")
@declares(Action.QUESTION_DECLINE)
def decline(slug: str, public_id: str) -> Page:
    """Show the form that declines a question with a reason."""
    return form_page(slug, public_id, Action.QUESTION_DECLINE, "question_decline")


@bp.post("/p/<slug>/q/<public_id>/decline")
@declares(Action.QUESTION_DECLINE)
def confirm_decline(slug: str, public_id: str) -> Page:
    """Decline a question."""
    _planet, actor = enter_planet(slug)
    reason = request.form.get("reason", "")
    try:
        with unit_of_work():
            topic, facts = get_topic(actor, public_id)
            actions.decline(actor, topic=topic, facts=facts, reason=reason)
    except Invalid as error:
        topic, _facts = get_topic(actor, public_id)
        return act_form(actor, topic, "question_decline", errors_of(error)), 422
    flash(gettext("Declined. The asker reads your reason."), "ok")
    return see_other("questions.inbox", slug=slug)


@bp.get("/p/<slug>/q/<public_id>/hand-on")
@declares(Action.QUESTION_HAND_ON)
def hand_on(slug: str, public_id: str) -> Page:
    """Show to whom a question can be handed on."""
    return form_page(slug, public_id, Action.QUESTION_HAND_ON, "question_hand_on")


@bp.post("/p/<slug>/q/<public_id>/hand-on")
@declares(Action.QUESTION_HAND_ON)
def confirm_hand_on(slug: str, public_id: str) -> Page:
    """Hand a question on."""
    planet, actor = enter_planet(slug)
    to, note = request.form.get("to", "")[:16], request.form.get("note", "")
    try:
        with unit_of_work():
            topic, facts = get_topic(actor, public_id)
            actions.hand_on(actor, planet=planet, topic=topic, facts=facts, to=to, note=note)
    except Invalid as error:
        topic, _facts = get_topic(actor, public_id)
        return act_form(actor, topic, "question_hand_on", errors_of(error)), 422
    flash(gettext("Handed on. It is in the other one's inbox now."), "ok")
    return see_other("questions.inbox", slug=slug)


@bp.post("/p/<slug>/q/<public_id>/accept")
@declares(Action.QUESTION_ACCEPT)
def accept(slug: str, public_id: str) -> Response:
    """Mark the answer as what the asker needed."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        topic, facts = get_topic(actor, public_id)
        actions.accept(actor, topic=topic, facts=facts)
    return see_other("topics.show", slug=slug, public_id=public_id)


@bp.get("/p/<slug>/q/<public_id>/reveal")
@declares(Action.QUESTION_REVEAL)
def reveal(slug: str, public_id: str) -> Page:
    """Ask the owner for his reason, or show him the asker he has revealed."""
    return form_page(slug, public_id, Action.QUESTION_REVEAL, "question_reveal")


@bp.post("/p/<slug>/q/<public_id>/reveal")
@declares(Action.QUESTION_REVEAL)
def confirm_reveal(slug: str, public_id: str) -> Page:
    """Reveal who asked; the reason is written down where the asker and staff read it."""
    _planet, actor = enter_planet(slug)
    reason = request.form.get("reason", "")
    try:
        with unit_of_work():
            topic, facts = get_topic(actor, public_id)
            actions.reveal(actor, topic=topic, facts=facts, reason=reason)
    except Invalid as error:
        topic, _facts = get_topic(actor, public_id)
        return act_form(actor, topic, "question_reveal", errors_of(error)), 422
    return see_other("questions.reveal", slug=slug, public_id=public_id)


@bp.get("/p/<slug>/q/<public_id>/log")
@declares(Action.QUESTION_LOG)
def log(slug: str, public_id: str) -> str:
    """Show what happened to a question, to its parties and staff."""
    _planet, actor = enter_planet(slug)
    topic, facts = get_topic(actor, public_id)
    lines = list_log(actor, topic.id, facts)
    return render_template(
        "discussion/question_log.html",
        lines=[log_shape(line) for line in lines],
        back=url_for("topics.show", slug=slug, public_id=public_id),
    )


def form_page(slug: str, public_id: str, action: Action, template: str) -> Page:
    """Return the page that asks before an act on a question; who comes back after it is led on."""
    _planet, actor = enter_planet(slug)
    topic, facts = get_topic(actor, public_id)
    done = lead_on(can(actor, action, facts), slug, public_id)
    return done or act_form(actor, topic, template, {})


def act_form(actor: Actor, topic: TopicRow, template: str, errors: dict[str, str]) -> str:
    """Return the page of an act on a question; what was typed stands in it again."""
    question = get_question(actor, topic.id)
    names_whom = template == "question_hand_on"
    asker = find_revealed_asker(actor, topic.id) if template == "question_reveal" else None
    return render_template(
        f"discussion/{template}.html",
        public_id=topic.public_id,
        excerpt=_words(actor, topic),
        question=question,
        addressees=_others(actor, question.addressee_id) if names_whom else [],
        revealed=author_shape(asker) if asker else None,
        request_reason=find_hiding_request(topic.id),
        typed=request.form,
        errors=errors,
    )


def _words(actor: Actor, topic: TopicRow) -> str:
    facts: TopicFacts = get_topic(actor, topic.public_id)[1]
    return topic.excerpt if can(actor, Action.TOPIC_TEXT_READ, facts) else ""


def _others(actor: Actor, addressee_id: int) -> list[tuple[str, str]]:
    people = list_addressees(actor, without=addressee_id)
    return [(person.member, person.name) for person in people]
