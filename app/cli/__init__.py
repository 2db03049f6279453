"""Commands of `flask --app app.factory`: what an installation's keeper types. One file per command."""

from __future__ import annotations

from flask import Flask


def install(app: Flask) -> None:
    """Register the commands."""
