"""Signing up: the form, the word that a letter is on its way, and the link of that letter."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts import actions, limits, queries
from app.accounts.addresses import normalise_email
from app.accounts.names import clean_name
from app.accounts.passwords import check_password, hash_password, verify_password
from app.accounts.queries import SignUpView
from app.accounts.reserved import check_free
from app.blueprints.accounts import device
from app.blueprints.accounts.door import (
    Page,
    begin_session,
    bp,
    find_next_invitation,
    gone,
    origin_of,
    shielded,
    within,
)
from app.blueprints.accounts.words import Problems
from app.blueprints.entrance import (
    current_site,
    current_viewer,
    declares,
    safe_next,
    see_other,
)
from app.blueprints.page import choose_locale
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound

# What the visitor's session remembers between the form and the link, for known addresses too.
WISH = "sign_up"
AFTERWARDS = "after_sign_up"


@dataclass(frozen=True, slots=True)
class SignUpForm:
    """What was typed."""

    name: str = ""
    email: str = ""
    password: str = ""

    @classmethod
    def read(cls) -> SignUpForm:
        """Parse the request."""
        fields = request.form
        return cls(fields.get("name", ""), fields.get("email", ""), fields.get("password", ""))


@bp.get("/sign-up")
@declares("public")
def sign_up() -> Page:
    """Show the form; who is signed in already goes on."""
    if current_viewer() is not None:
        return redirect(safe_next("/"), code=303)
    return _form(SignUpForm(), Problems())


@bp.post("/sign-up")
@declares("public")
def send_sign_up() -> Page:
    """Take the wish and say that a letter is on its way, whoever the address belongs to."""
    invitation = find_next_invitation()
    if not current_site().sign_up_open and invitation is None:
        return _form(SignUpForm(), Problems())
    form, problems = SignUpForm.read(), Problems()
    newcomer = _check(form, problems)
    if newcomer and not current_site().sign_up_open and invitation:
        problems.check(_check_invited, newcomer.email, invitation.email)
        newcomer = None if problems else newcomer
    if newcomer is None or not within(lambda: limits.count_sign_up(origin_of()), problems):
        return _form(form, problems)
    with unit_of_work():
        session[WISH] = actions.sign_up(newcomer)
    session[AFTERWARDS] = safe_next("/")
    session["sign_up_email"] = newcomer.email
    return see_other("accounts.sign_up_sent")


def _check(form: SignUpForm, problems: Problems) -> actions.Newcomer | None:
    name = problems.check(clean_name, form.name)
    if name is not None:
        problems.check(check_free, name)
    email = problems.check(normalise_email, form.email)
    problems.check(check_password, form.password, personal=(form.name, form.email))
    if name is None or email is None or problems:
        return None
    return actions.Newcomer(
        name=name, email=email, password_hash=hash_password(form.password), language=choose_locale()
    )


def _check_invited(email: str, invited: str) -> None:
    if email != invited:
        raise Invalid("email", "not_invited")


def _form(form: SignUpForm, problems: Problems) -> Page:
    if not current_site().sign_up_open and find_next_invitation() is None:
        return render_template("accounts/sign_up_closed.html"), HTTPStatus.FORBIDDEN
    page = render_template("accounts/sign_up.html", form=form, errors=problems, next=safe_next(""))
    return page, problems.status


@bp.get("/sign-up/sent")
@declares("public")
def sign_up_sent() -> Page:
    """Say where the letter went and what to do when it does not come."""
    if WISH not in session:
        return see_other("accounts.sign_up")
    return render_template("accounts/sign_up_sent.html", email=session.get("sign_up_email", ""))


@bp.post("/sign-up/sent")
@declares("public")
def repeat_letter() -> Page:
    """Send the letter again."""
    if WISH not in session:
        return see_other("accounts.sign_up")
    with unit_of_work():
        limits.count_letter_request(origin_of())
    with unit_of_work():
        actions.repeat_sign_up_letter(session[WISH])
    flash(gettext("We have sent the e-mail again."), "ok")
    return see_other("accounts.sign_up_sent")


@bp.get("/confirm/<secret>")
@declares("public")
def confirm(secret: str) -> Page:
    """Show the button that opens the account; a GET alone changes nothing."""
    wish = queries.find_sign_up(secret)
    return _used_up() if wish is None else _confirm_page(secret, wish, Problems())


@bp.post("/confirm/<secret>")
@declares("public")
def open_account(secret: str) -> Page:
    """Open the account and sign in. A browser that did not sign up proves the password, so that
    nobody confirms an account whose password a stranger chose."""
    wish = queries.find_sign_up(secret)
    if wish is None:
        return _used_up()
    problems = Problems()
    if _asks_for_password(wish):
        if not within(lambda: limits.count_confirmation(wish.public_id), problems):
            return _confirm_page(secret, wish, problems)
        if not verify_password(wish.password_hash, request.form.get("password", "")):
            problems.note(Invalid("password", "wrong_password"))
            return _confirm_page(secret, wish, problems)
    try:
        with unit_of_work():
            user_id = actions.open_account(secret)
            begun = actions.start_session(user_id, origin=origin_of())
    except NotFound:
        return _used_up()
    except Conflict:
        return gone(
            gettext("There is an account already"),
            gettext("This address has been confirmed in the meantime. Sign in with its password."),
            way_out=(gettext("Sign in"), url_for("accounts.sign_in")),
        )
    return _welcome(wish, begun)


def _welcome(wish: SignUpView, begun: str) -> Response:
    target = session.get(AFTERWARDS) or "/"
    begin_session(begun)
    flash(gettext("Welcome, %(name)s.", name=wish.name), "ok")
    response = redirect(target, code=303)
    device.remember(response, wish.email)
    return response


def _asks_for_password(wish: SignUpView) -> bool:
    return bool(session.get(WISH) != wish.public_id)


def _confirm_page(secret: str, wish: SignUpView, problems: Problems) -> Page:
    html = render_template(
        "accounts/confirm.html",
        secret=secret,
        wish=wish,
        errors=problems,
        asks_for_password=_asks_for_password(wish),
    )
    return shielded(html, problems.status)


def _used_up() -> Page:
    return gone(
        gettext("This link has been used or is too old"),
        gettext("If your account is open already, sign in. Otherwise sign up again."),
        way_out=(gettext("Sign in"), url_for("accounts.sign_in")),
    )
