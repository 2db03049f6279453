"""Where the provider sends a buyer afterwards, and what is said when it does not answer."""

from __future__ import annotations

from flask import url_for
from flask_babel import get_locale, lazy_gettext

from app.billing.actions.checkout import Ways
from app.blueprints.entrance import current_site

# Says in the address that its reader comes from the provider.
RETURNED = "returned"
UNREACHABLE = lazy_gettext(
    "The payment provider does not answer. Nothing was charged; please try again in a minute."
)


def ways_back(slug: str) -> Ways:
    """Return where the provider sends a buyer of this planet afterwards."""
    done = url_for("billing.order", slug=slug, public_id="ORDER").replace("ORDER", "{order}")
    back = url_for("billing.buy", slug=slug)
    home = current_site().base_url
    return Ways(f"{home}{done}?{RETURNED}=1", f"{home}{back}", str(get_locale() or "en"))
