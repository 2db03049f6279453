"""The words of the query language: operators and their values, in English and in Chinese.

The English words are the canonical ones: a parsed query holds and writes no others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from app.search.folding import simplify

# operator -> what else it is called.
_NAMES: dict[str, tuple[str, ...]] = {
    "from": ("author", "by", "作者", "来自", "发布者", "谁"),
    "starter": ("op", "楼主", "发起人", "发帖人"),
    "planet": ("星球",),
    "kind": ("type", "类型", "类别"),
    "tag": ("tags", "标签", "话题"),
    "in": ("在", "范围", "位置"),
    "is": ("是", "状态"),
    "has": ("有", "含", "包含"),
    "before": ("until", "之前", "早于", "截至"),
    "after": ("since", "之后", "晚于", "自"),
    "year": ("年份", "年"),
    "sort": ("order", "排序", "顺序"),
}
OPERATORS: Mapping[str, str] = {
    alias: name for name, aliases in _NAMES.items() for alias in (name, *aliases)
}

# operator -> value -> what else it is called. Operators that are not here take free values.
_VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "kind": {
        "post": ("posts", "topic", "主题", "帖子", "文章"),
        "question": ("questions", "qa", "提问", "问题", "问答"),
    },
    "in": {
        "title": ("titles", "标题"),
        "answers": ("answer", "回答", "答案"),
        "comments": ("comment", "评论", "回复", "回覆"),
        "bookmarks": ("bookmark", "收藏", "我的收藏"),
    },
    "is": {
        "answered": ("已回答", "回答了", "已答"),
        "unanswered": ("open", "未回答", "没回答", "待回答", "未答"),
        "digest": ("精华",),
    },
    "has": {
        "image": ("images", "picture", "photo", "图片", "图", "照片"),
        "file": ("files", "attachment", "文件", "附件", "档案"),
    },
    "sort": {
        "relevance": ("best", "相关", "相关度", "最相关"),
        "new": ("newest", "latest", "最新", "时间"),
    },
}
CHOICES: Mapping[str, tuple[str, ...]] = {name: tuple(values) for name, values in _VALUES.items()}
_CLOSED = {
    name: {alias: value for value, aliases in values.items() for alias in (value, *aliases)}
    for name, values in _VALUES.items()
}
_PEOPLE = {"me": "me", "我": "me", "自己": "me", "owner": "owner", "星主": "owner"}

# Of these the last one counts.
SINGLE = frozenset({"before", "after", "year", "sort"})
# Of these two only one can be true.
_OPPOSITES = {"answered": "unanswered", "unanswered": "answered"}

_UNITS = {
    **dict.fromkeys(("d", "day", "days", "天", "日"), "d"),
    **dict.fromkeys(("w", "week", "weeks", "周", "星期"), "w"),
    **dict.fromkeys(("m", "month", "months", "个月", "月"), "m"),
    **dict.fromkeys(("y", "year", "years", "年"), "y"),
}
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_AGE = re.compile(rf"(\d{{1,4}})({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?:前|内)?")
_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?")
_NAMED_DAYS = {"today": "0d", "今天": "0d", "yesterday": "1d", "昨天": "1d"}


def fold(text: str) -> str:
    """Return a word as operators and their values are compared."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def read_value(name: str, value: str) -> str | None:
    """Return the canonical form of an operator's value; None when it makes no sense. What has a list of
    values is understood in traditional characters too."""
    folded = simplify(fold(value))
    if name in _CLOSED:
        return _CLOSED[name].get(folded)
    if name in ("before", "after"):
        return _read_day(folded)
    if name == "year":
        year = folded.removesuffix("年")
        return year if re.fullmatch(r"(19|20)\d\d", year, re.ASCII) else None
    if name in ("from", "starter") and folded in _PEOPLE:
        return _PEOPLE[folded]
    return " ".join(value.split()) or None


def name_of(typed: str) -> str:
    """Return the operator that a name stands for, in either script. Raises KeyError."""
    return OPERATORS[simplify(fold(typed))]


def excludes(name: str, value: str, other: str) -> bool:
    """Whether an operator with `value` takes the place of the same operator with `other`."""
    return name in SINGLE or (name == "is" and _OPPOSITES.get(value) == other)


class Stretch(NamedTuple):
    """A stretch of time: from `since`, up to `until` and without it."""

    since: datetime
    until: datetime


def stretch_of(value: str, *, now: datetime, zone: tzinfo) -> Stretch:
    """Return which time a canonical value of `before:` and `after:` names: a day, a month or a year in
    the reader's zone. `7d` names the moment seven days ago, `0d` today."""
    if age := _AGE.fullmatch(value):
        count, unit = int(age[1]), age[2]
        if unit == "d" and count < 2:
            day = now.astimezone(zone).date() - timedelta(days=count)
            return _between(day, day + timedelta(days=1), zone)
        moment = now - timedelta(days=count * _DAYS[unit])
        return Stretch(moment, moment)
    year, month, number = (int(part) for part in (value + "-0-0").split("-")[:3])
    first = date(year, month or 1, number or 1)
    if number:
        return _between(first, first + timedelta(days=1), zone)
    later = date(year, month + 1, 1) if 0 < month < 12 else date(year + 1, 1, 1)
    return _between(first, later, zone)


def _between(first: date, later: date, zone: tzinfo) -> Stretch:
    return Stretch(*(datetime.combine(day, time.min, tzinfo=zone) for day in (first, later)))


def _read_day(folded: str) -> str | None:
    folded = _NAMED_DAYS.get(folded, folded)
    if age := _AGE.fullmatch(folded):
        unit = _UNITS[age[2]]
        return f"{int(age[1])}{unit}" if int(age[1]) * _DAYS[unit] < 100 * 365 else None
    found = _DAY.fullmatch(folded)
    if found is None or not found[1].startswith(("19", "20")):
        return None
    parts = [int(part) for part in found.groups() if part]
    try:
        date(*[*parts, 1, 1][:3])
    except ValueError:
        return None
    return "-".join([found[1], *(f"{part:02}" for part in parts[1:])])
