"""Links from letters about an account: a new password, a proven address."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext

from app.accounts import actions, limits, queries
from app.accounts.actions import Purpose
from app.accounts.addresses import normalise_email
from app.accounts.passwords import check_password, hash_password
from app.accounts.queries import LinkView
from app.blueprints.accounts import device
from app.blueprints.accounts.door import Page, bp, gone, origin_of, shielded, within
from app.blueprints.accounts.words import Problems
from app.blueprints.entrance import current_viewer, declares, require_viewer, see_other, site_actor
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, NotFound
from app.policy import Action

_ADDRESS = (Purpose.CONFIRM, Purpose.CHANGE_EMAIL)


@bp.get("/reset")
@declares("public")
def reset() -> Page:
    """Show the form that asks for a letter."""
    return render_template("accounts/reset.html", email="", errors=Problems())


@bp.post("/reset")
@declares("public")
def ask_reset() -> Page:
    """Ask for the letter; the answer is the same whoever the address belongs to."""
    typed, problems = request.form.get("email", ""), Problems()
    email = problems.check(normalise_email, typed)
    allowed = email and within(lambda: limits.count_letter_request(origin_of()), problems)
    if email is None or not allowed:
        page = render_template("accounts/reset.html", email=typed, errors=problems)
        return page, problems.status
    with unit_of_work():
        actions.want_reset(email)
    return see_other("accounts.reset_sent")


@bp.get("/reset/sent")
@declares("public")
def reset_sent() -> Page:
    """Say that a letter is on its way if the address has an account."""
    return render_template("accounts/reset_sent.html")


@bp.get("/reset/<secret>")
@declares("public")
def new_password(secret: str) -> Page:
    """Show the form for a new password; a GET alone changes nothing."""
    link = queries.find_link(secret, Purpose.RESET)
    return _reset_gone() if link is None else _reset_page(secret, link, Problems())


@bp.post("/reset/<secret>")
@declares("public")
def set_password(secret: str) -> Page:
    """Set the new password. All sessions end, this browser's too: the next step is to sign in."""
    link = queries.find_link(secret, Purpose.RESET)
    if link is None:
        return _reset_gone()
    password, problems = request.form.get("password", ""), Problems()
    problems.check(check_password, password, personal=(link.name, link.email))
    if problems:
        return _reset_page(secret, link, problems)
    password_hash = hash_password(password)
    try:
        with unit_of_work():
            actions.reset_password(secret, password_hash=password_hash)
    except NotFound:
        return _reset_gone()
    session.clear()
    flash(gettext("Your new password is set. Please sign in with it."), "ok")
    response = see_other("accounts.sign_in")
    # The mailbox was proven in this browser: counters that others filled do not keep it out.
    device.remember(response, link.email)
    return response


def _reset_page(secret: str, link: LinkView, problems: Problems) -> Page:
    html = render_template("accounts/new_password.html", secret=secret, link=link, errors=problems)
    return shielded(html, problems.status)


def _reset_gone() -> Page:
    return gone(
        gettext("This link has been used or is too old"),
        gettext("A link for a new password works once, and for one hour."),
        way_out=(gettext("Send a new link"), url_for("accounts.reset")),
    )


@bp.get("/confirmation")
@declares(Action.ACCOUNT_USE)
def confirmation() -> Page:
    """Show that the person's address is not proven yet, and the button that sends the link."""
    viewer = require_viewer()
    return render_template("accounts/confirmation.html", email=viewer.email)


@bp.post("/confirmation")
@declares(Action.ACCOUNT_USE)
def send_confirmation() -> Page:
    """Send the link."""
    viewer = require_viewer()
    with unit_of_work():
        limits.count_change(viewer.user_id)
    with unit_of_work():
        actions.want_confirmation(site_actor())
    flash(gettext("The e-mail is on its way."), "ok")
    return see_other("accounts.confirmation")


@bp.get("/address/<secret>")
@declares("public")
def address(secret: str) -> Page:
    """Show the button that makes an address the person's own; a GET alone changes nothing."""
    link = queries.find_link(secret, *_ADDRESS)
    if link is None:
        return _address_gone()
    return shielded(render_template("accounts/address.html", secret=secret, link=link))


@bp.post("/address/<secret>")
@declares("public")
def prove_address(secret: str) -> Page:
    """Make the address the person's own."""
    try:
        with unit_of_work():
            user_id = actions.prove_address(secret)
    except NotFound:
        return _address_gone()
    except Conflict:
        return gone(
            gettext("This address belongs to another account"),
            gettext("Your account keeps the address it had."),
            way_out=(gettext("To my account"), url_for("accounts.security")),
        )
    flash(gettext("Your e-mail address is confirmed."), "ok")
    viewer = current_viewer()
    mine = viewer is not None and viewer.user_id == user_id
    return redirect(url_for("accounts.security" if mine else "accounts.sign_in"), code=303)


def _address_gone() -> Page:
    return gone(
        gettext("This link has been used or is too old"),
        gettext("You can ask for a new one in your account."),
        way_out=(gettext("To my account"), url_for("accounts.security")),
    )
