"""An archive to search in: two planets in which people talked about money given back, over some years."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.kernel import clock
from app.kernel.db import unit_of_work
from app.memberships.models import Entitlement, Membership
from app.planets.models import Planet
from app.policy import PlanetRole
from tests.cast import Cast
from tests.discussion.threads import put_answer, put_question, say
from tests.discussion.writing import post
from tests.search.reference import MemoryEngine
from tests.search.rows import entries

RULES = "付款后七天之内，不问理由，原路退款。超过七天的，按剩下的天数折算，退到付款时的账户。"
ANSWER = "可以退款。打开「我的会员」，点「申请退款」，写一句原因就行；钱三个工作日内原路退回。"


@dataclass
class Archive:
    """The planets, and the public ids of what stands in them."""

    cast: Cast
    second: Cast
    rules: str
    question: str
    answer: str
    comment: str
    later: str
    elsewhere: str


def fill(cast: Cast) -> Archive:
    """Write both planets; the second is the member's too."""
    now = clock.now()
    second = _second_planet(cast)
    with clock.fixed(now - timedelta(days=90)):
        rules = post(cast, title="退款规则：七天无理由", text=RULES, tags=())
        post(cast, title="一年读十二本书", text="书单在文末，第三本可以先跳过。退款的事见另一篇。")
    with clock.fixed(now - timedelta(days=80)):
        question = put_question(cast, "member", text="买错了套餐，还能退款吗？昨天刚付的钱。")
        answer = put_answer(cast, "guest", question, ANSWER)
        comment = say(cast, "other", question, "我上个月退款成功了，两天到账。")
    with clock.fixed(now - timedelta(days=3)):
        later = post(
            cast, title="新的退款流程", text="从这个月起，退款在页面上自己申请，不用写信了。"
        )
        elsewhere = put_question(second, "member", text="课程听到一半，退款怎么算？")
        put_answer(second, "guest", elsewhere, "按没听的课时退款，一课一算。")
        post(second, title="海外的朋友怎样退款", text="海外卡退款要七到十天，银行会扣手续费。")
    return Archive(
        cast, second, rules.public_id, question, answer, comment, later.public_id, elsewhere
    )


def indexed() -> MemoryEngine:
    """Return an engine that holds what the database holds now."""
    engine = MemoryEngine()
    engine.apply(entries(), cursor=1)
    return engine


def _second_planet(cast: Cast) -> Cast:
    moment = clock.now() - timedelta(days=400)
    with unit_of_work() as session:
        planet = Planet(
            slug="slow-reading",
            name="慢读书社",
            tagline="每周一篇长文，问必有答",
            accent="jade",
            created_at=moment,
            created_by=cast.users["owner"],
            next_number=10,
        )
        session.add(planet)
        session.flush()
        for number, (persona, role) in enumerate(_ROLES.items(), start=1):
            session.add(_member(planet.id, cast.users[persona], persona, role, number, moment))
        session.flush()
        for member in session.query(Membership).filter_by(planet_id=planet.id):
            session.add(_right(member, moment))
        return replace(cast, planet_id=planet.id, slug=planet.slug)


_ROLES = {"owner": PlanetRole.OWNER, "guest": PlanetRole.GUEST, "member": PlanetRole.MEMBER}


def _member(
    planet_id: int, user_id: int, persona: str, role: PlanetRole, number: int, moment: datetime
) -> Membership:
    return Membership(
        planet_id=planet_id,
        user_id=user_id,
        name_key=f"{persona} of the second planet",
        role=role,
        number=number,
        joined_at=moment,
        read_through_at=moment,
        takes_questions=role is not PlanetRole.MEMBER,
    )


def _right(member: Membership, moment: datetime) -> Entitlement:
    return Entitlement(
        membership_id=member.id,
        source="open",
        source_ref=f"archive-{member.id}",
        starts_at=moment,
        ends_at=None,
        created_at=moment,
        since_at=moment,
        until_at=None,
    )
