"""Pages that ask before an act, opened again after it: who comes back is told and led on."""

from __future__ import annotations

from flask import flash
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.blueprints.entrance import require, see_other
from app.policy import Reason, Verdict


def lead_on(verdict: Verdict, slug: str, public_id: str) -> Response | None:
    """Return the way to the topic where an act is done already, None where it is still to be done. Raises as
    `require` for whoever may not do it at all."""
    if verdict.reason is Reason.NOT_OPEN:
        flash(gettext("This is done already; here is how it stands."), "info")
        return see_other("topics.show", slug=slug, public_id=public_id)
    require(verdict)
    return None
