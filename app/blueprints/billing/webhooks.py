"""Where Stripe tells what happened. Public, without session and CSRF: the signature is the right.

What is told is kept and answered; the worker asks Stripe about it (R33).
"""

from __future__ import annotations

from flask import abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.billing.actions.webhooks import GATEWAY, count_refused, receive
from app.billing.gateway import BadWebhook, gateways
from app.blueprints.billing.door import bp
from app.blueprints.entrance import declares
from app.kernel import clock
from app.kernel.errors import LimitReached
from app.kernel.logs import get_logger

LONGEST_BODY = 1_000_000

log = get_logger("webhooks")
Answer = tuple[str, int] | tuple[str, int, dict[str, str]]


@bp.post("/webhooks/stripe")
@declares("public")
def hear_stripe() -> Answer:
    """Take an event: 400 for what is not to be believed (429 for too much of it), 200 for what is kept
    (R1 to R4). Where nobody pays by Stripe there is no such page."""
    gateway = gateways.by_name.get(GATEWAY)
    if gateway is None:
        abort(404)
    # The factory exempts this view from CSRF, which would read the body as a form.
    request.max_content_length = LONGEST_BODY
    try:
        body = request.get_data(cache=False, parse_form_data=False)
        poke = gateway.read_webhook(body, dict(request.headers), now=clock.now())
    except (BadWebhook, RequestEntityTooLarge) as error:
        return _refuse(str(error))
    receive(poke)
    return "", 200


def _refuse(why: str) -> Answer:
    """Refuse what is not to be believed; a flood of it is neither logged nor written down."""
    try:
        count_refused()
    except LimitReached as limit:
        return "", 429, {"Retry-After": str(limit.retry_after)}
    log.warning("a webhook was refused", why=why)
    return "", 400
