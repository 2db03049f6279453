"""What a mail server means by a refusal: that there is no such mailbox, or that it wants no mail now.

Codes alone do not tell. RFC 3463 says by 5.1.x that the address is wrong; large Chinese providers answer
550 to too many letters as well ("Domain frequency limited", "Ip frequency limited"), and others refuse by
reputation with any code. Words of frequency and reputation therefore weigh more than the code, and what
nobody can read is tried again: a letter too many is better than an address given up wrongly.
"""

from __future__ import annotations

import re
from enum import StrEnum

from app.kernel.logs import without_addresses

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# About the receiver's mailbox or its host: no such mailbox, no such host, bad syntax, moved, disabled.
_OF_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
_SLOW = re.compile(
    r"frequen|too (?:many|much)|\brate\b|limit|thrott|later|temporar|gr[ea]y ?list|spam|junk|black ?list"
    r"|block|reputation|suspicious|suspected|policy|dnsbl|rbl|quota|full|busy|denied|content|"
    r"authenticat|spf|dkim|dmarc|DT:SPM|RP:|MI:|频率|频繁|过多|稍后|垃圾|信誉|拒绝",
    re.I,
)
_BOX = "(?:user|mailbox|recipient|address|account)"
_GONE = re.compile(
    rf"(?:no such|unknown|invalid|bad|non-?existent|unrout\w+) (?:\w+ )?(?:{_BOX}|domain)"
    rf"|{_BOX}\b.{{0,40}}?\b(?:not found|unknown|does(?: not|n't) exist|invalid|disabled|inactive"
    rf"|suspended|no longer)|not a valid {_BOX}|no mailbox|不存在|无此用户|邮箱未找到",
    re.I,
)


class Meaning(StrEnum):
    """What to do with the letter: end it and mark the address, or try again, slower for its domain."""

    NO_MAILBOX = "no_mailbox"
    SLOWER = "slower"


class MailRefused(Exception):
    """A server refused one letter. `code` is SMTP's; `words` what it said with it, without the address
    that it may repeat, because they are kept and told to operators; `meaning` what to do."""

    def __init__(self, code: int, words: str) -> None:
        told = without_addresses(words)
        super().__init__(f"{code} {told}")
        self.code = code
        self.words = " ".join(told.split())[:200]
        # Of the server's own words: what stands for an address here could be read as the server's.
        self.meaning = read_refusal(code, " ".join(words.split())[:200])


def read_refusal(code: int, words: str) -> Meaning:
    """Return what a refusal means. `code` is SMTP's three digits, `words` the line behind it."""
    if not 500 <= code < 600:
        return Meaning.SLOWER
    found = _ENHANCED.search(words)
    enhanced = found[0] if found else ""
    if enhanced in _OF_ADDRESS and not re.search("frequen|too many|频", words, re.I):
        return Meaning.NO_MAILBOX
    if enhanced.startswith("4.") or _SLOW.search(_without_names(words)):
        return Meaning.SLOWER
    return Meaning.NO_MAILBOX if _GONE.search(words) else Meaning.SLOWER


def _without_names(words: str) -> str:
    """Leave out addresses and links: a mailbox may be called anything."""
    return re.sub(r"<[^>]*>|\S+@\S+|https?://\S+", " ", words)
