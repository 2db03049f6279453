"""The demo's people: one per role. The password is printed by `flask seed-demo`; it guards nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.policy import PlanetRole

PASSWORD = "planetarium-demo"  # noqa: S105
DOMAIN = "demo.test"


@dataclass(frozen=True)
class Person:
    """Somebody of the cast. `role` is his role in both planets; None joins neither."""

    name: str
    bio: str
    role: PlanetRole | None = PlanetRole.MEMBER


CAST: dict[str, Person] = {
    "owner": Person("林悦", "编辑，做书十二年。相信慢的力量。", PlanetRole.OWNER),
    "partner": Person("赵衡", "产品经理，业余书评人。", PlanetRole.PARTNER),
    "admin": Person("苏晴", "慢读书社的大管家，有事找我。", PlanetRole.ADMIN),
    "guest": Person("陈默", "睡眠门诊医生，门诊二十年。", PlanetRole.GUEST),
    "member": Person("王小雨", "程序员，每天地铁上读书四十分钟。"),
    "other": Person("李安", ""),
    "grace": Person("郑和", ""),
    "expired": Person("何平", ""),
    "pending": Person("许楠", ""),
    "left": Person("周一", ""),
    "removed": Person("钱多", ""),
    "isolated": Person("孙立", ""),
    "muted": Person("吴桐", ""),
    "stranger": Person("冯远", "", None),
}

# What the list of logins says of each.
SAID_OF = {
    "owner": "owns both planets, administers the site",
    "partner": "partner",
    "admin": "admin",
    "guest": "guest expert with questions to answer",
    "member": "member who asks and comments",
    "grace": "membership ended two days ago, in grace",
    "expired": "membership ended a month ago",
    "pending": "asked to join, not decided yet",
    "stranger": "has an account, belongs to no planet",
}

# When a membership ends, from now; who is missing never ends.
ENDS = {
    "member": timedelta(days=265),
    "other": timedelta(days=90),
    "grace": timedelta(days=-2),
    "expired": timedelta(days=-30),
}


def email_of(persona: str) -> str:
    """Return the persona's address; the domain exists nowhere."""
    return f"{persona}@{DOMAIN}"
