"""Fixtures of the commands' tests."""

from __future__ import annotations

import shutil

import pytest
from flask import Flask

from tests.cli.backups import TOOLS, data_dir


@pytest.fixture
def pg_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the test server's own pg_dump and pg_restore on the path."""
    monkeypatch.setenv("PATH", str(TOOLS), prepend=":")


@pytest.fixture
def no_uploads(app: Flask) -> None:
    """Take away the files that other tests left."""
    shutil.rmtree(data_dir(app) / "media", ignore_errors=True)
