"""The form of a question: what it sends, what a draft keeps of it, the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext, ngettext
from werkzeug.datastructures import FileStorage, MultiDict

from app.blueprints.discussion.composer_page import upload_shape
from app.blueprints.discussion.forms import attachment_ids, small_number, store_files
from app.blueprints.discussion.present import Shape, author_shape
from app.blueprints.discussion.refusals import refusal_words
from app.blueprints.money import price
from app.discussion.actions.drafts import QUESTION, DraftSave, Hold
from app.discussion.actions.questions import AskWish
from app.discussion.queries.addressees import list_addressees, read_quota
from app.discussion.queries.drafts import DraftView, list_drafts
from app.discussion.queries.fees import Fee, list_fees
from app.media.queries import list_waiting
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can


@dataclass(frozen=True, slots=True)
class AskState:
    """What stands in the form. `draft` names the draft and, once asked, the question; `tab` and
    `rev` are what this page knows of the draft."""

    text: str = ""
    addressee: str = ""
    anonymous: bool = False
    private: bool = False
    attachments: tuple[str, ...] = ()
    draft: str = ""
    tab: str = ""
    rev: int = 0

    @property
    def wish(self) -> AskWish:
        """What the room is asked for."""
        return AskWish(
            text=self.text,
            addressee=self.addressee,
            anonymous=self.anonymous,
            private=self.private,
            images=self.attachments,
        )

    @property
    def hold(self) -> Hold:
        """What this page knows of its draft."""
        return Hold(tab=self.tab, rev=self.rev)

    @property
    def save(self) -> DraftSave:
        """What the draft keeps of it."""
        fields: dict[str, Any] = {
            "text": self.text,
            "addressee": self.addressee,
            "anonymous": self.anonymous,
            "private": self.private,
            "attachments": list(self.attachments),
        }
        return DraftSave(key=self.draft, purpose=QUESTION, fields=fields, hold=self.hold)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that would be missed."""
        return not (self.text.strip() or self.attachments)


def ask_state(form: MultiDict[str, str]) -> AskState:
    """Return what a question's form sent."""
    return AskState(
        text=form.get("text", ""),
        addressee=form.get("addressee", "")[:16],
        anonymous=bool(form.get("anonymous")),
        private=bool(form.get("private")),
        attachments=attachment_ids(form),
        draft=form.get("draft", "")[:16],
        tab=form.get("tab", "")[:40],
        rev=small_number(form, "rev"),
    )


def from_draft(draft: DraftView, tab: str) -> AskState:
    """Return the form filled from a draft."""
    fields = draft.fields
    return AskState(
        text=str(fields.get("text", "")),
        addressee=str(fields.get("addressee", "")),
        anonymous=bool(fields.get("anonymous")),
        private=bool(fields.get("private")),
        attachments=tuple(str(one) for one in fields.get("attachments", ())),
        draft=draft.public_id,
        tab=tab,
        rev=draft.rev,
    )


def with_files(
    planet: PlanetView, actor: Actor, state: AskState, files: list[FileStorage]
) -> AskState:
    """Return the form with what it sent without scripts among its pictures. Invalid from the room."""
    sent = store_files(planet, actor, files)
    return replace(state, attachments=(*state.attachments, *sent)) if sent else state


def ask_page(
    planet: PlanetView,
    actor: Actor,
    state: AskState,
    errors: dict[str, str] | None = None,
    *,
    newer: DraftView | None = None,
    alikes: Sequence[Shape] = (),
) -> str:
    """Return the page that asks. `newer` is what another tab kept of the same draft, `alikes` are answered
    questions like this one."""
    quota = read_quota(actor, planet)
    fees = {fee.member: fee for fee in list_fees(actor, planet, quota).values()}
    people = _choices(actor, fees)
    kept = [] if state.rev else [d for d in list_drafts(actor) if d.purpose == QUESTION]
    return render_template(
        "discussion/question_ask.html",
        state=state,
        errors=errors or {},
        addressees=people,
        addressee_options=[(one["member"], one["name"], one["help"]) for one in people],
        quota=quota,
        sells=bool(fees) and any(one["member"] in fees for one in people),
        may_be_anonymous=planet.anonymous_questions,
        may_be_private=planet.private_questions,
        max_chars=planet.question_max_chars,
        due_hours=planet.answer_due_hours,
        attachments=_uploads(actor, state),
        drafts=kept[:3],
        newer=newer,
        alikes=alikes,
        upload_url=url_for("media.upload", slug=planet.slug),
        refusal=refusal_words(can(actor, Action.QUESTION_ASK)),
    )


def _choices(actor: Actor, fees: dict[str, Fee]) -> list[Shape]:
    people = list_addressees(actor, without=actor.user_id)
    words = {"owner": gettext("Owner"), "partner": gettext("Partner"), "guest": gettext("Guest")}
    return [
        author_shape(person)
        | {
            "member": person.member,
            "help": " · ".join(
                filter(None, (words.get(person.role, ""), _cost(fees.get(person.member))))
            ),
        }
        for person in people
    ]


def _cost(fee: Fee | None) -> str:
    """Return what a question to somebody costs, in words; "" when all are free."""
    if fee is None:
        return ""
    amount = price(fee.amount, fee.currency)
    if fee.is_due:
        return str(gettext("%(price)s a question", price=amount))
    return str(
        ngettext(
            "%(num)s free question left, then %(price)s each",
            "%(num)s free questions left, then %(price)s each",
            fee.free_left,
            price=amount,
        )
    )


def _uploads(actor: Actor, state: AskState) -> list[Shape]:
    if actor.user_id is None or not state.attachments:
        return []
    return [upload_shape(one) for one in list_waiting(actor.user_id, state.attachments)]
