"""The receipt of a purchase, by mail."""

from __future__ import annotations

from app.accounts.queries import Recipient
from app.billing.money import get_currency, shown_decimals, to_decimal
from app.billing.queries.receipts import Receipt
from app.billing.queries.trials import Trial
from app.notifications import links
from app.notifications.covered import say_trial
from app.notifications.letters import Letter
from app.notifications.office import the_office
from app.notifications.promises import promise_lines
from app.notifications.speech import say_amount, say_day, speak


def receipt(buyer: Recipient, bought: Receipt) -> Letter:
    """What was bought, when, and for how much; of a trial what it will cost, of an offer what it promises."""
    _ = speak(buyer.language)
    lines = [
        _("Hello %(name)s,", name=buyer.name),
        _("Here is the receipt of what you bought: %(title)s.", title=bought.title),
        _("Order number: %(number)s", number=bought.public_id),
    ]
    if bought.trial is not None:
        lines.append(trial_line(bought.trial, buyer.language, buyer.timezone))
    if bought.promise is not None:
        lines.extend(promise_lines(bought.promise, buyer))
    for paid in bought.payments:
        day = paid.at.date().isoformat()
        amount = _money(paid.amount, bought.currency)
        lines.append(_("Paid on %(day)s: %(amount)s", day=day, amount=amount))
        if paid.refunded:
            back = _money(paid.refunded, bought.currency)
            lines.append(_("Of that given back: %(amount)s", amount=back))
        if paid.url:
            lines.append(_("The payment provider's own receipt: %(link)s", link=paid.url))
    return Letter(
        subject=_("Your receipt from %(site)s", site=the_office().site_name),
        lines=tuple(lines),
        button=_("See the order"),
        link=links.absolute(links.ORDER, slug=bought.slug, public_id=bought.public_id),
    )


def trial_line(trial: Trial, language: str, timezone: str) -> str:
    """What a mail says of a trial before its first payment."""
    return say_trial(
        speak(language),
        trial,
        day=say_day(trial.until, language=language, timezone=timezone),
        price=say_amount(trial.amount, trial.currency, language=language),
    )


def _money(amount: int, currency: str) -> str:
    """An amount that reads the same in every language: 199.00 CNY."""
    decimals = shown_decimals(get_currency(currency))
    return f"{to_decimal(amount, currency):.{decimals}f} {currency}"
