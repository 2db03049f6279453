"""Signing in and out, and the language of visitors."""

from __future__ import annotations

from flask import current_app, redirect, render_template, request, session
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.accounts import actions, limits, queries
from app.accounts.actions import Proof
from app.accounts.addresses import normalise_email
from app.accounts.failures import note_failure
from app.accounts.limits import Origin
from app.blueprints.accounts import device
from app.blueprints.accounts.door import (
    Page,
    begin_session,
    bp,
    find_next_invitation,
    forget_pages,
    origin_of,
)
from app.blueprints.accounts.words import Problems
from app.blueprints.entrance import (
    current_site,
    current_viewer,
    declares,
    require_viewer,
    safe_next,
    site_actor,
)
from app.blueprints.page import LANGUAGE_COOKIE, LANGUAGES
from app.kernel.db import unit_of_work
from app.kernel.errors import LimitReached, NotFound
from app.policy import Action


@bp.get("/sign-in")
@declares("public")
def sign_in() -> Page:
    """Show the form; who is signed in already goes on."""
    if current_viewer() is not None:
        return redirect(safe_next("/"), code=303)
    return _form("", Problems())


@bp.post("/sign-in")
@declares("public")
def check_sign_in() -> Page:
    """Sign in. A wrong password and an unknown address get the same answer, and so do their limits."""
    typed, problems = request.form.get("email", ""), Problems()
    email = problems.check(normalise_email, typed)
    if email is None:
        return _form(typed, problems)
    origin = origin_of(email)
    try:
        with unit_of_work():
            limits.count_sign_in(email, origin)
    except LimitReached as reached:
        problems.hold_up(reached)
        # Said to everybody alike, whoever the address belongs to.
        problems[""] += " " + gettext("Or use a browser in which you were signed in before.")
        with unit_of_work():
            note_failure("held_up")
        return _form(typed, problems)
    proof = queries.prove_by_email(email, request.form.get("password", ""))
    secret = _start(proof, origin) if proof else None
    if secret is None:
        problems[""] = gettext("E-mail address or password is not right.")
        with unit_of_work():
            note_failure("wrong")
        return _form(typed, problems)
    begin_session(secret)
    response = redirect(safe_next("/"), code=303)
    device.remember(response, email)
    return response


def _start(proof: Proof, origin: Origin) -> str | None:
    try:
        with unit_of_work():
            return actions.sign_in(proof, origin=origin)
    except NotFound:
        return None


def _form(typed: str, problems: Problems) -> Page:
    html = render_template(
        "accounts/sign_in.html",
        email=typed,
        errors=problems,
        next=safe_next(""),
        may_sign_up=current_site().sign_up_open or find_next_invitation() is not None,
    )
    return html, problems.status


@bp.post("/sign-out")
@declares(Action.ACCOUNT_USE)
def sign_out() -> Response:
    """End this browser's session."""
    viewer = require_viewer()
    with unit_of_work():
        actions.sign_out(site_actor(), session_id=viewer.session_id)
    session.clear()
    return forget_pages(redirect("/", code=303))


@bp.post("/language")
@declares("public")
def language() -> Response:
    """Switch the language: of the account, or of a visitor by a cookie."""
    wish = request.form.get("language", "")
    response = redirect(_page_or_home(safe_next("/")), code=303)
    if wish not in LANGUAGES:
        return response
    if current_viewer() is not None:
        with unit_of_work():
            actions.set_language(site_actor(), language=wish)
    response.set_cookie(LANGUAGE_COOKIE, wish, max_age=400 * 24 * 3600, samesite="Lax")
    return response


def _page_or_home(path: str) -> str:
    """The page of a refused form may stand at an address that only a POST reaches."""
    try:
        current_app.url_map.bind("").match(path.partition("?")[0], method="GET")
    except HTTPException:
        return "/"
    return path
