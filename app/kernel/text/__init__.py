"""Text: Markdown in, safe HTML out. The only door to Markdown in the house.

`render` is called when a text is written, never when it is read; its HTML is stored with
`RENDERER_VERSION`. Invariants:

- No HTML leaves here that is not in the closed lists of `sanitize.py` and `math.py`.
- `render` never raises and is bounded in time and memory: the work happens in a child process
  (`sandbox.py`, `child.py`); whatever fails there, the reader gets the escaped text with a notice.
- No text is lost: raw HTML, foreign images and bad formulas are shown as they were typed.
- Nothing is loaded from third parties: foreign images become links.
"""

from __future__ import annotations

import html
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import asdict

from app.kernel.text.anchors import without_anchors
from app.kernel.text.contract import (
    HARD_LENGTH,
    RENDERER_VERSION,
    ImageRef,
    Profile,
    Rendered,
    TextTooLong,
)
from app.kernel.text.patterns import clean
from app.kernel.text.plain import excerpt, hashtags, mentions, plain_text, slugify
from app.kernel.text.precheck import refuses
from app.kernel.text.sandbox import RenderFailed, Sandbox
from app.kernel.text.visible import is_visible, shows, tidy, tidy_line

__all__ = [
    "HARD_LENGTH",
    "RENDERER_VERSION",
    "UNFORMATTED",
    "ImageRef",
    "Profile",
    "Rendered",
    "TextTooLong",
    "check_length",
    "clean",
    "excerpt",
    "hashtags",
    "is_visible",
    "mentions",
    "plain_text",
    "render",
    "shows",
    "slugify",
    "stop_renderer",
    "tidy",
    "tidy_line",
    "without_anchors",
]

_log = logging.getLogger(__name__)
_sandbox = Sandbox()
os.register_at_fork(after_in_child=_sandbox.forget)

# What the HTML of a text holds that could not be formatted.
UNFORMATTED = 'data-notice="plain"'
_NOTICE = (
    f'<p class="text-notice" {UNFORMATTED}>'
    '<span lang="zh-Hans">这段文字未能排版，按原文显示。</span> '
    '<span lang="en">Shown as typed: this text could not be formatted.</span></p>'
)
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")


def check_length(source: str, limit: int) -> None:
    """Raise TextTooLong if a text has more than `limit` characters, a line end counting as one."""
    length = len(clean(source))
    if length > limit:
        raise TextTooLong(limit, length)


def render(
    source: str,
    *,
    profile: Profile,
    id_prefix: str,
    images: Mapping[str, ImageRef] | None = None,
) -> Rendered:
    """Safe HTML of a Markdown text. Never raises; normally takes a few ms, a hostile text a second,
    and on a machine too busy to start a process at most a minute: call it before a unit of work.

    `id_prefix` stands before every element id and must be unique among the texts of a page, such
    as `t-x7k2-`. `images` are the uploaded images the text may show, by public id.
    """
    source = clean(source)
    if not source.strip():
        return Rendered("", RENDERER_VERSION, plain=False)
    try:
        reason = refuses(source)
        if reason is None:
            request = {
                "source": source,
                "profile": profile.value,
                "id_prefix": id_prefix,
                "images": {name: asdict(image) for name, image in (images or {}).items()},
            }
            safe = _sandbox.ask(request)
            return Rendered(safe or _as_typed(source), RENDERER_VERSION, plain=False)
    except RenderFailed as failure:
        reason = str(failure)
    except Exception as error:  # a text must never fail a request, whatever is wrong with us
        reason = f"{type(error).__name__}: {error}"
    _log.warning("text shown as typed: %s (%d characters)", reason, len(source))
    return Rendered(f"{_NOTICE}\n{_as_typed(source)}", version=0, plain=True)


def stop_renderer() -> None:
    """End the child process if there is one; the next text starts another. For shutting down."""
    _sandbox.stop()


def _as_typed(source: str) -> str:
    """The escaped text in paragraphs."""
    paragraphs = _PARAGRAPHS.split(source.strip("\n"))
    return "\n".join(f"<p>{html.escape(p)}</p>".replace("\n", "<br>\n") for p in paragraphs if p)
