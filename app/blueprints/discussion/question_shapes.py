"""From questions to the shapes that templates take, and what a reader may do with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import format_timedelta, gettext
from markupsafe import Markup

from app.blueprints.discussion.present import (
    Shape,
    author_shape,
    file_shape,
    grid_images,
    topic_url,
)
from app.discussion.queries.inbox import QuestionRow
from app.discussion.queries.questions import AnswerView, LogLine, QuestionView, get_question
from app.kernel import clock
from app.media.queries import list_attachments
from app.policy import Action, Actor, AnswerFacts, TopicFacts, can


def question_section(
    slug: str, actor: Actor, *, topic_id: int, public_id: str, facts: TopicFacts
) -> Shape:
    """Return what a question's own page shows beside its text: its state, its answer, what this
    reader may do. When it is due is told to those who answer and to staff."""
    view = get_question(actor, topic_id)
    answers_it = bool(can(actor, Action.QUESTION_DECLINE, facts))
    where: dict[str, Any] = {"slug": slug, "public_id": public_id}
    return {
        "meta": {
            "addressee": author_shape(view.addressee),
            "state": view.state,
            "private": view.private,
            "due_at": view.due_at if answers_it else None,
            "overdue": view.overdue and answers_it,
        },
        "paid": _paid(view) if view.paid and (view.asked_by_me or answers_it) else None,
        "asked_by_me": view.asked_by_me,
        "anonymous": view.anonymous,
        "withdrawn": view.withdrawn,
        "declined": _declined(view) if view.declined_at else None,
        "answer": _answer(slug, actor, view, view.answer, where, facts) if view.answer else None,
        "acts": _acts(actor, view, where, facts),
    }


def _paid(view: QuestionView) -> Shape:
    return {"until": view.paid_until, "outcome": view.outcome, "by_me": view.asked_by_me}


def _declined(view: QuestionView) -> Shape:
    return {"reason": view.decline_reason, "at": view.declined_at}


def _answer(
    slug: str,
    actor: Actor,
    view: QuestionView,
    answer: AnswerView,
    where: dict[str, Any],
    facts: TopicFacts,
) -> Shape:
    attached = list_attachments("answer", [answer.id]).get(answer.id, [])
    accepts = bool(can(actor, Action.QUESTION_ACCEPT, facts))
    return {
        "id": f"a-{answer.public_id}",
        "url": topic_url(slug, where["public_id"], "") + f"#a-{answer.public_id}",
        "author": author_shape(answer.author),
        "answered_at": answer.created_at,
        "edited": answer.edited,
        "html": Markup(answer.html),  # noqa: S704 - made by kernel.text
        "images": grid_images(attached, answer.html),
        "files": [file_shape(one) for one in attached if not one.is_image],
        "accepted": view.accepted,
        "accept_url": url_for("questions.accept", **where)
        if accepts and not view.accepted
        else None,
        "menu": _answer_menu(slug, actor, view, answer, facts, accepts=accepts),
    }


def _answer_menu(
    slug: str,
    actor: Actor,
    view: QuestionView,
    answer: AnswerView,
    facts: TopicFacts,
    *,
    accepts: bool,
) -> list[Shape]:
    own = AnswerFacts(topic=facts, writer_id=answer.writer_id, isolated=answer.unseen)
    where: dict[str, Any] = {"slug": slug, "public_id": answer.public_id}
    lines = []
    if can(actor, Action.ANSWER_EDIT, own):
        lines.append(act_line(gettext("Edit"), url_for("answers.edit", **where), "pen-line"))
    if answer.edited and can(actor, Action.QUESTION_LOG, facts):
        url = url_for("answers.history", **where)
        lines.append(act_line(gettext("Versions"), url, "history"))
    if accepts and view.accepted:
        url = url_for("answers.unaccept", **where)
        lines.append(act_line(gettext("Take the acceptance back"), url, "undo-2") | {"post": True})
    return lines


def _acts(
    actor: Actor, view: QuestionView, where: dict[str, Any], facts: TopicFacts
) -> list[Shape]:
    """Return what the reader may do with the question. An isolated one who answered has answered."""
    unnamed = facts.answered and facts.anonymous
    withdrawing = gettext("Ask to hide it") if unnamed else gettext("Withdraw")
    offered = (
        (Action.QUESTION_ANSWER, "answers.answer", gettext("Answer"), "pen-line"),
        (Action.QUESTION_HAND_ON, "questions.hand_on", gettext("Hand on"), "arrow-right"),
        (Action.QUESTION_DECLINE, "questions.decline", gettext("Decline to answer"), "ban"),
        (Action.QUESTION_WITHDRAW, "questions.withdraw", withdrawing, "undo-2"),
        (Action.QUESTION_HIDE, "questions.hide", gettext("Decide about hiding"), "eye-off"),
        (Action.QUESTION_LOG, "questions.log", gettext("What happened"), "history"),
        (Action.QUESTION_REVEAL, "questions.reveal", gettext("Who asked?"), "eye"),
    )
    ends_it = (Action.QUESTION_ANSWER, Action.QUESTION_HAND_ON, Action.QUESTION_DECLINE)
    return [
        act_line(label, url_for(endpoint, **where), icon)
        | {"primary": action is Action.QUESTION_ANSWER}
        for action, endpoint, label, icon in offered
        if can(actor, action, facts)
        and (view.state == "open" or action not in ends_it)
        and (action is not Action.QUESTION_HIDE or view.hiding_asked)
        and (action is not Action.QUESTION_WITHDRAW or not view.hiding_asked)
    ]


def act_line(label: str, url: str, icon: str) -> Shape:
    """Return a line of a menu that leads to a page."""
    return {
        "label": label,
        "url": url,
        "icon": icon,
        "post": False,
        "danger": False,
        "confirm": None,
        "fields": {},
    }


def withdrawn_words(facts: TopicFacts, *, hide: bool) -> str:
    """Return what is said after a question was withdrawn: what went at once, and what is still decided."""
    if not facts.answered:
        return str(gettext("Withdrawn."))
    if facts.anonymous:
        return str(
            gettext("You get a notice when its hiding has been decided.")
            if hide
            else gettext("Nothing was changed: your name is not on it.")
        )
    if not hide:
        return str(gettext("Your name is gone from it."))
    return str(
        gettext("Your name is gone from it. You get a notice when its hiding has been decided.")
    )


def log_shape(line: LogLine) -> Shape:
    """Return a line of a question's log in words."""
    words = {
        "asked": gettext("asked"),
        "handed_on": gettext("handed the question on"),
        "answered": gettext("answered"),
        "declined": gettext("declined"),
        "accepted": gettext("accepted the answer"),
        "unaccepted": gettext("took the acceptance back"),
        "withdrawn": gettext("withdrew the question"),
        "unnamed": gettext("became anonymous"),
        "hiding_asked": gettext("asked for its words to be hidden"),
        "hidden": gettext("hid its words"),
        "kept": gettext("let its words stand"),
        "revealed": gettext("looked up the asker's name"),
    }
    actor = author_shape(line.actor)
    if line.actor is None:
        actor["name"] = gettext("Asker")
    return {
        "at": line.at,
        "actor": actor,
        "act": words.get(line.event, line.event),
        "from": line.from_.name if line.from_ else "",
        "to": line.to.name if line.to else "",
        "note": line.note,
    }


def row_shape(slug: str, row: QuestionRow) -> Shape:
    """Return a question in a list."""
    where: dict[str, Any] = {"slug": slug, "public_id": row.public_id}
    asker = author_shape(row.asker)
    return {
        "url": topic_url(slug, row.public_id, ""),
        "answer_url": url_for("answers.answer", **where),
        "excerpt": row.excerpt,
        "asker": asker,
        "asked_by_me": row.asked_by_me,
        "asked_at": row.asked_at,
        "addressee": author_shape(row.addressee),
        "state": row.state,
        "private": row.private,
        "accepted": row.accepted,
        "overdue": row.overdue,
        "due_at": row.due_at,
        "due_in": due_in(row.due_at),
        "comments": row.comment_count,
        "paid": {"until": row.paid_until, "outcome": row.outcome} if row.paid else None,
    }


def due_in(due_at: datetime) -> str:
    """Return how long until a moment, or how long ago it was, in words."""
    words: str = format_timedelta(due_at - clock.now(), add_direction=True)
    return words


def duration(length: timedelta) -> str:
    """Return a length of time in words."""
    words: str = format_timedelta(length, threshold=1.5)
    return words
