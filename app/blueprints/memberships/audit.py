"""The trail: who did what to whom, when and why, for the planet's staff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext

from app.blueprints.entrance import declares, enter_planet, require
from app.blueprints.insights.words import TITLES
from app.blueprints.language import local_date
from app.blueprints.memberships.audit_words import ACTS, KINDS
from app.blueprints.memberships.door import ROLE_NAMES, Page, bp
from app.blueprints.planets.settings_words import WORDS
from app.memberships.queries import Place, TrailEntry, list_trail
from app.policy import Action, can

# Where the person concerned is the one who acted, his name is said once.
_ALONE = frozenset({"member.leave", "member.return"})


@bp.get("/p/<slug>/audit")
@declares(Action.AUDIT_READ)
def audit(slug: str) -> Page:
    """List the trail, newest first; `kind` narrows it."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.AUDIT_READ))
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    kinds = KINDS[kind][1] if kind else ()
    since = _read_place()
    found, place = list_trail(actor, kinds=kinds, since=since)
    older = None
    if place is not None:
        older = url_for(
            "memberships.audit",
            slug=slug,
            kind=kind or None,
            until=place.at.isoformat(),
            shown=place.shown,
        )
    return render_template(
        "memberships/audit.html",
        entries=[entry_shape(slug, entry) for entry in found],
        kinds=[(key, label) for key, (label, _acts) in KINDS.items()],
        kind=kind,
        older=older,
        paged=since is not None,
        may_blank=bool(can(actor, Action.AUDIT_BLANK)),
    )


def _read_place() -> Place | None:
    try:
        at = datetime.fromisoformat(request.args.get("until", ""))
        at = at.astimezone(UTC) if at.tzinfo else at
    except (ValueError, OverflowError):
        return None
    shown = request.args.get("shown", 0, type=int)
    return Place(at, shown) if at.tzinfo is not None and 0 <= shown < 10_000 else None


def entry_shape(slug: str, entry: TrailEntry) -> dict[str, Any]:
    """Return a line of the trail as its page shows it."""
    subject, url = _subject(slug, entry)
    return {
        "id": entry.public_id,
        "at": entry.at,
        "actor": entry.actor or gettext("The system"),
        "act": ACTS.get(entry.action, entry.action),
        "subject": subject,
        "url": url,
        "reason": "" if entry.blanked else entry.reason,
        "blanked": entry.blanked,
        "changes": _changes(entry),
    }


def _subject(slug: str, entry: TrailEntry) -> tuple[str, str]:
    """Return the name of what an act was done to and its address; "" where there is none."""
    if entry.subject:
        if entry.action in _ALONE:
            return "", ""
        member = url_for("memberships.member", slug=slug, public_id=entry.subject_id)
        return entry.subject, member
    topic = entry.data.get("public_id")
    if topic and entry.action != "topic.delete":
        return gettext("to the topic"), url_for("topics.show", slug=slug, public_id=topic)
    named = entry.data.get("name") or entry.data.get("title") or ""
    changed = entry.data.get("to") or entry.data.get("into")
    return f"{named} → {changed}" if changed else str(named), ""


def _changes(entry: TrailEntry) -> list[tuple[str, str, str]]:
    """Return what changed as (what, before, after); only of acts whose data is known to be plain."""
    before, after = entry.data.get("before"), entry.data.get("after")
    if entry.action.startswith("export."):
        return _taken(entry.data)
    if entry.action == "audit.blank":
        of = str(entry.data.get("of", ""))
        return [(gettext("Entry"), "", str(ACTS.get(of, of)))]
    if entry.action == "member.role":
        return [(gettext("Role"), _role(before), _role(after))]
    if entry.action == "member.end":
        return [(gettext("End"), _day(before), _day(after))]
    if entry.action == "planet.rules":
        return [(gettext("Version"), "", str(entry.data.get("version", "")))]
    if entry.action == "planet.looks":
        return []
    if not entry.action.startswith("planet.") or not isinstance(before, dict):
        return []
    after = after if isinstance(after, dict) else {}
    return [
        (
            str(WORDS[name].label) if name in WORDS else name,
            _value(name, value),
            _value(name, after.get(name)),
        )
        for name, value in before.items()
    ]


def _taken(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what a file held, as `_changes` does."""
    table = data.get("table")
    told = {
        gettext("People"): data.get("count"),
        gettext("Month"): data.get("month"),
        gettext("Table"): TITLES.get(table, table) if table else None,
    }
    return [(what, "", str(value)) for what, value in told.items() if value is not None]


def _role(value: Any) -> str:
    return str(ROLE_NAMES.get(value, value))


def _day(value: Any) -> str:
    return local_date(datetime.fromisoformat(value)) if value else gettext("no end")


def _value(name: str, value: Any) -> str:
    """Return a setting's value in words, long texts cut."""
    options = WORDS[name].options if name in WORDS else None
    if options and value in options:
        return str(options[value][0])
    if isinstance(value, bool):
        return str(gettext("on") if value else gettext("off"))
    text = str(value if value is not None else "")
    return text if len(text) <= 120 else f"{text[:119]}…"
