"""Reactions to what happened in other rooms. Each runs in the transaction that marks it done, so it
happens once; sending mails runs outside any."""

from app.notifications import mailer, post
from app.notifications.events import AwaitedMailWritten, MailWritten
from app.notifications.handlers import accounts, billing, discussion, memberships, staff
from app.notifications.outlook import SENDER
from app.outbox.events import Lane, Subscriptions

# For a letter about one's account somebody sits and waits.
_LANES = {
    accounts: Lane.AT_ONCE,
    billing: Lane.INSIDE,
    discussion: Lane.INSIDE,
    memberships: Lane.INSIDE,
    staff: Lane.INSIDE,
}


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events with this room."""
    for room, lane in _LANES.items():
        for event, handler in room.HANDLERS.items():
            subscriptions.add(event.name, f"notices.{handler.__name__}", handler, lane=lane)
    subscriptions.add_outside(MailWritten.name, SENDER, post.deliver)
    subscriptions.add_outside(AwaitedMailWritten.name, SENDER, post.deliver, lane=Lane.AWAITED)
    for lane in (Lane.OUTSIDE, Lane.AWAITED):
        subscriptions.when_idle(lane, mailer.hang_up)
