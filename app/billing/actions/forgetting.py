"""What billing forgets of a person whose account closes. Orders and the ledger stay: the books are kept."""

from __future__ import annotations

from sqlalchemy import delete, func, or_, update

from app.billing.actions.customers import ask_now
from app.billing.models import CompOffer, FunnelStep, PaidQuestion, SeatWish
from app.kernel import clock
from app.kernel.db import db
from app.memberships.rows import person_of
from app.policy import Action, Actor, require


def forget_address(actor: Actor, *, address: str, gone: str) -> None:
    """Put `gone` in the address's place in all offers, and end those that wait; forget what the person
    wished for and which pages led them here. Runs in the caller's unit of work."""
    require(actor, Action.ACCOUNT_USE)
    user_id, moment = person_of(actor), clock.now()
    theirs = update(CompOffer).where(or_(CompOffer.email == address, CompOffer.taken_by == user_id))
    ended = {"email": gone, "reason": "", "revoked_at": func.coalesce(CompOffer.revoked_at, moment)}
    db.session.execute(theirs.where(CompOffer.taken_at.is_(None)).values(ended))
    db.session.execute(theirs.where(CompOffer.taken_at.is_not(None)).values(email=gone, reason=""))
    ask_now(user_id)
    db.session.execute(delete(SeatWish).where(SeatWish.user_id == user_id))
    # What was asked stands in its topic; what was not is asked no more, and its money goes back.
    unasked = update(PaidQuestion).where(PaidQuestion.asker_id == user_id)
    db.session.execute(unasked.values(words={}))
    db.session.execute(update(FunnelStep).where(FunnelStep.user_id == user_id).values(user_id=None))
