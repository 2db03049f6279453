"""The door of answers: give one, change it, see what it said before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.blueprints.discussion.comments import changes_of
from app.blueprints.discussion.composer import render_preview
from app.blueprints.discussion.composer_page import upload_shape
from app.blueprints.discussion.forms import composed, from_fields, store_files
from app.blueprints.discussion.present import Shape, card_shape
from app.blueprints.discussion.question_shapes import due_in
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.discussion.actions import answers as actions
from app.discussion.actions import questions as question_actions
from app.discussion.actions.drafts import ANSWER, Hold
from app.discussion.actions.history import count_revisions
from app.discussion.diffing import Part, diff_texts
from app.discussion.queries.cards import load_cards
from app.discussion.queries.drafts import DraftView, find_draft, find_topic_draft
from app.discussion.queries.facts import AnswerRow, get_answer, get_topic, get_topic_by_id
from app.discussion.queries.questions import get_question
from app.discussion.queries.topic_page import get_entry
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.kernel.ids import new_public_id
from app.kernel.text import clean
from app.media.queries import list_attachments, list_waiting
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

bp = Blueprint("answers", __name__)
Page = Response | str | tuple[str, int]


@dataclass(frozen=True, slots=True)
class AnswerState:
    """What stands in the form, and what it knows of its draft (an answer that is changed has none, but
    `base`, the number of edits that the writer saw)."""

    text: str = ""
    attachments: tuple[str, ...] = ()
    draft: str = ""
    tab: str = ""
    rev: int = 0
    base: int = 0


def _state() -> AnswerState:
    sent = composed(request.form)
    return AnswerState(sent.text, sent.attachments, sent.draft, sent.tab, sent.rev, sent.base)


def _begin(actor: Actor, topic_id: int) -> AnswerState:
    """Return the state of a form that goes on where the actor stopped, or begins."""
    tab = new_public_id()
    kept = find_topic_draft(actor, topic_id, purpose=ANSWER)
    if kept is None:
        return AnswerState(draft=new_public_id(), tab=tab)
    held = from_fields(kept.fields)
    return AnswerState(held.text, held.attachments, kept.public_id, tab, kept.rev)


@bp.get("/p/<slug>/q/<public_id>/answer")
@declares(Action.QUESTION_ANSWER)
def answer(slug: str, public_id: str) -> str:
    """Show a question with the form that answers it."""
    planet, actor = enter_planet(slug)
    topic, facts = get_topic(actor, public_id)
    require(can(actor, Action.QUESTION_ANSWER, facts))
    return _answer_page(planet, actor, public_id, _begin(actor, topic.id))


@bp.post("/p/<slug>/q/<public_id>/answer")
@declares(Action.QUESTION_ANSWER)
def send(slug: str, public_id: str) -> Page:
    """Answer a question; whatever has become of it in the meantime, nothing typed is lost."""
    planet, actor = enter_planet(slug)
    state = _state()
    try:
        return _send(planet, actor, public_id, state)
    except (Conflict, NotFound, Refused) as error:
        if _sent_before(actor, state):
            return _to_answer(slug, public_id, state.draft)
        if not state.text.strip() or not actor.inside:
            raise
        status = {NotFound: 404, Refused: 403}.get(type(error), 409)
        return render_template("discussion/question_too_late.html", text=state.text), status


def _send(planet: PlanetView, actor: Actor, public_id: str, state: AnswerState) -> Page:
    _topic, facts = get_topic(actor, public_id)
    require(can(actor, Action.QUESTION_ANSWER, facts))
    try:
        sent = store_files(planet, actor, request.files.getlist("files"))
        state = replace(state, attachments=(*state.attachments, *sent))
        if _only_shows():
            return _answer_page(planet, actor, public_id, state, preview=_preview(planet, actor))
        new = actions.compose_answer(
            actor,
            planet=planet,
            text=state.text,
            attachments=state.attachments,
            key=state.draft,
        )
        with unit_of_work():
            # Waiting for others' writing took time: read with the clock as it is now.
            actor = replace(actor, now=clock.now())
            topic, facts = get_topic(actor, public_id)
            hold = Hold(tab=state.tab, rev=state.rev)
            row = actions.answer_question(actor, topic=topic, facts=facts, answer=new, hold=hold)
    except Invalid as error:
        return _answer_page(planet, actor, public_id, state, errors=errors_of(error)), 422
    except Conflict:
        newer = find_draft(actor, state.draft)
        if newer is None or newer.rev == state.rev:
            raise
        state = replace(state, rev=newer.rev)
        return _answer_page(planet, actor, public_id, state, newer=newer), 409
    flash(gettext("Answered."), "ok")
    return _to_answer(planet.slug, public_id, row.public_id)


def _sent_before(actor: Actor, state: AnswerState) -> bool:
    """Whether this very form was sent already: a second click is no second answer."""
    try:
        row, _facts = get_answer(actor, state.draft)
    except NotFound:
        return False
    return row.author_id == actor.user_id and row.source == clean(state.text).strip("\n")


def _to_answer(slug: str, topic: str, answer: str) -> Response:
    return see_other("topics.show", slug=slug, public_id=topic, _anchor=f"a-{answer}")


def _only_shows() -> bool:
    """Whether a button other than the sending one was pressed."""
    asked = request.form
    return (
        asked.get("do") == "preview" or "remove_attachment" in asked or "move_attachment" in asked
    )


def _preview(planet: PlanetView, actor: Actor) -> Markup | None:
    if request.form.get("do") != "preview":
        return None
    html = render_preview(planet, actor, request.form.get("text", ""))
    return Markup(html)  # noqa: S704 - made by kernel.text


def _answer_page(
    planet: PlanetView,
    actor: Actor,
    public_id: str,
    state: AnswerState,
    *,
    errors: dict[str, str] | None = None,
    preview: Markup | None = None,
    newer: DraftView | None = None,
) -> str:
    entry = get_entry(actor, public_id)
    card = load_cards([entry.id], actor.now)[entry.id]
    question = get_question(actor, entry.id)
    where: dict[str, Any] = {"slug": planet.slug, "public_id": public_id}
    return render_template(
        "discussion/answer_form.html",
        title=gettext("Answer"),
        topic=card_shape(planet.slug, card, entry),
        due={"at": question.due_at, "in": due_in(question.due_at), "over": question.overdue},
        url=url_for("answers.send", **where),
        back=url_for("topics.show", **where),
        submit=gettext("Send the answer"),
        draft_url=url_for("composer.save", slug=planet.slug),
        newer=newer,
        moved_on=None,
        preview=preview,
        **_fields(planet, state, errors, _uploads(actor, state, None)),
    )


def _fields(
    planet: PlanetView,
    state: AnswerState,
    errors: dict[str, str] | None,
    attachments: list[Shape],
) -> Shape:
    return {
        "state": state,
        "errors": errors or {},
        "attachments": attachments,
        "max_chars": planet.topic_max_chars,
        "upload_url": url_for("media.upload", slug=planet.slug),
        "preview_url": url_for("composer.preview", slug=planet.slug),
    }


def _uploads(actor: Actor, state: AnswerState, answer_id: int | None) -> list[Shape]:
    held = list_attachments("answer", [answer_id]).get(answer_id, []) if answer_id else []
    waiting = list_waiting(actor.user_id or 0, state.attachments) if state.attachments else []
    known = {one.public_id: one for one in (*held, *waiting)}
    return [upload_shape(known[one]) for one in state.attachments if one in known]


@bp.get("/p/<slug>/a/<public_id>/edit")
@declares(Action.ANSWER_EDIT)
def edit(slug: str, public_id: str) -> str:
    """Show an answer's text for changing."""
    planet, actor = enter_planet(slug)
    row, facts = get_answer(actor, public_id)
    require(can(actor, Action.ANSWER_EDIT, facts))
    held = list_attachments("answer", [row.id]).get(row.id, [])
    state = AnswerState(
        row.source,
        tuple(one.public_id for one in held),
        base=count_revisions("answer", row.id),
    )
    return _edit_page(planet, actor, row, state)


@bp.post("/p/<slug>/a/<public_id>/edit")
@declares(Action.ANSWER_EDIT)
def save(slug: str, public_id: str) -> Page:
    """Save an answer's changed text; what it said before is kept."""
    planet, actor = enter_planet(slug)
    row, facts = get_answer(actor, public_id)
    require(can(actor, Action.ANSWER_EDIT, facts))
    state = _state()
    try:
        sent = store_files(planet, actor, request.files.getlist("files"))
        state = replace(state, attachments=(*state.attachments, *sent))
        if _only_shows():
            return _edit_page(planet, actor, row, state, preview=_preview(planet, actor))
        text = actions.compose_answer(
            actor, planet=planet, text=state.text, attachments=state.attachments, key=public_id
        )
        with unit_of_work():
            row, facts = get_answer(actor, public_id)
            actions.edit_answer(actor, answer=row, facts=facts, text=text, base=state.base)
            topic, _facts = get_topic_by_id(actor, row.topic_id)
    except Invalid as error:
        return _edit_page(planet, actor, row, state, errors=errors_of(error)), 422
    except Conflict:
        row, facts = get_answer(actor, public_id)
        state = replace(state, base=count_revisions("answer", row.id))
        moved_on = diff_texts(row.source, state.text)
        return _edit_page(planet, actor, row, state, moved_on=moved_on), 409
    return _to_answer(slug, topic.public_id, row.public_id)


def _edit_page(
    planet: PlanetView,
    actor: Actor,
    row: AnswerRow,
    state: AnswerState,
    *,
    errors: dict[str, str] | None = None,
    preview: Markup | None = None,
    moved_on: list[Part] | None = None,
) -> str:
    topic, _facts = get_topic_by_id(actor, row.topic_id)
    return render_template(
        "discussion/answer_form.html",
        title=gettext("Edit the answer"),
        topic=None,
        due=None,
        url=url_for("answers.save", slug=planet.slug, public_id=row.public_id),
        back=url_for("topics.show", slug=planet.slug, public_id=topic.public_id),
        submit=gettext("Save"),
        draft_url=None,
        newer=None,
        moved_on=moved_on,
        preview=preview,
        **_fields(planet, state, errors, _uploads(actor, state, row.id)),
    )


@bp.get("/p/<slug>/a/<public_id>/history")
@declares(Action.QUESTION_LOG)
def history(slug: str, public_id: str) -> str:
    """Show what an answer said before each of its edits, to the question's parties and staff."""
    _planet, actor = enter_planet(slug)
    row, facts = get_answer(actor, public_id)
    require(can(actor, Action.QUESTION_LOG, facts.topic))
    topic, _facts = get_topic_by_id(actor, row.topic_id)
    return render_template(
        "discussion/history.html",
        changes=changes_of(actor, ("answer", row.id), row.source),
        url=url_for("topics.show", slug=slug, public_id=topic.public_id),
    )


@bp.post("/p/<slug>/a/<public_id>/unaccept")
@declares(Action.QUESTION_ACCEPT)
def unaccept(slug: str, public_id: str) -> Response:
    """Take the mark of an accepted answer back."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        row, _facts = get_answer(actor, public_id)
        topic, facts = get_topic_by_id(actor, row.topic_id)
        question_actions.unaccept(actor, topic=topic, facts=facts)
    return see_other("topics.show", slug=slug, public_id=topic.public_id)
