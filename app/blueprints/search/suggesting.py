"""What helps beside searching: suggestions while one types, look-alikes of a question, related topics."""

from __future__ import annotations

from flask import Response, jsonify, render_template, request, url_for
from flask_babel import gettext

from app.blueprints.discussion.present import Shape, topic_url
from app.blueprints.discussion.question_forms import ask_page, ask_state, with_files
from app.blueprints.entrance import declares, enter_planet, require, require_viewer
from app.blueprints.language import local_date
from app.blueprints.search import words
from app.blueprints.search.door import Where, bp, engine, zone
from app.blueprints.search.pace import TYPING
from app.discussion.queries.topic_page import get_text
from app.kernel.errors import LimitReached
from app.policy import Action, can
from app.search import helping, past, saved
from app.search.readers import Searcher, everywhere, within
from app.search.views import LookAlike, Suggestion

LONGEST = 100
_BEGINNING = 400


@bp.get("/search/suggest")
@declares(Action.ACCOUNT_USE)
def suggest() -> Response:
    """Return as JSON what may be meant by the beginning of a search (`q`)."""
    return _suggest(Where(None), everywhere(require_viewer(), zone=zone()))


@bp.get("/p/<slug>/search/suggest")
@declares(Action.PLANET_READ)
def suggest_here(slug: str) -> Response:
    """Return the same for one planet."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    return _suggest(Where(planet), within(planet, actor, zone=zone()))


def _suggest(where: Where, searcher: Searcher) -> Response:
    typed = request.args.get("q", "")[:LONGEST].strip()
    try:
        TYPING.take(f"suggest {searcher.user_id}")
    except LimitReached:
        # Whoever types that fast has no time to look: the next key asks again.
        return jsonify(items=[])
    if not typed:
        return jsonify(items=_before_typing(where, searcher.user_id or 0))
    items = [_item(where, one) for one in helping.suggest(engine(), searcher, typed)]
    if where.planet is not None:
        items.append(
            {
                "kind": "everywhere",
                "text": typed,
                "url": Where(None).url_of(typed),
                "note": words.all_planets(),
            }
        )
    return jsonify(items=items)


def _before_typing(where: Where, user_id: int) -> list[Shape]:
    kept = [
        {
            "kind": "saved",
            "text": one.query,
            "url": Where(one.planet).url_of(one.query),
            "note": one.planet.name if one.planet else words.all_planets(),
        }
        for one in saved.list_saved(user_id)[:3]
    ]
    return kept + [
        {"kind": "past", "text": one.words, "url": where.url_of(one.words), "note": ""}
        for one in past.list_past(user_id, limit=6)
    ]


def _item(where: Where, one: Suggestion) -> Shape:
    if one.planet is not None:
        url = topic_url(one.planet.slug, one.public_id, one.slug)
        note = one.planet.name if where.planet is None else ""
        return {"kind": "post", "text": one.text, "url": url, "note": note}
    notes = {"past": gettext("searched before"), "name": gettext("what this person wrote")}
    note = notes.get(one.kind, "")
    return {"kind": one.kind, "text": one.text, "url": where.url_of(one.query), "note": note}


@bp.post("/p/<slug>/ask/alike")
@declares(Action.QUESTION_ASK)
def alike(slug: str) -> str:
    """Return answered questions like the `text` that is being typed: a part of the page for its script, or
    the form again with all that was typed."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.QUESTION_ASK))
    TYPING.take(f"alike {actor.user_id}")
    near = helping.look_alikes(
        engine(), within(planet, actor, zone=zone()), request.form.get("text", "")
    )
    found = [_line(one) for one in near]
    if "X-Fragment" in request.headers:
        return render_template("search/_alikes.html", alikes=found)
    state = with_files(planet, actor, ask_state(request.form), request.files.getlist("files"))
    return ask_page(planet, actor, state, alikes=found)


@bp.get("/p/<slug>/t/<public_id>/related")
@declares(Action.TOPIC_TEXT_READ)
def related(slug: str, public_id: str) -> str:
    """Show topics like this one: a page, or its part for the topic's own page."""
    planet, actor = enter_planet(slug)
    topic = get_text(actor, public_id)
    text = f"{topic.title} {topic.source[:_BEGINNING]}"
    searcher = within(planet, actor, zone=zone())
    found = helping.related(engine(), searcher, topic_id=topic.id, text=text)
    lines = [_line(one) for one in found]
    if "X-Fragment" in request.headers:
        return render_template("search/_related.html", related=lines)
    back = url_for("topics.show", slug=slug, public_id=public_id)
    return render_template("search/related.html", related=lines, back=back)


def _line(one: LookAlike) -> Shape:
    return {
        "url": topic_url(one.planet.slug, one.public_id, one.slug),
        "title": "".join(piece.text for piece in one.title),
        "note": local_date(one.published_at),
    }
