"""The stylesheet is one file in a fixed order, and its address follows its content."""

from __future__ import annotations

import gzip
from pathlib import Path

from flask import Flask

from app.blueprints.assets import bundle_css, make_stylesheet

STATIC = Path(__file__).resolve().parents[2] / "static"


def test_layers_come_first_and_print_last(tmp_path: Path) -> None:
    folder = tmp_path / "css"
    for name in ("print.css", "base.css", "layers.css", "components/b.css", "components/a.css"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f".{file.stem} {{}}")
    text = bundle_css(tmp_path).decode()
    order = ["layers.css", "base.css", "components/a.css", "components/b.css", "print.css"]
    assert [line[3:-3] for line in text.splitlines() if line.startswith("/*")] == order


def test_every_css_file_is_in_the_bundle() -> None:
    text = bundle_css(STATIC).decode()
    for file in (STATIC / "css").rglob("*.css"):
        assert f"/* {file.relative_to(STATIC / 'css')} */" in text


def test_fingerprint_follows_the_content(tmp_path: Path) -> None:
    file = tmp_path / "css" / "base.css"
    file.parent.mkdir()
    file.write_text("a {}")
    first = make_stylesheet(tmp_path)
    file.write_text("b {}")
    second = make_stylesheet(tmp_path)
    assert first.fingerprint != second.fingerprint
    assert b"a {}" not in second.plain


def test_the_manifest_names_the_site_and_its_icons(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/site.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    assert answer.json is not None
    for icon in answer.json["icons"]:
        assert client.get(icon["src"]).status_code == 200


def test_pages_link_the_stylesheet_and_it_is_kept_for_ever(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/styleguide/page/feed").get_data(as_text=True)
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.mimetype == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]
    assert gzip.decompress(answer.data) == bundle_css(STATIC)
    stale = client.get("/assets/000000000000/app.css")
    assert stale.headers["Cache-Control"] == "no-store"
