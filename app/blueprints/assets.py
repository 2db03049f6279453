"""The one stylesheet of every page: the files of static/css joined in a fixed order, without a build."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, jsonify, request, url_for

from app.blueprints.entrance import current_site, declares
from app.blueprints.packing import pack_text
from app.blueprints.page import asset

bp = Blueprint("assets", __name__)

# Layers decide who wins, so the order inside one folder is only for the reader's eye: by name.
ORDER = (
    "layers.css",
    "reset.css",
    "tokens.css",
    "base.css",
    "layout/*.css",
    "components/*.css",
    "pages/*.css",
    "print.css",
)


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """The joined CSS and the fingerprint that its address carries."""

    plain: bytes
    fingerprint: str


def bundle_css(static_dir: Path) -> bytes:
    """Return all CSS files under `static_dir`/css as one, each headed by its name. UTF-8."""
    folder = static_dir / "css"
    files = [file for pattern in ORDER for file in sorted(folder.glob(pattern))]
    parts = (f"/* {f.relative_to(folder)} */\n{f.read_text('utf-8').strip()}\n" for f in files)
    return "\n".join(parts).encode()


def make_stylesheet(static_dir: Path) -> Stylesheet:
    """Return the bundle of `static_dir`, ready to be served."""
    plain = bundle_css(static_dir)
    fingerprint = hashlib.sha256(plain).hexdigest()[:12]
    return Stylesheet(plain, fingerprint)


@lru_cache(8)
def _packed(plain: bytes, *encodings: str) -> tuple[str, bytes]:
    return pack_text(plain, encodings)


def install(app: Flask, static_dir: Path) -> None:
    """Bundle once and give templates `stylesheet()`, the address of the result."""
    app.extensions["planetarium.static_dir"] = static_dir
    app.extensions["planetarium.stylesheet"] = make_stylesheet(static_dir)
    app.jinja_env.globals["stylesheet"] = stylesheet_url


def stylesheet_url() -> str:
    """Return the stylesheet's address; it changes with the content."""
    return url_for("assets.stylesheet", fingerprint=_current().fingerprint)


def _current() -> Stylesheet:
    """Return the bundle; in development it follows the files."""
    if current_site().development:
        return make_stylesheet(current_app.extensions["planetarium.static_dir"])
    sheet: Stylesheet = current_app.extensions["planetarium.stylesheet"]
    return sheet


@bp.get("/site.webmanifest")
@declares("public")
def manifest() -> Response:
    """Tell phones how to keep the site on the home screen."""
    site = current_site()
    sizes = (192, 512)
    icons = [{"src": asset(f"brand/icon-{n}.png"), "sizes": f"{n}x{n}"} for n in sizes]
    answer = jsonify(
        name=site.name,
        short_name=site.name,
        start_url="/",
        display="standalone",
        background_color="#f5f2ec",
        theme_color="#f5f2ec",
        icons=icons,
    )
    answer.mimetype = "application/manifest+json"
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@bp.get("/assets/<fingerprint>/app.css")
@declares("public")
def stylesheet(fingerprint: str) -> Response:
    """Serve the stylesheet, for ever when the address is the present one, else without keeping it."""
    sheet = _current()
    accepted = (name for name in ("br", "gzip") if request.accept_encodings[name] > 0)
    encoding, body = _packed(sheet.plain, *accepted)
    response = Response(body, mimetype="text/css")
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Vary"] = "Accept-Encoding"
    fresh = fingerprint == sheet.fingerprint
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if fresh else "no-store"
    )
    return response
