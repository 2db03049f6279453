"""The door of tags: the menu that staff keep in order."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.blueprints.discussion.series import moved
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.discussion.actions import tags as actions
from app.discussion.queries.tags import count_tags
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound
from app.policy import Action, Actor, can

bp = Blueprint("tags", __name__)


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
    """Put the tags into the order that was sent, one moved up or down."""
    _planet, actor = enter_planet(slug)
    wanted = moved(request.form.getlist("item"))
    try:
        with unit_of_work():
            actions.order_tags(actor, keys=wanted)
    except Conflict:
        flash(gettext("The tags changed in the meantime. Here is the present order."), "error")
    return see_other("tags.index", slug=slug)


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
        actions.merge_tags(actor, key=key, into=request.form.get("into", ""))
    elif act == "show":
        actions.show_tag(actor, key=key)
    elif act == "hide":
        actions.hide_tag(actor, key=key)
    elif act == "delete":
        actions.delete_tag(actor, key=key)
    else:
        raise NotFound(act)


def _page(actor: Actor, *, name: str = "", errors: dict[str, str] | None = None) -> str:
    return render_template(
        "discussion/tags.html", tags=count_tags(actor), name=name, errors=errors or {}
    )


def _edit_page(
    actor: Actor, key: str, name: str | None = None, errors: dict[str, str] | None = None
) -> str:
    tags = count_tags(actor)
    tag = next((one for one in tags if one.key == key), None)
    if tag is None:
        raise NotFound(key)
    return render_template(
        "discussion/tag.html",
        tag=tag,
        others=[(one.key, one.name) for one in tags if one.key != key],
        name=tag.name if name is None else name,
        errors=errors or {},
    )
