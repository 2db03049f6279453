"""The pages of one's own drafts: the list, and the words of one to read and copy. They stand on the door of
the composer, and are open also to who may not write now: the muted and those whose time is over."""

from __future__ import annotations

from flask import render_template, url_for

from app.blueprints.discussion.composer import bp
from app.blueprints.discussion.composer_page import upload_shape
from app.blueprints.entrance import declares, enter_planet, require
from app.discussion.actions import drafts as purposes
from app.discussion.queries.drafts import DraftView, get_draft, list_drafts
from app.media.queries import list_waiting
from app.policy import Action, Actor, Standing, can


@bp.get("/p/<slug>/drafts")
@declares(Action.DRAFTS_READ)
def drafts(slug: str) -> str:
    """Show one's own drafts in this planet."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.DRAFTS_READ))
    return render_template(
        "discussion/drafts.html",
        drafts=[(one, _go_on_url(slug, actor, one)) for one in list_drafts(actor)],
        ended=actor.standing is Standing.EXPIRED,
    )


@bp.get("/p/<slug>/drafts/<draft_id>")
@declares(Action.DRAFTS_READ)
def read_draft(slug: str, draft_id: str) -> str:
    """Show the words of one's own draft, to read and to copy."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.DRAFTS_READ))
    draft = get_draft(actor, draft_id)
    held = [str(one) for one in draft.fields.get("attachments", ())]
    return render_template(
        "discussion/draft.html",
        draft=draft,
        go_on_url=_go_on_url(slug, actor, draft),
        attachments=[upload_shape(one) for one in list_waiting(actor.user_id or 0, held)],
        ended=actor.standing is Standing.EXPIRED,
    )


def _go_on_url(slug: str, actor: Actor, draft: DraftView) -> str | None:
    """Return where a draft is gone on with; None while its writer may not write such a thing. The topic
    that an answer or a change is of may refuse it all the same."""
    if draft.purpose == purposes.QUESTION:
        may_ask = can(actor, Action.QUESTION_ASK)
        return url_for("questions.ask", slug=slug, draft=draft.public_id) if may_ask else None
    if draft.purpose == purposes.POST:
        may_post = can(actor, Action.TOPIC_POST)
        return url_for("composer.write", slug=slug, draft=draft.public_id) if may_post else None
    if not can(actor, Action.UPLOAD):
        return None
    endpoint = "answers.answer" if draft.purpose == purposes.ANSWER else "editor.edit"
    return url_for(endpoint, slug=slug, public_id=draft.topic)
