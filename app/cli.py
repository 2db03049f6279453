"""Commands of `flask --app app.factory`: what an installation's keeper types."""

from __future__ import annotations

from flask import Flask


def install(app: Flask) -> None:
    """Register the commands."""
