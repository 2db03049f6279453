"""From what somebody typed to what is stored: checked, rendered, cut to an excerpt.

Rendering may take seconds on a hostile text, so it happens before the unit of work begins: no
writer waits for another's Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.errors import Invalid
from app.kernel.text import (
    ImageRef,
    Profile,
    TextTooLong,
    check_length,
    clean,
    excerpt,
    render,
)

EXCERPT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Body:
    """A text ready to be stored: its source, safe HTML, excerpt and the renderer's version."""

    source: str
    html: str
    excerpt: str
    render_version: int


def render_body(
    source: str,
    *,
    max_chars: int,
    id_prefix: str,
    field: str = "text",
    profile: Profile = Profile.FULL,
    images: Mapping[str, ImageRef] | None = None,
) -> Body:
    """Return the text ready to be stored; Invalid(field, "too_long", limit) above `max_chars`.

    An empty text is not refused here: with a picture it may be all somebody has to say.
    """
    source = clean(source).strip("\n")
    try:
        check_length(source, max_chars)
    except TextTooLong as error:
        raise Invalid(field, "too_long", limit=error.limit, length=error.length) from None
    rendered = render(source, profile=profile, id_prefix=id_prefix, images=images)
    return Body(source, rendered.html, excerpt(source, EXCERPT_LENGTH), rendered.version)
