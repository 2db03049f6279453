"""What the pages of insights share: the blueprint."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("insights", __name__)
