"""What the pages of billing share: the blueprint."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("billing", __name__)
