"""Why a form is not offered, in words, with the way out: the same words as the page of a refusal."""

from __future__ import annotations

from flask import current_app, g, url_for

from app.blueprints.errors import REASONS
from app.policy import Verdict


def refusal_words(verdict: Verdict) -> dict[str, str] | None:
    """Return the sentence, and the label and address of the way out; None when nothing is refused."""
    if verdict.reason is None:
        return None
    words = REASONS[verdict.reason]
    known = current_app.url_map.is_endpoint_expecting(words.endpoint, "slug")
    values = {"slug": g.planet.slug} if known else {}
    return {
        "sentence": str(words.sentence),
        "label": str(words.label),
        "url": url_for(words.endpoint, **values),
    }
