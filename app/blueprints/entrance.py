"""The entrance: who comes in, into which planet, and what each route declares about rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import flask_login
from flask import abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.accounts.queries import Viewer, find_viewer
from app.kernel.errors import NotFound, Refused
from app.media.storage import Storage
from app.memberships.queries import enter_planet as query_entry
from app.memberships.queries import site_actor as query_site_actor
from app.planets.queries import PlanetView
from app.policy import Action, Actor, Reason, Verdict, can

View = TypeVar("View", bound=Callable[..., Any])

_RULES_PUT_OFF = "rules_put_off"
# What somebody must reach before he has accepted new rules: the rules themselves, and the way out.
_OPEN_BEFORE_RULES = frozenset(
    {
        "planets.landing",
        "planets.rules",
        "planets.rules_history",
        "memberships.rules",
        "memberships.mine",
        "memberships.leave",
        "billing.gift",
        "billing.order",
        "billing.purchases",
    }
)


@dataclass(frozen=True, slots=True)
class Site:
    """What doors and handlers may know of the installation. Made by the factory from settings."""

    name: str
    base_url: str
    data_dir: str
    default_language: str
    default_timezone: str
    everyone_may_create: bool
    sign_up_open: bool
    development: bool


class LoginSession:
    """Flask-Login's user: a signed-in browser. Its id is the session's secret, not the user's id."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, secret: str, viewer: Viewer) -> None:
        self.secret = secret
        self.viewer = viewer

    def get_id(self) -> str:
        """Return the secret that the signed cookie carries."""
        return self.secret


def declares(action: Action | Literal["public"]) -> Callable[[View], View]:
    """Mark a view with the policy action it stands under, or `public`. A test walks all routes."""

    def mark(view: View) -> View:
        view.policy_action = action  # type: ignore[attr-defined]
        return view

    return mark


def load_login(secret: str) -> LoginSession | None:
    """Flask-Login's user loader: look the session up in our own table."""
    viewer = find_viewer(secret)
    return LoginSession(secret, viewer) if viewer else None


class Logins(flask_login.LoginManager):  # type: ignore[misc]
    """Flask-Login's manager, told that the session's cookie is all that signs anybody in. Its own way
    hashes the browser's name and looks for remembering cookies and headers on each request."""

    def _load_user(self) -> None:
        secret = session.get("_user_id")
        g._login_user = (load_login(secret) if secret else None) or self.anonymous_user()


def current_site() -> Site:
    """Return the installation's facts."""
    site: Site = current_app.extensions["planetarium.site"]
    return site


def storage() -> Storage:
    """Return where uploads lie."""
    found: Storage = current_app.extensions["planetarium.storage"]
    return found


def current_viewer() -> Viewer | None:
    """Return the signed-in person, or None for a visitor. One query a request at most."""
    # Where Flask-Login keeps him; its proxy asks the same in five steps, twenty times a page.
    user = g.get("_login_user") or flask_login.current_user
    return getattr(user, "viewer", None)


def require_viewer() -> Viewer:
    """Return the signed-in person; Refused(sign_in) for a visitor, answered by the sign-in page."""
    viewer = current_viewer()
    if viewer is None:
        raise Refused(Reason.SIGN_IN)
    return viewer


def site_actor() -> Actor:
    """Return the viewer as an actor outside any planet."""
    return query_site_actor(current_viewer(), may_create=current_site().everyone_may_create)


def enter_planet(slug: str) -> tuple[PlanetView, Actor]:
    """Return the planet and the viewer as an actor in it, and keep both for the page's frame.

    NotFound when there is no such planet (former slugs: `addresses.find_meant`). Whoever has new
    rules before him is led to them first, when he opens a page.
    """
    planet, actor = query_entry(
        slug, current_viewer(), may_create=current_site().everyone_may_create
    )
    g.planet, g.actor = planet, actor
    # Who goes too fast is told here, where it is known whether they are staff: `pacing`.
    if (count := g.pop("on_entry", None)) is not None:
        count(actor)
    if actor.rules_due and _is_reading() and not _put_off(planet):
        ahead = url_for("memberships.rules", slug=planet.slug, next=request.full_path.rstrip("?"))
        abort(redirect(ahead, code=303))
    return planet, actor


def put_off_rules(planet: PlanetView) -> None:
    """Let this browser read on without accepting this version of the rules, until it is closed."""
    session[_RULES_PUT_OFF] = {
        **session.get(_RULES_PUT_OFF, {}),
        planet.public_id: planet.rules_version,
    }


def _put_off(planet: PlanetView) -> bool:
    return bool(session.get(_RULES_PUT_OFF, {}).get(planet.public_id) == planet.rules_version)


def _is_reading() -> bool:
    """Whether somebody opens a page: forms that are sent, scripts and files are never held up."""
    if request.method != "GET" or request.endpoint in _OPEN_BEFORE_RULES:
        return False
    fragment = "X-Fragment" in request.headers or "HX-Request" in request.headers
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best != "application/json" and not fragment


def require(verdict: Verdict) -> None:
    """Turn a verdict into NotFound or Refused unless it is ALLOW."""
    if verdict.kind == "hide":
        raise NotFound
    if verdict.reason is not None:
        raise Refused(verdict.reason)


def may(action: Action, facts: Any = None) -> Verdict:
    """Ask the policy for the actor of this request; in templates: `{% if may("topic.post") %}`."""
    actor: Actor = g.get("actor") or site_actor()
    return can(actor, Action(action), facts)


def see_other(endpoint: str, **values: Any) -> Response:
    """Return the 303 that ends every successful POST."""
    return redirect(url_for(endpoint, **values), code=303)


def with_query(address: str) -> str:
    """Return an address with the query of this request. Not by `url_for`, which takes some names of
    parameters for its own (`_external`, `_scheme`) and fails on others."""
    query = urlencode(list(request.args.items(multi=True)))
    return f"{address}?{query}" if query else address


def safe_next(default: str) -> str:
    """Return the `next` parameter when it is a path of ours, else `default` (no open redirect)."""
    target = request.values.get("next", "")
    return target if is_our_path(target) else default


def is_our_path(target: str) -> bool:
    """Whether a browser that is sent to `target` stays with us."""
    # Browsers drop tabs and line ends and take a backslash for a slash: then "/\t/host" is a host.
    plain = target.isprintable() and "\\" not in target
    return plain and target.startswith("/") and not target.startswith("//")
