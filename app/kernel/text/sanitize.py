"""The wall: whatever the parser made, only listed elements, attributes and values get through.

The parser already shows raw HTML as text; this holds even if an extension lets some through.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import nh3
from pygments.token import STANDARD_TYPES

from app.kernel.text.contract import Profile
from app.kernel.text.patterns import safe_href

LINK_REL = "nofollow ugc noopener noreferrer"
TASK_LABEL = "任务 · Task"

_LIGHT_TAGS = frozenset("p br hr ul ol li blockquote div pre code strong em del a span".split())
_FULL_TAGS = _LIGHT_TAGS | frozenset(
    "h2 h3 h4 h5 h6 sup table thead tbody tr th td details summary input img".split()
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "details": {"open"},
    "li": {"id"},
    "sup": {"id"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}
_CHOICES = {
    "th": {"align": {"left", "center", "right"}},
    "td": {"align": {"left", "center", "right"}},
    "input": {"type": {"checkbox"}, "checked": {"", "checked"}, "disabled": {"", "disabled"}},
    "img": {"loading": {"lazy"}, "decoding": {"async"}},
    "div": {"tabindex": {"0"}},
}
_FIXED = {
    "input": {"type": "checkbox", "disabled": "", "aria-label": TASK_LABEL},
    "pre": {"tabindex": "0"},
}
_CLASSES = {
    "span": {"math", "hashtag", "missing-image", "hll", "filename"}
    | {name for name in STANDARD_TYPES.values() if name},
    "div": {"highlight", "footnote", "table-scroll", "math"},
    "a": {"footnote-ref", "footnote-backref"},
    "ul": {"task-list"},
    "li": {"task-list-item"},
}
_NUMBER = re.compile(r"\d{1,9}")
_ID = re.compile(r"[\w:.\-]{1,100}")


class Sanitizer:
    """The lists of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._tags = set(_FULL_TAGS if profile is Profile.FULL else _LIGHT_TAGS)

    def clean(
        self,
        html: str,
        *,
        id_prefix: str,
        image_urls: frozenset[str],
        unmark: Callable[[str], str],
    ) -> str:
        """Safe HTML of a fragment.

        Ids and links to them get `id_prefix`; images show nothing but `image_urls`; `unmark` turns
        formula markers inside attributes back into their source before a value is judged.
        """

        def keep(tag: str, name: str, value: str) -> str | None:
            value = unmark(value)
            if name == "href":
                return _href(value, id_prefix)
            if name == "id":
                return id_prefix + value if _ID.fullmatch(value) else None
            if name == "src":
                return value if value in image_urls else None
            if name in ("start", "width", "height"):
                return value if _NUMBER.fullmatch(value) else None
            return value

        only = self._tags.__contains__
        return nh3.clean(
            html,
            tags=self._tags,
            clean_content_tags={"script", "style"},
            attributes={tag: names for tag, names in _ATTRIBUTES.items() if only(tag)},
            attribute_filter=keep,
            link_rel=LINK_REL,
            tag_attribute_values={tag: names for tag, names in _CHOICES.items() if only(tag)},
            set_tag_attribute_values={tag: names for tag, names in _FIXED.items() if only(tag)},
            allowed_classes={tag: names for tag, names in _CLASSES.items() if only(tag)},
            url_schemes={"http", "https", "mailto"},
        )


def _href(value: str, id_prefix: str) -> str | None:
    if value.lower().startswith("www."):
        value = f"https://{value}"
    address = safe_href(value)
    if address is not None and address.startswith("#"):
        return f"#{id_prefix}{address[1:]}" if len(address) > 1 else None
    return address
