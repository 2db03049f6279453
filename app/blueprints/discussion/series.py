"""The door of columns: the list, one column, and what staff do to them."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.blueprints.discussion.present import line_shape, series_url
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, require, see_other, storage
from app.blueprints.page import media_url
from app.discussion.actions import series as actions
from app.discussion.actions.series import SeriesWish
from app.discussion.queries.facts import TopicRow, get_topic
from app.discussion.queries.series import (
    SeriesRow,
    get_named,
    get_series,
    list_series,
    name_series,
    series_of,
)
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.media.actions import Upload, store_picture
from app.policy import Action, Actor, can

bp = Blueprint("series", __name__)
Page = Response | str | tuple[str, int]


@bp.get("/p/<slug>/columns")
@declares(Action.PLANET_READ)
def index(slug: str) -> str:
    """Show the planet's columns."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    columns = [
        {
            "row": row,
            "url": series_url(slug, row),
            "cover_url": media_url(row.cover),
        }
        for row in list_series(actor)
    ]
    return render_template("discussion/columns.html", columns=columns)


@bp.get("/p/<slug>/columns/<series_id>")
@declares(Action.PLANET_READ)
def show(slug: str, series_id: str) -> str:
    """Show a column: its topics in order, and how far the reader is."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    row, entries = get_series(actor, series_id)
    topics = [
        line_shape(slug, one) | {"read": one.read, "public_id": one.public_id} for one in entries
    ]
    following = next((topic for topic in topics if not topic["read"]), None)
    return render_template(
        "discussion/column.html",
        row=row,
        cover_url=media_url(row.cover),
        topics=topics,
        following=following if row.opened else None,
    )


@bp.get("/p/<slug>/columns/new")
@declares(Action.SERIES_EDIT)
def new(slug: str) -> str:
    """Show the form for a new column."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SERIES_EDIT))
    return _form(None, SeriesWish(title=""))


@bp.post("/p/<slug>/columns/new")
@declares(Action.SERIES_EDIT)
def create(slug: str) -> Page:
    """Make a column."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SERIES_EDIT))
    wish = _typed()
    try:
        wish = _with_cover(actor, wish)
        with unit_of_work():
            series_id = actions.create_series(actor, wish=wish)
    except Invalid as error:
        return _form(None, wish, errors_of(error)), 422
    return see_other("series.show", slug=slug, series_id=series_id)


@bp.get("/p/<slug>/columns/<series_id>/edit")
@declares(Action.SERIES_EDIT)
def edit(slug: str, series_id: str) -> str:
    """Show the form that changes a column."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SERIES_EDIT))
    row = get_named(actor, series_id)
    return _form(row, SeriesWish(title=row.title, intro=row.intro))


@bp.post("/p/<slug>/columns/<series_id>/edit")
@declares(Action.SERIES_EDIT)
def change(slug: str, series_id: str) -> Page:
    """Change a column's name, intro or cover."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SERIES_EDIT))
    row = get_named(actor, series_id)
    wish = _typed()
    try:
        wish = _with_cover(actor, wish)
        with unit_of_work():
            actions.change_series(actor, public_id=series_id, wish=wish)
    except Invalid as error:
        return _form(row, wish, errors_of(error)), 422
    return see_other("series.show", slug=slug, series_id=series_id)


@bp.post("/p/<slug>/columns/<series_id>/delete")
@declares(Action.SERIES_EDIT)
def delete(slug: str, series_id: str) -> Response:
    """Remove a column; its topics stay."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        actions.delete_series(actor, public_id=series_id)
    flash(gettext("The column is gone. Its topics stay in the feed."), "ok")
    return see_other("series.index", slug=slug)


@bp.post("/p/<slug>/columns/order")
@declares(Action.SERIES_EDIT)
def order(slug: str) -> Response:
    """Put the columns into the order that was sent, one moved up or down (`up`, `down`)."""
    _planet, actor = enter_planet(slug)
    wanted = moved(request.form.getlist("item"))
    try:
        with unit_of_work():
            actions.order_series(actor, public_ids=wanted)
    except Conflict:
        flash(gettext("The columns changed in the meantime. Here is the present order."), "error")
    return see_other("series.index", slug=slug)


@bp.post("/p/<slug>/columns/<series_id>/order")
@declares(Action.SERIES_EDIT)
def order_topics(slug: str, series_id: str) -> Response:
    """Put a column's topics into the order that was sent, one moved up or down or taken out."""
    _planet, actor = enter_planet(slug)
    out = request.form.get("out", "")
    wanted = moved(request.form.getlist("item"))
    try:
        with unit_of_work():
            if out:
                actions.take_from_series(actor, public_id=series_id, topic=out)
            else:
                actions.order_topics(actor, public_id=series_id, topics=wanted)
    except Conflict:
        flash(gettext("The column changed in the meantime. Here is the present order."), "error")
    return see_other("series.show", slug=slug, series_id=series_id)


@bp.get("/p/<slug>/t/<public_id>/columns")
@declares(Action.SERIES_EDIT)
def choose(slug: str, public_id: str) -> str:
    """Show the planet's columns for putting a topic into them."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SERIES_EDIT))
    topic, facts = get_topic(actor, public_id)
    require(can(actor, Action.TOPIC_TEXT_READ, facts))
    return _choice(actor, topic, series_of(topic.id))


@bp.post("/p/<slug>/t/<public_id>/columns")
@declares(Action.SERIES_EDIT)
def place(slug: str, public_id: str) -> Page:
    """Make the chosen columns those that a topic stands in."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SERIES_EDIT))
    chosen = request.form.getlist("series")
    try:
        with unit_of_work():
            actions.choose_series(actor, topic=public_id, public_ids=chosen)
    except Invalid as error:
        topic, _facts = get_topic(actor, public_id)
        return _choice(actor, topic, chosen, errors_of(error)), 422
    return see_other("topics.show", slug=slug, public_id=public_id)


def _choice(
    actor: Actor, topic: TopicRow, chosen: list[str], errors: dict[str, str] | None = None
) -> str:
    return render_template(
        "discussion/column_choice.html",
        topic=topic,
        columns=name_series(actor),
        chosen=chosen,
        errors=errors or {},
    )


def moved(items: list[str]) -> list[str]:
    """Return the list with the item that `up` or `down` names moved by one place."""
    order_ = list(dict.fromkeys(items))
    for name, step in (("up", -1), ("down", 1)):
        item = request.form.get(name, "")
        if item in order_:
            place = order_.index(item)
            other = place + step
            if 0 <= other < len(order_):
                order_[place], order_[other] = order_[other], order_[place]
    return order_


def _typed() -> SeriesWish:
    cover = "" if request.form.get("remove_cover") else None
    return SeriesWish(
        title=request.form.get("title", ""), intro=request.form.get("intro", ""), cover=cover
    )


def _with_cover(actor: Actor, wish: SeriesWish) -> SeriesWish:
    """Store the picture that was sent along, if there is one; Invalid("file", …) from the room."""
    file = request.files.get("cover")
    if file is None or not file.filename:
        return wish
    planet_id = actor.planet.id if actor.planet else None
    upload = Upload(filename=file.filename, stream=file.stream)
    cover = store_picture(
        actor, storage=storage(), upload=upload, purpose="cover", planet_id=planet_id
    )
    return SeriesWish(title=wish.title, intro=wish.intro, cover=cover)


def _form(row: SeriesRow | None, wish: SeriesWish, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "discussion/column_form.html",
        row=row,
        wish=wish,
        cover_url=media_url(row.cover) if row else "",
        errors=errors or {},
    )
