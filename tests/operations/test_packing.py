"""Packed answers: pages for whoever takes gzip, static files as twins, nothing where it could tell."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest
from flask import Flask

from app.blueprints.packing import LEAST_BYTES, PADDING, pack, pack_files
from app.config import Settings
from app.factory import create_app
from tests.cast import Cast
from tests.conftest import make_settings

GZIP = {"Accept-Encoding": "gzip, br"}
ONE_ENGINE = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)


@ONE_ENGINE
def test_a_page_is_packed_and_the_same(cast: Cast) -> None:
    client = cast.client("member")
    packed = client.get("/p/orbit", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in ", ".join(packed.headers.getlist("Vary"))
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    plain = client.get("/p/orbit")
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["Content-Security-Policy"]


@ONE_ENGINE
@pytest.mark.parametrize(
    ("site", "signed_in", "packs"),
    [
        ("cross-site", True, False),
        ("same-site", True, False),
        ("cross-site", False, True),
        ("same-origin", True, True),
        ("none", True, True),
    ],
)
def test_what_another_site_made_a_signed_in_browser_ask_is_not_packed(
    cast: Cast, site: str, signed_in: bool, packs: bool
) -> None:
    client = cast.client("member" if signed_in else "visitor")
    answer = client.get("/p/orbit/about?from=guess", headers={**GZIP, "Sec-Fetch-Site": site})
    assert (answer.headers.get("Content-Encoding") == "gzip") is packs


@ONE_ENGINE
def test_what_is_small_or_a_file_is_left_alone(cast: Cast, app: Flask) -> None:
    client = cast.client("member")
    assert "Content-Encoding" not in client.get("/healthz", headers=GZIP).headers
    assert "Content-Encoding" not in client.head("/p/orbit", headers=GZIP).headers
    icon = f"{app.extensions['planetarium.static_prefix']}brand/icon-192.png"
    assert "Content-Encoding" not in client.get(icon, headers=GZIP).headers


def test_sizes_say_less_than_they_could() -> None:
    body = b"x" * 5_000
    sizes = {len(pack(body)) for _ in range(200)}
    assert max(sizes) - min(sizes) > PADDING / 2
    assert gzip.decompress(pack(body)) == body


@pytest.mark.parametrize(
    ("proxies", "wish", "packs"),
    [(0, "auto", True), (1, "auto", False), (1, "yes", True), (0, "no", False)],
)
def test_a_proxy_packs_instead(tmp_path: Path, proxies: int, wish: str, packs: bool) -> None:
    settings: Settings = make_settings(tmp_path, trusted_proxies=proxies, pack_pages=wish)
    assert settings.packs_pages is packs


def test_static_files_have_packed_twins_made_once(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "kept" / "one"
    (source / "js").mkdir(parents=True)
    text = b"export const word = 1;\n" * 200
    (source / "js" / "a.js").write_bytes(text)
    (source / "b.png").write_bytes(b"\x89PNG" * 500)
    assert pack_files(source, target) == target
    assert brotli.decompress((target / "js" / "a.js.br").read_bytes()) == text
    assert gzip.decompress((target / "js" / "a.js.gz").read_bytes()) == text
    assert sorted(path.name for path in target.iterdir()) == ["b.png", "js"]
    made = (target / "js" / "a.js.br").stat().st_mtime_ns
    pack_files(source, target)
    assert (target / "js" / "a.js.br").stat().st_mtime_ns == made
    pack_files(source, tmp_path / "kept" / "two")
    assert not target.exists()


def test_a_server_sends_the_twins(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path, env="production", base_url="https://planet.test"))
    client = app.test_client()
    script = f"{app.extensions['planetarium.static_prefix']}js/address.js"
    for accepted, sent in (("br, gzip", "br"), ("gzip", "gzip"), ("identity", None)):
        answer = client.get(script, headers={"Accept-Encoding": accepted})
        assert answer.status_code == 200
        assert answer.headers.get("Content-Encoding") == sent
        assert "immutable" in answer.headers["Cache-Control"]
    with app.test_request_context():
        sheet = app.jinja_env.globals["stylesheet"]()
    styles = client.get(sheet, headers={"Accept-Encoding": "br", "Host": "planet.test"})
    assert styles.headers["Content-Encoding"] == "br"
    assert len(styles.data) > LEAST_BYTES
