"""The door of accounts: sign-up, sign-in, links from mails, sessions, profile."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.blueprints.entrance import declares

bp = Blueprint("accounts", __name__)


@bp.get("/sign-in")
@declares("public")
def sign_in() -> str:
    """Show the sign-in form."""
    return render_template("accounts/sign_in.html")
