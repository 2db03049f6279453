"""Reactions to what happened in other rooms. Each runs in the transaction that marks it done, so it
happens once; sending mails runs outside any."""

from app.notifications import post
from app.notifications.handlers import accounts, billing, discussion, memberships, staff
from app.outbox.events import Subscriptions


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events with this room."""
    for room in (accounts, billing, discussion, memberships, staff):
        for event, handler in room.HANDLERS.items():
            subscriptions.add(event.name, f"notices.{handler.__name__}", handler)
    subscriptions.add_outside("notifications.mail_written", "mail.send", post.deliver)
