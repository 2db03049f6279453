"""The door of accounts: sign-up, sign-in, links from mails, sessions, settings."""

from app.blueprints.accounts import closing, links, sessions, settings, sign_in, sign_up
from app.blueprints.accounts.door import bp

__all__ = ["bp", "closing", "links", "sessions", "settings", "sign_in", "sign_up"]
