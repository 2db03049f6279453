"""What the room must know of the installation to write to people. Set once by the factory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Office:
    """Where letters come from: the site's name and public address, its language and time zone, where
    the words (`translations`) and the paper (`templates`) lie, and the key that signs links."""

    site_name: str
    base_url: str
    default_language: str
    default_timezone: str
    translations: Path
    templates: Path
    signing_key: str


class _Desk:
    office: Office | None = None


def open_office(office: Office) -> None:
    """Set the installation's facts; a later call replaces them (a second app in one process)."""
    _Desk.office = office


def the_office() -> Office:
    """Return the installation's facts; RuntimeError before `open_office`."""
    if _Desk.office is None:
        raise RuntimeError("open_office() comes first: the factory calls it")
    return _Desk.office
