"""A person's own pages: profile, preferences, address and password."""

from __future__ import annotations

from flask import flash, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts import actions, limits, queries
from app.accounts.actions import Preferences, Profile
from app.accounts.addresses import normalise_email
from app.accounts.passwords import check_password, hash_password
from app.accounts.queries import Viewer
from app.accounts.reserved import check_free
from app.blueprints.accounts.door import Page, bp, prove, within
from app.blueprints.accounts.words import Problems
from app.blueprints.accounts.zones import timezone_groups
from app.blueprints.entrance import declares, require_viewer, see_other, site_actor, storage
from app.blueprints.media import upload_words
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.media.actions import Upload, store_picture
from app.memberships.actions import follow_name
from app.notifications.pace import find_refused
from app.policy import Action


@bp.get("/account")
@declares(Action.ACCOUNT_USE)
def profile() -> Page:
    """Show name, avatar and bio."""
    viewer = require_viewer()
    settings = queries.get_settings(viewer)
    return _profile_page(Profile(viewer.name, settings.bio), Problems())


@bp.post("/account")
@declares(Action.ACCOUNT_USE)
def save_profile() -> Page:
    """Change name and bio; the name is carried into the planets where it is shown."""
    viewer = require_viewer()
    typed = Profile(request.form.get("name", ""), request.form.get("bio", ""))
    problems = Problems()
    clean = problems.check(actions.clean_profile, typed.name, typed.bio)
    renamed = clean is not None and clean.name != viewer.name
    if clean is not None and renamed and not viewer.site_admin:
        problems.check(check_free, clean.name)
    if clean is None or problems:
        return _profile_page(typed, problems)
    if renamed and not within(lambda: limits.count_name(viewer.user_id), problems):
        return _profile_page(typed, problems)
    with unit_of_work():
        actions.edit_profile(site_actor(), profile=clean)
        if renamed:
            follow_name(site_actor(), former=viewer.name)
    flash(gettext("Saved."), "ok")
    return see_other("accounts.profile")


def _profile_page(form: Profile, problems: Problems) -> Page:
    page = render_template(
        "accounts/profile.html", form=form, errors=problems, bio_max=actions.BIO_MAX
    )
    return page, problems.status


@bp.post("/account/avatar")
@declares(Action.ACCOUNT_USE)
def change_avatar() -> Page:
    """Take another picture, or none (`remove`)."""
    viewer, sent = require_viewer(), request.files.get("avatar")
    public_id = ""
    if "remove" not in request.form:
        if sent is None or not sent.filename:
            return _avatar_refused(viewer, gettext("Choose a picture first."))
        upload = Upload(filename=sent.filename, stream=sent.stream)
        try:
            public_id = store_picture(
                site_actor(), storage=storage(), upload=upload, purpose="avatar"
            )
        except Invalid as error:
            return _avatar_refused(viewer, upload_words(error))
    with unit_of_work():
        actions.set_avatar(site_actor(), public_id=public_id)
    flash(gettext("Saved."), "ok")
    return see_other("accounts.profile")


def _avatar_refused(viewer: Viewer, words: str) -> Page:
    held = Profile(viewer.name, queries.get_settings(viewer).bio)
    return _profile_page(held, Problems(avatar=words))


@bp.get("/account/preferences")
@declares(Action.ACCOUNT_USE)
def preferences() -> Page:
    """Show language, time zone, theme and mails."""
    viewer = require_viewer()
    held = Preferences(
        language=viewer.language,
        timezone=viewer.timezone,
        theme=viewer.theme,
        mail_notices=queries.get_settings(viewer).mail_notices,
    )
    return _preferences_page(held, Problems())


@bp.post("/account/preferences")
@declares(Action.ACCOUNT_USE)
def save_preferences() -> Page:
    """Change language, time zone, theme and mails."""
    require_viewer()
    form, problems = _read_preferences(), Problems()
    try:
        with unit_of_work():
            actions.edit_preferences(site_actor(), preferences=form)
    except Invalid as error:
        problems.note(error)
        return _preferences_page(form, problems)
    flash(gettext("Saved."), "ok")
    return see_other("accounts.preferences")


def _read_preferences() -> Preferences:
    fields = request.form
    return Preferences(
        language=fields.get("language", ""),
        timezone=fields.get("timezone", ""),
        theme=fields.get("theme", ""),
        mail_notices="mail_notices" in fields,
    )


def _preferences_page(form: Preferences, problems: Problems) -> Page:
    page = render_template(
        "accounts/preferences.html", form=form, errors=problems, zones=timezone_groups()
    )
    return page, problems.status


@bp.get("/account/security")
@declares(Action.ACCOUNT_USE)
def security() -> Page:
    """Show the forms for another address and another password."""
    require_viewer()
    return _security_page("", Problems())


@bp.post("/account/address")
@declares(Action.ACCOUNT_USE)
def change_address() -> Page:
    """Ask to change the address: letters go to the new one and to the old one."""
    viewer, problems = require_viewer(), Problems()
    typed = request.form.get("email", "")
    email = problems.check(normalise_email, typed)
    if email == viewer.email:
        problems.note(Invalid("email", "same_address"))
    proof = prove(viewer, "address_password", problems)
    if email is None or proof is None or problems:
        return _security_page(typed, problems)
    if not within(lambda: limits.count_change(viewer.user_id), problems):
        return _security_page(typed, problems)
    with unit_of_work():
        actions.want_address(site_actor(), proof=proof, email=email)
    flash(gettext("We have sent a link to the new address."), "ok")
    return see_other("accounts.security")


@bp.post("/account/password")
@declares(Action.ACCOUNT_USE)
def change_password() -> Response | Page:
    """Change the password; every other session ends."""
    viewer, problems = require_viewer(), Problems()
    password = request.form.get("password", "")
    problems.check(check_password, password, personal=(viewer.name, viewer.email))
    proof = prove(viewer, "current_password", problems)
    if proof is None or problems:
        return _security_page("", problems)
    password_hash = hash_password(password)
    with unit_of_work():
        actions.change_password(
            site_actor(), proof=proof, password_hash=password_hash, session_id=viewer.session_id
        )
    flash(gettext("Your password is changed. All other devices are signed out."), "ok")
    return see_other("accounts.security")


def _security_page(typed: str, problems: Problems) -> Page:
    page = render_template(
        "accounts/security.html",
        email=typed,
        errors=problems,
        refused=find_refused([require_viewer().email]),
    )
    return page, problems.status
