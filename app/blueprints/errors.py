"""Error pages: each says what happened and what to do next, and leaks nothing of what is hidden."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import flask
from flask import Flask, current_app, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext, refresh
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.addresses import find_meant
from app.blueprints.entrance import current_viewer
from app.blueprints.origins import own_path
from app.blueprints.rail import Rail
from app.kernel.db import db
from app.kernel.errors import (
    Conflict,
    Invalid,
    LimitReached,
    NotFound,
    Refused,
    Unavailable,
)
from app.kernel.logs import get_logger
from app.kernel.troubles import Why, find_trouble
from app.policy import Reason

_log = get_logger("errors")

Answer = BaseResponse | tuple[str, int] | tuple[str, int, dict[str, str]]


class Words(NamedTuple):
    """What a refusal says: the sentence, and the way out as (label, endpoint)."""

    sentence: str
    label: str
    endpoint: str


_JOIN = (lazy_gettext("See how to join"), "planets.landing")
_BACK = (lazy_gettext("Back to the planet"), "planets.landing")
_ASK = (lazy_gettext("Ask a question"), "questions.ask")

REASONS: dict[Reason, Words] = {
    Reason.SIGN_IN: Words(
        lazy_gettext("Please sign in first."), lazy_gettext("Sign in"), "accounts.sign_in"
    ),
    Reason.CONFIRM_EMAIL: Words(
        lazy_gettext("Please confirm your e-mail address first. The link is in your mailbox."),
        lazy_gettext("Send the link again"),
        "accounts.confirmation",
    ),
    Reason.JOIN: Words(lazy_gettext("This is for members of the planet."), *_JOIN),
    Reason.PENDING: Words(lazy_gettext("Your request to join is waiting for a decision."), *_JOIN),
    Reason.RENEW: Words(
        lazy_gettext("Your membership has ended. Renew it to take part again."), *_JOIN
    ),
    Reason.REMOVED: Words(lazy_gettext("You were removed from this planet."), *_JOIN),
    Reason.MUTED: Words(
        lazy_gettext("You are muted for now: you can read, but not write."), *_BACK
    ),
    Reason.ASK_INSTEAD: Words(
        lazy_gettext(
            "In this planet only the owner and invited people publish. You can ask a question."
        ),
        *_ASK,
    ),
    Reason.COMMENTS_CLOSED: Words(lazy_gettext("Comments on this topic are closed."), *_BACK),
    Reason.COMMENTS_STAFF: Words(lazy_gettext("In this planet only staff comment."), *_ASK),
    Reason.COMMENTS_OFF: Words(lazy_gettext("Comments are switched off in this planet."), *_ASK),
    Reason.QUESTIONS_OFF: Words(lazy_gettext("Questions are switched off in this planet."), *_BACK),
    Reason.NOT_YOURS: Words(lazy_gettext("Only the person concerned can do this."), *_BACK),
    Reason.WINDOW_OVER: Words(lazy_gettext("The time to do this is over."), *_BACK),
    Reason.ALREADY_ANSWERED: Words(
        lazy_gettext(
            "An answered question stays for those who learn from it. You can take your name from it."
        ),
        *_BACK,
    ),
    Reason.NOT_OPEN: Words(lazy_gettext("This is not possible in its present state."), *_BACK),
    Reason.STAFF_ONLY: Words(lazy_gettext("Only the planet's staff can do this."), *_BACK),
    Reason.OWNER_ONLY: Words(lazy_gettext("Only the owner can do this."), *_BACK),
    Reason.PARTNERS_ONLY: Words(lazy_gettext("Only the owner and partners can do this."), *_BACK),
    Reason.LAST_OWNER: Words(
        lazy_gettext("A planet needs an owner. Hand it over before you leave."), *_BACK
    ),
    Reason.INVITATION_ONLY: Words(
        lazy_gettext("This planet takes members by invitation only."), *_JOIN
    ),
    Reason.PAUSED: Words(
        lazy_gettext("This planet is paused: nothing is sold, and nobody's time passes."), *_BACK
    ),
    Reason.NEVER_ENDS: Words(
        lazy_gettext("Your access does not end: there is nothing to buy."), *_BACK
    ),
    Reason.NOT_APPROVED: Words(
        lazy_gettext("Staff let people in here before they buy. Ask to join first."), *_JOIN
    ),
    Reason.OWN_MONEY: Words(
        lazy_gettext("You paid this yourself: the owner or somebody else on the team decides."),
        *_BACK,
    ),
    Reason.ALREADY_MEMBER: Words(lazy_gettext("You are a member already."), *_BACK),
    Reason.SITE_ADMINS_ONLY: Words(
        lazy_gettext("Planets are created by this site's administrators."),
        lazy_gettext("Discover planets"),
        "planets.discover",
    ),
    Reason.DIRECTORY_HIDDEN: Words(
        lazy_gettext("The list of members is not open in this planet."), *_BACK
    ),
    Reason.HIGHER_ROLE: Words(
        lazy_gettext("This can be done only to somebody whose role is below yours."), *_BACK
    ),
}


# The fields that people write in, as the page of an error shows them.
_WRITTEN = (
    "name",
    "title",
    "text",
    "answer",
    "intro",
    "bio",
    "source",
    "reason",
    "note",
    "memo",
    "tags",
)
# After how many seconds it makes sense to come back.
_RETRY: dict[Why, int] = {"busy": 5, "full": 60, "away": 15}
_SECRET = frozenset({"code", "token", "secret"})


def wants_json() -> bool:
    """Whether the request comes from a script of ours rather than from a person's navigation."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def _page(
    status: int,
    *,
    title: str,
    sentence: str,
    link: tuple[str, str] | None = None,
    again: list[tuple[str, str]] | None = None,
) -> Answer:
    # By which whoever runs the site finds it in the log; worth showing where the fault is ours.
    number = str(g.get("request_id", "")) if status >= 500 else ""
    if wants_json():
        answer = jsonify(error=sentence, number=number) if number else jsonify(error=sentence)
        answer.status_code = status
        return answer
    html = render_template(
        "errors/error.html",
        status=status,
        title=title,
        sentence=sentence,
        link=link,
        typed=_typed(),
        again=again or [],
        number=number,
    )
    return html, status


def _form() -> MultiDict[str, str]:
    """Return the form that was refused; empty when it is from no page of ours: no other site may have
    its words shown here."""
    if request.method != "POST" or not own_path():
        return MultiDict()
    try:
        return request.form
    except (HTTPException, OSError):
        # Too large to be read at all, or no room to keep it while it is read.
        return MultiDict()


def _typed() -> str:
    """Return what somebody wrote in the form that was refused: no words of theirs are lost."""
    form = _form()
    return "\n\n".join(words for name in _WRITTEN if (words := form.get(name, "").strip()))


def _again() -> list[tuple[str, str]]:
    """Return the fields by which the refused form can be sent again; none when it held a secret."""
    fields = list(_form().items(multi=True))
    secret = any("password" in name or name in _SECRET for name, _value in fields)
    # A file cannot be sent again from a page; without it the form would mean something else.
    return [] if secret or any(file.filename for file in request.files.values()) else fields


def _not_found(_error: Exception) -> Answer:
    """One page for what is hidden and what never was: the same words, the same way out."""
    if (meant := find_meant()) is not None:
        return redirect(meant.address, code=meant.code)
    return _nothing()


def _nothing() -> Answer:
    planet = g.get("planet")
    if planet is not None and current_viewer() is None:
        sentence = gettext(
            "There is nothing here that visitors can open. Members see more after signing in."
        )
    else:
        sentence = gettext(
            "This page does not exist, or it is not open to you. Links to newer topics open again "
            "after a membership is renewed."
        )
    link = None
    if planet is not None:
        link = (gettext("To the planet"), url_for("planets.landing", slug=planet.slug))
    return _page(404, title=gettext("Nothing to see here"), sentence=sentence, link=link)


def _refused(error: Refused) -> Answer:
    reason = Reason(error.reason)
    if reason is Reason.SIGN_IN and request.method == "GET" and not wants_json():
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")), code=303)
    words = REASONS[reason]
    if words.endpoint not in current_app.view_functions:
        words = words._replace(label=_BACK[0], endpoint=_BACK[1])
    planet = g.get("planet")
    values = {"slug": planet.slug} if planet is not None else {}
    known = current_app.url_map.is_endpoint_expecting(words.endpoint, "slug")
    target = url_for(words.endpoint, **(values if known else {})) if values or not known else "/"
    return _page(
        403,
        title=gettext("Not possible here"),
        sentence=str(words.sentence),
        link=(str(words.label), target),
    )


def _invalid(_error: Exception) -> Answer:
    return _page(
        422,
        title=gettext("That did not work"),
        sentence=gettext("Something in the request was not right. Go back and try again."),
    )


def _unfit(error: DataError | OverflowError) -> Answer:
    """What no column can hold (a NUL, a number of thirty digits) is sent by no page of ours. SQLite's
    driver calls such a number an OverflowError."""
    db.session.rollback()
    return _nothing() if request.method in ("GET", "HEAD") else _invalid(error)


def _conflict(_error: Conflict) -> Answer:
    return _page(
        409,
        title=gettext("Somebody was faster"),
        sentence=gettext("This changed in the meantime. Go back, load the page again and repeat."),
    )


def _too_many(error: LimitReached) -> Answer:
    """Say how long to wait. What was typed stands there, and goes off again by one press."""
    wait = gettext("%(n)s minutes", n=error.minutes)
    if error.retry_after <= 90:
        wait = gettext("%(n)s seconds", n=error.retry_after)
    answer = _page(
        429,
        title=gettext("A short break"),
        sentence=gettext("That was a lot in a short time. Try again in %(wait)s.", wait=wait),
        again=_again(),
    )
    response = current_app.make_response(answer)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _csrf(_error: CSRFError) -> Answer:
    return _page(
        400,
        title=gettext("The page was open too long"),
        sentence=gettext("For your safety, go back, load the page again and send it once more."),
    )


def _http(error: HTTPException) -> Answer:
    if error.response is not None or (error.code or 500) < 400:
        return flask.current_app.make_response(error.get_response())
    titles = {
        403: gettext("Not sent from here"),
        405: gettext("That is not how this page is opened"),
        413: gettext("Too large"),
        503: gettext("A short break"),
    }
    sentences = {
        403: gettext(
            "This came from a page of another site, so nothing was done. Open the page here and send it "
            "again."
        ),
        413: gettext("What you sent is larger than this site accepts."),
        503: gettext("Too many uploads are under way. Go back and try again in half a minute."),
    }
    status = error.code or 500
    answer = _page(
        status,
        title=titles.get(status, gettext("That did not work")),
        sentence=sentences.get(status, gettext("Go back and try again.")),
    )
    wait = getattr(error, "retry_after", None)
    if wait is None:
        return answer
    response = current_app.make_response(answer)
    response.headers["Retry-After"] = str(wait)
    return response


def _unavailable(error: Exception) -> Answer:
    """The database or the disk takes or gives nothing now: say so in time, and keep what was typed."""
    why = find_trouble(error)
    if why is None:
        if current_app.testing:
            raise error
        return _crash(error)
    _log.error("the database or the disk is in trouble", why=why, exc_info=error)
    if why == "away":
        _ask_nothing()
    answer = _page_in_need(
        503, title=lambda: gettext("A short break"), sentence=lambda: _trouble(why), again=_again
    )
    response = current_app.make_response(answer)
    response.headers["Retry-After"] = str(_RETRY[why])
    return response


def _trouble(why: Why) -> str:
    sentence = gettext(
        "The site is busy at this moment and did not take what you sent. Wait a few seconds and send it "
        "again."
    )
    if request.method in ("GET", "HEAD"):
        sentence = gettext("This page cannot be shown right now. Try again in a moment.")
    elif why == "full":
        sentence = gettext(
            "Nothing can be stored here right now: whoever runs this site has to make room. Reading goes on. "
            "Keep what you wrote, and send it again later."
        )
    return str(sentence)


def _page_in_need(
    status: int,
    *,
    title: Callable[[], str],
    sentence: Callable[[], str],
    again: Callable[[], list[tuple[str, str]]] = list,
) -> Answer:
    """Return an error's page, which is there also when the database is not: then without the reader's
    own frame and, as it must be, language."""
    for attempt in (db.session.rollback, _ask_nothing):
        try:
            attempt()
            return _page(status, title=title(), sentence=sentence(), again=again())
        except SQLAlchemyError:
            continue
    return f"{status} {g.get('request_id', '')}", status


def _ask_nothing() -> None:
    """Let the rest of this request be a visitor's, who is in no planet: that needs no database."""
    db.session.remove()
    g.pop("planet", None)
    g.pop("actor", None)
    g._login_user = AnonymousUserMixin()
    g.rail, g.unread_notices = Rail(), 0
    refresh()


def _crash(error: Exception) -> Answer:
    current_app.logger.exception("unhandled error", exc_info=error)
    return _page_in_need(
        500,
        title=lambda: gettext("Something broke on our side"),
        sentence=lambda: gettext("It has been written down. Please try again in a moment."),
    )


def _or_unavailable(handler: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Return a handler that may find the database in trouble itself: its pages have the reader's frame."""

    @wraps(handler)
    def handle(error: Exception) -> Answer:
        try:
            return handler(error)
        except (Unavailable, DBAPIError) as trouble:
            return _unavailable(trouble)

    return handle


def install(app: Flask) -> None:
    """Register a page for every error of the rooms and of HTTP."""
    handlers: dict[type[Exception] | int, Callable[[Any], Answer]] = {
        NotFound: _not_found,
        404: _not_found,
        Refused: _refused,
        Invalid: _invalid,
        Conflict: _conflict,
        DataError: _unfit,
        OverflowError: _unfit,
        LimitReached: _too_many,
        CSRFError: _csrf,
        HTTPException: _http,
    }
    for error, handler in handlers.items():
        app.register_error_handler(error, _or_unavailable(handler))
    for trouble in (Unavailable, DBAPIError, OSError):
        app.register_error_handler(trouble, _unavailable)
    if not app.testing:
        app.register_error_handler(Exception, _crash)
