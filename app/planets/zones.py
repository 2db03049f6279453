"""The zone in which a planet counts calendar days: its own, or that of the installation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Site:
    zone: str = "UTC"


_site = _Site()


def live_in(zone: str) -> None:
    """Say in which zone (an IANA name) planets count that chose none. Called once, by the factory."""
    _site.zone = zone


def zone_of(chosen: str) -> str:
    """Return the zone of a planet that chose this one; "" is the installation's."""
    return chosen or _site.zone
