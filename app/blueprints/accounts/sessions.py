"""The browsers in which a person is signed in."""

from __future__ import annotations

from flask import flash, render_template
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from app.accounts import actions, queries
from app.blueprints.accounts.door import Page, bp
from app.blueprints.entrance import declares, require_viewer, see_other, site_actor
from app.kernel.db import unit_of_work
from app.policy import Action


@bp.get("/account/sessions")
@declares(Action.ACCOUNT_USE)
def sessions() -> Page:
    """List the person's live sessions."""
    views = queries.list_sessions(require_viewer())
    return render_template("accounts/sessions.html", sessions=views)


@bp.post("/account/sessions/<public_id>/end")
@declares(Action.ACCOUNT_USE)
def end_session(public_id: str) -> Response:
    """End one session."""
    require_viewer()
    with unit_of_work():
        actions.revoke_session(site_actor(), public_id=public_id)
    flash(gettext("That device is signed out."), "ok")
    return see_other("accounts.sessions")


@bp.post("/account/sessions/end-others")
@declares(Action.ACCOUNT_USE)
def end_other_sessions() -> Response:
    """End every session but this browser's."""
    viewer = require_viewer()
    with unit_of_work():
        count = actions.revoke_other_sessions(site_actor(), session_id=viewer.session_id)
    flash(
        ngettext(
            "%(num)s other device is signed out.", "%(num)s other devices are signed out.", count
        ),
        "ok",
    )
    return see_other("accounts.sessions")
