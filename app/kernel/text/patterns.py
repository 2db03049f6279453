"""The marks inside a line that Chinese writing needs: bare addresses, @names, #topics#.

The renderer, the extraction of names and the plain text all use these, so that they agree.
"""

from __future__ import annotations

import re

URL = re.compile(
    r"(?<![A-Za-z0-9+.\-])https?://[A-Za-z0-9][A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*", re.I
)
"""A bare address: ASCII only, so it ends at Chinese text and marks; Chinese may precede it."""

MENTION = re.compile(r"(?<![A-Za-z0-9_.+\-@/])@(\w[\w·\-]{0,31})")
"""`@name`; letters of any script; not inside a mail address or a path."""

HASHTAG = re.compile(
    r"(?<![A-Za-z0-9_#&/])#(?![\s#])(?=[^#\n]{0,29}[^\W\d_])"
    r"([^#\n\x02\x03<>\[\]()*`|\\]{1,30})(?<!\s)#(?!#)"
)
"""`#topic#` with a closing mark, as in Chinese networks; it must hold a letter."""

ADDRESS_START = r"https?://|mailto:|www\.|image:|[/#]"
"""How the address in a link definition begins; `[通知]: 明天开会` is a sentence."""

_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufeff\ufffe\uffff\ud800-\udfff]")
_TRAILING = "?!.,:;'\"*_~&"
_UNSAFE_IN_URL = re.compile(
    r"[\x00-\x1f\x7f-\xa0\\\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f]"
)
_MAIL = re.compile(r"[^\s@,;?]+@[^\s@,;?]+(\?[^\s]*)?")
MAX_URL = 2_000


def clean(source: str) -> str:
    """The text as it is kept and counted: line ends as `\\n`, no control or direction-override
    characters and no broken code points (those would break the parser or deceive a reader)."""
    return _DROPPED.sub("", source.replace("\r\n", "\n").replace("\r", "\n"))


def trim_url(url: str) -> str:
    """Take from a bare address what belongs to the sentence: closing marks and brackets."""
    while url:
        last = url[-1]
        if last in _TRAILING or (last == ")" and url.count(")") > url.count("(")):
            url = url[:-1]
        else:
            break
    return url


def safe_href(value: str) -> str | None:
    """The address if a text may link to it, else None.

    Allowed: http and https with a host and without a user part (`good.com@evil.com`), mailto with
    one address, a path of our own site, an anchor of the same text.
    """
    value = value.strip().replace(" ", "%20")
    if not value or len(value) > MAX_URL or _UNSAFE_IN_URL.search(value):
        return None
    if value.startswith("#"):
        return value
    if value.startswith("/"):
        return None if value.startswith("//") else value
    scheme, _, rest = value.partition(":")
    scheme = scheme.lower()
    if scheme == "mailto":
        return value if _MAIL.fullmatch(rest) else None
    if scheme not in ("http", "https") or not rest.startswith("//"):
        return None
    host = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    return value if host and "@" not in host else None
