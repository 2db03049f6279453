"""A web process is warm before it takes the first request."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.blueprints.warming import PATHS, daily, warm
from app.factory import create_app
from tests.conftest import make_settings


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_templates_are_compiled_and_pages_were_opened(app: Flask, tmp_path: Path) -> None:
    assert app.jinja_env.cache is not None
    app.jinja_env.cache.clear()
    asked: list[str] = []
    app.before_request_funcs.setdefault(None, []).append(lambda: asked.append("page"))
    try:
        warm(app)
    finally:
        app.before_request_funcs[None].pop()
    assert len(asked) == len(PATHS)
    assert {"layout/frame.html", "discussion/_topic.html", "planets/landing.html"} <= set(
        daily(app)
    )
    assert len(app.jinja_env.cache) >= len(daily(app))


def test_without_a_database_it_goes_on(tmp_path: Path) -> None:
    """/readyz says what is missing; the process must not end for it."""
    app = create_app(make_settings(tmp_path, env="production"))
    warm(app)
