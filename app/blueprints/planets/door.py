"""What the pages of planets share: the blueprint, and the shape of an answer."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

bp = Blueprint("planets", __name__)

Page = str | Response | tuple[str, int]
