"""What others wrote is kept as it was released: version, licence and checksum."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
VENDOR = STATIC / "vendor"


def test_vendored_files_are_as_released_and_licensed() -> None:
    manifest = json.loads((VENDOR / "MANIFEST.json").read_text("utf-8"))
    files = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "MANIFEST.json"
    }
    assert manifest["sha256"] == files
    for package in manifest["packages"]:
        assert package["version"] in package["folder"]
        assert (VENDOR / package["folder"] / "LICENSE").is_file()


def test_every_icon_a_template_asks_for_is_in_the_sprite() -> None:
    sprite = (STATIC / "icons" / "sprite.svg").read_text("utf-8")
    templates = Path(__file__).resolve().parents[2] / "templates"
    missing = [
        f"{file.name}: {name}"
        for file in templates.rglob("*.html")
        for name in _names(file.read_text("utf-8"))
        if f'id="{name}"' not in sprite
    ]
    assert missing == []


def _names(text: str) -> list[str]:
    """Return the icon names that stand as literals in a template."""
    names = []
    for opening in ('icon("', "icon='", 'icon="', "icon('"):
        for piece in text.split(opening)[1:]:
            names.append(piece.split(opening[-1])[0])
    return [name for name in names if name and " " not in name and "{" not in name]
