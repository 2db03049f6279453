"""Closing one's account."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, session
from flask_babel import gettext

from app import farewell
from app.accounts.queries import Viewer
from app.billing.actions.refunds import list_takeable
from app.billing.queries.leaving import find_kept_books
from app.billing.queries.running import has_underway, list_running
from app.blueprints.accounts.door import Page, bp, forget_pages, prove
from app.blueprints.accounts.words import Problems
from app.blueprints.entrance import declares, require_viewer, site_actor
from app.kernel.db import unit_of_work
from app.media.actions import discard_all
from app.memberships.queries import list_owned, list_signatures
from app.policy import Action


@bp.get("/account/close")
@declares(Action.ACCOUNT_USE)
def close() -> Page:
    """Say what closing means, also for what is paid for, and ask for the password; an owner is told what
    to do first."""
    return _page(require_viewer(), Problems())


@bp.post("/account/close")
@declares(Action.ACCOUNT_USE)
def close_for_good() -> Page:
    """Close the account: memberships end, sessions end, what was written stays, what was searched goes."""
    viewer, problems = require_viewer(), Problems()
    proof = prove(viewer, "password", problems)
    if proof is None:
        return _page(viewer, problems)
    actor = site_actor()
    with unit_of_work():
        farewell.close(actor, proof=proof)
    farewell.note(current_app.extensions["planetarium.settings"].data_dir)
    discard_all(actor, storage=current_app.extensions["planetarium.storage"])
    session.clear()
    flash(gettext("Your account is closed. Thank you for having been here."), "ok")
    return forget_pages(redirect("/", code=303))


def _page(viewer: Viewer, problems: Problems) -> Page:
    html = render_template(
        "accounts/close.html",
        owned=list_owned(viewer.user_id),
        running=list_running(viewer.user_id),
        takeable=list_takeable(viewer.user_id),
        underway=has_underway(viewer.user_id),
        signatures=list_signatures(viewer.user_id),
        books=find_kept_books(viewer.user_id),
        errors=problems,
    )
    return html, problems.status
