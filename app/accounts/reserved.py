"""Names that sound as if the site or its staff were speaking: nobody who is not may be called so.

The list is the installation's (`PLANETARIUM_RESERVED_NAMES`). Names are compared by their skeleton, so
look-alikes of all scripts, widths, spaces and digits behind them change nothing; a reserved word
together with words that anybody may add (`官方小助手`, `Support Team 01`) is reserved as well, one inside
a longer name (`非官方读书会`) is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from app.accounts.names import name_key
from app.kernel.errors import Invalid

DEFAULT = (
    "官方", "官方账号", "官方客服", "客服", "在线客服", "人工客服", "管理员", "管理員", "超级管理员",
    "系统", "系统消息", "系统通知", "系統", "平台方", "运营", "运营团队", "工作人员", "星主",
    "星球馆", "财务", "支付", "退款", "审核", "安全中心", "管理团队", "微信支付", "支付宝",
    "admin", "administrator", "official", "support", "customer service", "helpdesk", "moderator", "system",
    "staff", "root", "security", "billing", "payments", "stripe", "planetarium", "wechat pay", "alipay",
)  # fmt: skip
_FILLERS = (
    "小助手", "助手", "小助理", "助理", "团队", "團隊", "中心", "账号", "帳號", "号", "小", "本人",
    "老师", "平台", "team", "desk", "center", "centre", "account", "online", "the", "help", "service",
    "bot", "cn", "www", "com",
)  # fmt: skip


class ReservedNames:
    """The installation's list. `site_name` is reserved too."""

    def __init__(self) -> None:
        self._words: tuple[str, ...] = DEFAULT

    def set(self, words: Iterable[str], *, site_name: str = "") -> None:
        """Put another list in place of the built-in one; an empty one leaves it."""
        self._words = tuple(
            word for word in (*(tuple(words) or DEFAULT), site_name) if word.strip()
        )

    def holds(self, name: str) -> bool:
        """Whether a name is reserved, alone or with words that anybody may add."""
        return _pattern(self._words).fullmatch(_bare(name)) is not None


reserved = ReservedNames()


def check_free(name: str, *, field: str = "name") -> None:
    """Raise Invalid(field, "reserved_name") for a name that is kept for the site and its staff."""
    if reserved.holds(name):
        raise Invalid(field, "reserved_name")


@lru_cache(maxsize=4)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    def one_of(some: Iterable[str]) -> str:
        return "|".join(sorted({re.escape(_bare(word)) for word in some}, key=len, reverse=True))

    said, filler = one_of(words), one_of(_FILLERS)
    return re.compile(f"(?:{filler})*(?:{said})(?:{filler}|{said})*")


def _bare(name: str) -> str:
    """Return the skeleton without what is no letter: digits behind a name make it no other name."""
    digitless = re.sub(r"[\d\W_]+", "", name_key(re.sub(r"\d+$|^\d+", "", name.strip())))
    return digitless or name_key(name)
