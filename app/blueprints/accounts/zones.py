"""Time zones for a select: grouped by continent, each by its city in the reader's language."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location
from flask_babel import get_locale, gettext

from app.accounts.actions import offered_timezones
from app.kernel import clock

# On top of the list: where most readers are.
_NEAR = (
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
)

Option = tuple[str, str]


def timezone_groups() -> list[tuple[str, list[Option]]]:
    """Return (heading, [(zone, label)]) for the reader; a label begins with the city, so that typing
    its first letters finds it."""
    cities = _cities(str(get_locale()))
    now = clock.now()
    groups = [(gettext("Often chosen"), [_option(zone, cities, now) for zone in _NEAR])]
    for area, heading in _areas():
        zones = sorted((z for z in cities if z.startswith(f"{area}/")), key=lambda z: cities[z])
        groups.append((heading, [_option(zone, cities, now) for zone in zones]))
    return groups


def _areas() -> list[tuple[str, str]]:
    return [
        ("Asia", gettext("Asia")),
        ("Europe", gettext("Europe")),
        ("America", gettext("America")),
        ("Australia", gettext("Australia")),
        ("Pacific", gettext("Pacific")),
        ("Africa", gettext("Africa")),
        ("Atlantic", gettext("Atlantic")),
        ("Indian", gettext("Indian Ocean")),
        ("Arctic", gettext("Arctic")),
        ("Antarctica", gettext("Antarctica")),
    ]


def _option(zone: str, cities: dict[str, str], now: datetime) -> Option:
    offset = now.astimezone(ZoneInfo(zone)).strftime("%z")
    return zone, f"{cities[zone]} (UTC{offset[:3]}:{offset[3:]})"


@lru_cache(maxsize=4)
def _cities(language: str) -> dict[str, str]:
    return {
        zone: get_timezone_location(zone, locale=language, return_city=True)
        for zone in sorted(offered_timezones())
    }
