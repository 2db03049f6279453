"""The door of tags: the menu that staff keep in order."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint, flash, g, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.discussion.actions import tags as actions
from app.discussion.actions.composing import tag_key
from app.discussion.queries.tags import COUNTED, TagPage, count_tag, list_tags, page_tags
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.kernel.text import clean
from app.policy import Action, Actor, can

bp = Blueprint("tags", __name__)
MAX_TYPED = 40
SUGGESTED = 100


@bp.get("/p/<slug>/tags")
@declares(Action.TAGS_EDIT)
def index(slug: str) -> str:
    """Show the planet's tags to those who keep them."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.TAGS_EDIT))
    return _page(actor)


@bp.post("/p/<slug>/tags")
@declares(Action.TAGS_EDIT)
def create(slug: str) -> Response | tuple[str, int]:
    """Make a tag."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.TAGS_EDIT))
    name = request.form.get("name", "")
    try:
        with unit_of_work():
            actions.create_tag(actor, name=name)
    except Invalid as error:
        return _page(actor, name=name, errors=errors_of(error)), 422
    return see_other("tags.index", slug=slug)


@bp.post("/p/<slug>/tags/order")
@declares(Action.TAGS_EDIT)
def order(slug: str) -> Response:
    """Move a tag by one place: the one that `up` or `down` names."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.TAGS_EDIT))
    way: Literal["up", "down"] = "up" if "up" in request.form else "down"
    try:
        with unit_of_work():
            actions.move_tag(actor, key=request.form.get(way, ""), way=way)
    except NotFound:
        flash(gettext("The tags changed in the meantime. Here is the present order."), "error")
    after = request.form.get("after", "")
    return see_other("tags.index", slug=slug, after=after or None)


@bp.get("/p/<slug>/all-tags")
@declares(Action.PLANET_READ)
def everyone(slug: str) -> str:
    """Show all tags by which this reader may narrow the feed, page by page; `q` searches them."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    typed = _typed()
    page = page_tags(actor, typed=typed, after=request.args.get("after", ""))
    return render_template(
        "discussion/all_tags.html",
        tags=page.tags,
        typed=typed,
        counted=COUNTED,
        older=_further("tags.everyone", slug, typed, page),
        paged=bool(page.behind),
    )


def _typed() -> str:
    return " ".join(clean(request.args.get("q", "")).split())[:MAX_TYPED]


def _further(endpoint: str, slug: str, typed: str, page: TagPage) -> str | None:
    return url_for(endpoint, slug=slug, q=typed or None, after=page.after) if page.after else None


@bp.get("/p/<slug>/tags/edit")
@declares(Action.TAGS_EDIT)
def edit(slug: str) -> str:
    """Show one tag (`tag`) for renaming, merging or deleting."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.TAGS_EDIT))
    return _edit_page(actor, request.args.get("tag", ""))


@bp.post("/p/<slug>/tags/edit")
@declares(Action.TAGS_EDIT)
def change(slug: str) -> Response | tuple[str, int]:
    """Do to a tag what the pressed button says: rename, merge, show, hide or delete."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.TAGS_EDIT))
    key = request.form.get("tag", "")
    try:
        with unit_of_work():
            _do(actor, key)
    except Invalid as error:
        return _edit_page(actor, key, request.form.get("name"), errors_of(error)), 422
    return see_other("tags.index", slug=slug)


def _do(actor: Actor, key: str) -> None:
    act = request.form.get("do", "")
    if act == "rename":
        actions.rename_tag(actor, key=key, name=request.form.get("name", ""))
    elif act == "merge":
        _merge(actor, key)
    elif act == "show":
        actions.show_tag(actor, key=key)
    elif act == "hide":
        actions.hide_tag(actor, key=key)
    elif act == "delete":
        actions.delete_tag(actor, key=key)
    else:
        raise NotFound(act)


def _merge(actor: Actor, key: str) -> None:
    """The other tag is typed: to choose among ten thousand is no choice."""
    try:
        actions.merge_tags(actor, key=key, into=_typed_key())
    except NotFound:
        raise Invalid("into", "unknown_tag", name=request.form.get("into", "")) from None


def _typed_key() -> str:
    return tag_key(request.form.get("into", "").strip().removeprefix("#"))


def _page(actor: Actor, *, name: str = "", errors: dict[str, str] | None = None) -> str:
    typed = _typed()
    page = page_tags(actor, typed=typed, after=request.args.get("after", ""))
    return render_template(
        "discussion/tags.html",
        tags=page.tags,
        typed=typed,
        after=page.behind,
        counted=COUNTED,
        older=_further("tags.index", g.planet.slug, typed, page),
        name=name,
        errors=errors or {},
    )


def _edit_page(
    actor: Actor, key: str, name: str | None = None, errors: dict[str, str] | None = None
) -> str:
    tag = count_tag(actor, key)
    if tag is None:
        raise NotFound(key)
    return render_template(
        "discussion/tag.html",
        tag=tag,
        counted=COUNTED,
        others=[one.name for one in list_tags(actor, limit=SUGGESTED) if one.key != key],
        into=request.form.get("into", ""),
        name=tag.name if name is None else name,
        errors=errors or {},
    )
