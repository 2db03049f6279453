"""What the installation owes to a planet's owner, because the money lies with it (R32). Pure.

Where one Stripe account takes the money of several owners, each booking also says what it changes of
what is owed to the planet's owner: `owed` against `earned`. Money that the owner has already (by
transfer) is not owed; what belongs to others (tax, the site's fee, shares) is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping

OWED, EARNED = "owed", "earned"
# The installation's own bank: what it paid to owners came from there.
SITE = "site"
PAIR = frozenset({OWED, EARNED})
# Held by the installation, or owed by it to others than the owner.
HELD = frozenset({"provider", "tax", "platform"})
_PAYABLE = "payable:"


def owed_by(amounts: Mapping[str, int]) -> dict[str, int]:
    """Return the entries by which a booking changes what is owed to the owner; none when it does not.

    `amounts` are its own entries, a debit above 0. `owed` is a debt, so it stands below 0.
    """
    net = sum(amount for account, amount in amounts.items() if _counts(account))
    return {EARNED: net, OWED: -net} if net else {}


def _counts(account: str) -> bool:
    return account in HELD or account.startswith(_PAYABLE)
