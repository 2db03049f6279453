"""What the pages of accounts share: the blueprint, who asks, and beginning a browser's session."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

import flask_login
from flask import Blueprint, g, render_template, request, session
from werkzeug.wrappers import Response

from app.accounts import actions, limits
from app.accounts.actions import Proof
from app.accounts.limits import Origin
from app.accounts.queries import Viewer, find_viewer, prove_by_id
from app.blueprints.accounts import device
from app.blueprints.accounts.words import Problems
from app.blueprints.entrance import LoginSession, safe_next
from app.kernel.db import unit_of_work, write_if_free
from app.kernel.errors import Invalid, LimitReached, NotFound
from app.memberships.queries import InvitationPage, get_invitation

bp = Blueprint("accounts", __name__)

Page = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


def origin_of(email: str = "") -> Origin:
    """Return where this request comes from; `email` is the address that is tried, if any."""
    return Origin(
        address=request.remote_addr or "",
        user_agent=request.user_agent.string,
        device=device.known_for(email) if email else "",
    )


def begin_session(secret: str) -> None:
    """Sign this browser in with a session's secret; nothing of the visitor's session survives."""
    viewer = find_viewer(secret)
    session.clear()
    session.permanent = True
    flask_login.login_user(LoginSession(secret, viewer))  # type: ignore[arg-type]


def forget_pages(response: Response) -> Response:
    """Let the browser drop what it kept of pages: whoever sits there next must not go back to them.
    Cookies stay: the language, and the name by which this browser is known to have been signed in."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def find_next_invitation() -> InvitationPage | None:
    """Return the invitation that the visitor comes from and goes back to (`next`), if it is open.

    An installation that takes no strangers still takes those whom a planet invites.
    """
    found = re.fullmatch(r"/invitations/([\w-]+)", safe_next(""))
    try:
        return get_invitation(found.group(1)) if found else None
    except NotFound:
        return None


def within(count: Callable[[], None], problems: Problems) -> bool:
    """Count a try in a unit of work of its own; False, and noted, when there were too many."""
    try:
        with unit_of_work():
            count()
    except LimitReached as reached:
        problems.hold_up(reached)
        return False
    return True


def prove(viewer: Viewer, field: str, problems: Problems) -> Proof | None:
    """Return the proof of the password in a form's field; None, and noted, when it is not right."""
    if not within(lambda: limits.count_password(viewer.user_id), problems):
        return None
    proof = prove_by_id(viewer.user_id, request.form.get(field, ""))
    if proof is None:
        problems.note(Invalid(field, "wrong_password"))
    return proof


def gone(heading: str, sentence: str, *, way_out: tuple[str, str]) -> Page:
    """Return the page of a link that is used, expired or unknown; `way_out` is (label, address)."""
    html = render_template(
        "accounts/link_gone.html", heading=heading, sentence=sentence, way_out=way_out
    )
    return html, HTTPStatus.GONE


@bp.after_app_request
def refresh_session(response: Response) -> Response:
    """Write down now and then that the browser is in use: after the answer is decided, so that a
    busy database costs the reader nothing but this. Who asked for nothing personal (a stylesheet)
    was not looked up, and is not now."""
    viewer: Viewer | None = getattr(g.get("_login_user"), "viewer", None)
    session_id = viewer.session_id if viewer else 0
    due = viewer is not None and session_id and actions.refresh_is_due(viewer.last_seen_at)
    if due and write_if_free(lambda: actions.refresh_session(session_id)):
        # Send the cookie again, so that it lives as long as the row.
        session.modified = True
    return response


def shielded(html: str, status: int = HTTPStatus.OK) -> Page:
    """Return a page whose address holds a secret: no other page learns it from the Referer.

    `strict-origin` rather than `no-referrer`: the form's CSRF check wants to see an origin.
    """
    return html, status, {"Referrer-Policy": "strict-origin", "X-Robots-Tag": "noindex"}
