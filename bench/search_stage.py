"""What the benchmark of searching stands on: the seeded planet as entries, its readers, and queries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.factory import create_app
from app.kernel import clock
from app.search import port
from app.search.documents import load_whole, next_topics
from app.search.port import All, Entry, Reader, Request, Sort, Text
from bench import stage

PLANETS = 40  # the seeded planet's topics, dealt out
SEARCHED = 20
BATCH = 2_000
WORDS = """复利 止损 估值 现金流 仓位 读书笔记 写作习惯 番茄工作法 间隔重复 连接池 单元测试 需求访谈 用户画像
定价策略 续费率 退款流程 会员权益 社群运营 直播脚本 睡眠质量 蛋白质摄入 儿童阅读 面试准备 薪资谈判 税务申报
房贷利率 咖啡冲煮 摄影构图 声乐练习 论文选题 文献综述 特征工程 向量检索 倒排索引 灰度发布 时区问题""".split()
ENGLISH = (
    "caching indexing latency renewal retention pricing backup migration portfolio margin".split()
)
ENDS = ("三个误区",)
VERBS = "复盘 拆解 梳理 记录 验证 推导 优化 追踪 讨论 总结 放弃 搭建 测量 演练 归档 翻译".split()
QUESTIONS = (
    "请问{a}和{b}应该先学哪个？我已经{v}了三天，还是没有头绪",
    "{a}遇到瓶颈的时候，大家是怎么{v}{b}的",
    "第一次做{a}，要不要先把{b}{v}一遍？",
    "how do you balance caching and retention when {a} fails",
)


@dataclass(frozen=True)
class Asked:
    """A query in the words of each engine: ours, and plain words for the yardsticks."""

    request: Request
    words: tuple[str, ...]
    phrase: bool = False
    prefix: bool = False
    any_word: bool = False
    newest: bool = False
    filtered: bool = False


def batches(made: stage.Stage) -> Iterator[list[Entry]]:
    """Return all of the seeded planet as entries, its topics dealt out to forty planets."""
    with create_app(made.settings).app_context():
        after = 0
        while ids := next_topics(after, passages=BATCH):
            after = ids[-1]
            yield [dealt(entry) for entry in load_whole(ids)]


def dealt(entry: Entry) -> Entry:
    """Give a topic to one of forty planets."""
    assert entry.facts is not None
    return replace(entry, facts=replace(entry.facts, planet_id=1 + entry.topic_id % PLANETS))


def everywhere() -> dict[int, Reader]:
    """A member of all planets."""
    return {planet: _reader(planet, inside=True, until=None) for planet in range(1, PLANETS + 1)}


def half_expired() -> dict[int, Reader]:
    """Somebody who reads half of the planets, half of these up to a day some time ago."""
    cut_off = clock.now() - timedelta(days=300)
    return {
        planet: _reader(planet, inside=planet % 2 == 0, until=None if planet % 2 == 0 else cut_off)
        for planet in range(1, SEARCHED + 1)
    }


def _reader(planet: int, *, inside: bool, until: datetime | None) -> Reader:
    return Reader(
        planet, 4_000, staff=False, inside=inside, until=until, since=None, queue_open=True
    )


def queries(count: int) -> dict[str, list[Asked]]:
    """Return queries of each kind, the same in every run."""
    rng = random.Random(7)
    return {name: [make(rng) for _ in range(count)] for name, make in kinds().items()}


def kinds() -> dict[str, Callable[[random.Random], Asked]]:
    """Return the kinds of queries, each with what makes one."""

    def asked(node: port.Node, words: tuple[str, ...], **more: bool) -> Asked:
        readers = half_expired() if more.get("filtered") else everywhere()
        request = Request(
            node, readers, clock.now(), facets=True, loose=more.get("any_word", False)
        )
        if more.get("newest"):
            request = replace(request, sort=Sort.NEW)
        return Asked(request, words, **more)

    def one(word: str, **more: bool) -> Asked:
        return asked(Text(word, prefix=more.get("prefix", False)), (word,), **more)

    def three(rng: random.Random, **more: bool) -> Asked:
        words = (*rng.sample(WORDS, 2), rng.choice(VERBS))
        return asked(All(tuple(Text(word) for word in words)), words, **more)

    def question(rng: random.Random) -> Asked:
        a, b = rng.sample(WORDS, 2)
        text = rng.choice(QUESTIONS).format(a=a, b=b, v=rng.choice(VERBS))
        return asked(Text(text), (text,), any_word=True)

    def rare(rng: random.Random) -> Asked:
        return one(
            f"第{rng.randint(2, 99)}次" if rng.random() < 0.7 else f"{rng.choice(WORDS)}以后"
        )

    def frequent(rng: random.Random, **more: bool) -> Asked:
        return one(rng.choice(("一个", "最后", "问题", "measure")), **more)

    return {
        "rare word": rare,
        "frequent word": frequent,
        "three words": three,
        "phrase": lambda rng: one(f"{rng.choice(WORDS)}的{rng.choice(ENDS)}", phrase=True),
        "one character": lambda rng: one(rng.choice("的一我你是要先款利写读书")),
        "prefix": lambda rng: one(rng.choice(ENGLISH)[: rng.randint(1, 3)], prefix=True),
        "question": question,
        "three words, 20 planets, cut-off": lambda rng: three(rng, filtered=True),
        "frequent word, 20 planets, cut-off": lambda rng: frequent(rng, filtered=True),
        "newest first": lambda rng: frequent(rng, newest=True),
    }
