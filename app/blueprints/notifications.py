"""The door of notifications: the list of notices, and the way out of notices by mail."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.actions import stop_mail_notices
from app.blueprints.entrance import (
    current_site,
    declares,
    require_viewer,
    see_other,
    site_actor,
)
from app.blueprints.language import local_date
from app.kernel.db import unit_of_work, write_if_free
from app.kernel.errors import NotFound
from app.notifications import actions, queries
from app.notifications.kinds import sentence
from app.notifications.links import read_no_mail_token
from app.notifications.mailer import find_written, list_written
from app.notifications.pace import find_refused
from app.notifications.sight import Sight
from app.policy import Action

bp = Blueprint("notifications", __name__)


@bp.get("/notices")
@declares(Action.ACCOUNT_USE)
def notices() -> str:
    """List the viewer's notices, newest first."""
    page = queries.list_notices(
        require_viewer(),
        before=request.args.get("before", ""),
        after=request.args.get("after", ""),
    )
    empty = [one.public_id for one in page.notices if one.sight is None and not one.read]
    if empty:
        write_if_free(lambda: actions.mark_many_read(site_actor(), public_ids=empty))
    refused = find_refused([require_viewer().email])
    return render_template("notifications/notices.html", page=page, say=_say, refused=refused)


def _say(sight: Sight) -> str:
    return sentence(
        gettext,
        sight.kind,
        who=sight.who,
        planet=sight.planet,
        role=sight.role,
        day=local_date(sight.day) if sight.day else "",
    )


@bp.get("/notices/<public_id>")
@declares(Action.ACCOUNT_USE)
def open_notice(public_id: str) -> Response:
    """Mark a notice as read and lead to its place. A link, so that it opens in a new tab too."""
    notice, sight = queries.get_notice(require_viewer(), public_id)
    if notice.read_at is None:
        write_if_free(lambda: actions.mark_read(site_actor(), public_id=public_id))
    return redirect(sight.path, code=303)


@bp.post("/notices/read")
@declares(Action.ACCOUNT_USE)
def mark_all_read() -> Response:
    """Mark all notices as read."""
    require_viewer()
    with unit_of_work():
        actions.mark_all_read(site_actor())
    flash(gettext("All notices are marked as read."), "ok")
    return see_other("notifications.notices")


@bp.get("/notices/mail-off/<token>")
@declares("public")
def mail_off(token: str) -> str:
    """Show the button that switches notices by mail off; a GET alone changes nothing."""
    _reader_of(token)
    return render_template("notifications/mail_off.html", token=token, done=False)


@bp.post("/notices/mail-off/<token>")
@declares("public")
def stop_mail(token: str) -> str:
    """Switch notices by mail off. Mail programs post here on their own (RFC 8058), without cookies:
    the signed token is what gives the right, so no CSRF token is asked."""
    reader = _reader_of(token)
    with unit_of_work():
        stop_mail_notices(reader)
    return render_template("notifications/mail_off.html", token=token, done=True)


def _reader_of(token: str) -> str:
    reader = read_no_mail_token(token)
    if reader is None:
        raise NotFound("token")
    return reader


@bp.record_once
def _exempt_from_csrf(state: BlueprintSetupState) -> None:
    state.app.extensions["csrf"].exempt(stop_mail)


@bp.get("/dev/mail")
@declares("public")
def dev_mail() -> str:
    """In development: list the mails that the file backend wrote, so that links can be followed."""
    return render_template("notifications/dev_mail.html", mails=list_written(_mail_folder()))


@bp.get("/dev/mail/<name>")
@declares("public")
def dev_mail_text(name: str) -> str:
    """In development: show one of those mails."""
    mail = find_written(_mail_folder(), name)
    if mail is None:
        raise NotFound(name)
    return render_template("notifications/dev_mail_text.html", mail=mail)


def _mail_folder() -> Path:
    if not current_site().development:
        raise NotFound("development only")
    return Path(str(current_app.config["MAIL_FILE_PATH"]))
