"""Fixtures of notices and mails."""

import pytest
from flask import Flask

from tests.notifications.mailbox import Mailbox


@pytest.fixture
def mailbox(app: Flask) -> Mailbox:
    """Return the mailboxes, empty."""
    return Mailbox(app)
