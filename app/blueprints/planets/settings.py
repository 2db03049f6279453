"""Settings: one page per group, each with every setting explained."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext

from app.blueprints.accounts.zones import timezone_groups
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.planets.door import Page, bp
from app.blueprints.planets.settings_words import GROUP_WORDS, WORDS
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import NotFound
from app.planets import actions
from app.planets.basics import tidy_line
from app.planets.queries import PlanetView
from app.planets.settings import (
    GROUPS,
    Amount,
    Choice,
    Kind,
    Line,
    SettingsChange,
    Switch,
    Value,
    Zone,
    find_problems,
)
from app.planets.zones import zone_of
from app.policy import Action, can

_KINDS = {Choice: "choice", Amount: "amount", Switch: "switch", Line: "line", Zone: "zone"}


@bp.get("/p/<slug>/settings/<group>")
@declares(Action.SETTINGS_EDIT)
def settings(slug: str, group: str) -> Page:
    """Show a group of settings as it is now."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    if group not in GROUPS:
        raise NotFound(group)
    present = {column: getattr(planet, column) for column in GROUPS[group]}
    return _form(planet, group, present, errors={})


@bp.post("/p/<slug>/settings/<group>")
@declares(Action.SETTINGS_EDIT)
def save_settings(slug: str, group: str) -> Page:
    """Save one group."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    if group not in GROUPS:
        raise NotFound(group)
    values = {column: _read(column, kind) for column, kind in GROUPS[group].items()}
    change = SettingsChange(group, values)
    if problems := find_problems(change):
        typed = {
            c: request.form.get(c, "") if c in errors_of(problems) else v for c, v in values.items()
        }
        return _form(planet, group, typed, errors=errors_of(problems))
    with unit_of_work():
        actions.change_settings(actor, planet_id=planet.id, change=change)
    flash(gettext("Saved."), "ok")
    return see_other("planets.settings", slug=slug, group=group)


def settings_tabs(slug: str, current: str) -> list[tuple[str, str, bool]]:
    """Return the tabs of all settings pages; `current` names the open one."""
    pages = [
        ("basics", gettext("Basics"), url_for("planets.settings_basics", slug=slug)),
        ("looks", gettext("Pictures"), url_for("planets.looks", slug=slug)),
        *(
            (group, str(words[0]), url_for("planets.settings", slug=slug, group=group))
            for group, words in GROUP_WORDS.items()
        ),
        ("rules", gettext("Rules"), url_for("planets.edit_rules", slug=slug)),
    ]
    return [(label, url, key == current) for key, label, url in pages]


def _read(column: str, kind: Kind) -> Value:
    """Return a field's value; an amount that is no number is out of every bound."""
    typed = request.form.get(column, "")
    if isinstance(kind, Switch):
        return typed == "1"
    if isinstance(kind, Amount):
        digits = typed.strip()
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 9 else -1
    return tidy_line(typed)


def _as_the_site() -> str:
    return str(gettext("As the site: %(zone)s", zone=zone_of("")))


def _form(
    planet: PlanetView, group: str, values: dict[str, Any], *, errors: dict[str, str]
) -> Page:
    fields = [
        {
            "name": column,
            "kind": _KINDS[type(kind)],
            "words": WORDS[column],
            "value": values[column],
            "limits": kind,
        }
        for column, kind in GROUPS[group].items()
    ]
    html = render_template(
        "planets/settings.html",
        group=group,
        heading=GROUP_WORDS[group],
        fields=fields,
        tabs=settings_tabs(planet.slug, group),
        errors=errors,
        zones=[("", [("", _as_the_site())]), *timezone_groups()] if group == "prices" else [],
    )
    return (html, 422) if errors else html
