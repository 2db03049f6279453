"""The seconds between a deed and the index that follows it: whatever was done, what anybody gets from
search is the same before its event was delivered, before the index has read the note of it, and afterwards.
So nothing that may not be opened any more, or is said in other words now, is counted anywhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.accounts.actions.profile import Profile, edit_profile
from app.blueprints.pacing import Purse
from app.blueprints.search.pace import Pace
from app.discussion import events
from app.discussion.actions import tags
from app.discussion.actions.composing import TopicWish, compose_edit
from app.discussion.actions.marks import TopicMark, mark_topic, unmark_topic
from app.discussion.actions.questions import decline
from app.discussion.actions.topics import delete_topic, edit_topic
from app.discussion.actions.withdrawing import decide_hiding, withdraw_answered
from app.discussion.models import Question, Topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.actions.own import follow_name
from app.outbox.delivery import deliver_due
from app.outbox.events import put
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.search import abreast as abreast_module
from app.search.documents import load_whole
from app.search.finding import find
from app.search.helping import look_alikes, related, suggest
from app.search.models import SearchChange
from app.search.port import Engine, Entry, Part
from app.search.readers import within
from app.search.views import SearchPage
from app.search.whoosh_engine import engine as engine_module
from tests.cast import Cast
from tests.discussion.threads import (
    act_on,
    change,
    change_answer,
    erase,
    pass_on,
    put_answer,
    put_question,
    say,
    the_topic,
)
from tests.discussion.writing import post
from tests.growth.watching import scanned, watched
from tests.search.following import follow, indexer_of
from tests.search.scatter import rewritten

SAID = (
    "退款流程：怎么申请退款",
    "订阅到期以后还能退款吗",
    "睡眠质量和注意力",
    "读书笔记 concern",
    "how to contract and to conduct",
    "the refund of a subscription was processed",
)
QUERIES = (
    *(
        "退款",
        "退款 sort:new",
        "refund",
        "refnud",
        "con*",
        "退款 -密钥",
        "-密钥",
        "密钥",
        "密钥 退款",
    ),
    *(
        "tag:退款",
        "tag:杂",
        "from:陈默",
        "starter:林悦 退款",
        "from:me",
        "year:2026",
        "in:comments",
    ),
    *("睡眠读书笔记", "退款密钥", "睡眼", "密匙", "推款", "is:answered 退款", "没有这个词 退款"),
    *(
        "怎样 申请 退款 密钥 谢谢",
        "kind:question",
        "is:digest",
        "mysteri*",
        "mysterious",
        "mysteruous",
    ),
)
TYPED = ("退", "密", "mi", "my", "re", "con", "陈", "ch", "读书", "杂")
# Each deed changes one of these answers at least, for one of the readers.
TELLING = ("密钥 退款", "tag:杂", "tag:退款", "from:陈默")
READERS = ("other", "guest", "visitor")


class Stage:
    """What is written, and the deeds that hide or change it. Each deed is done once."""

    def __init__(self, cast: Cast, noon: datetime) -> None:
        self.cast = cast
        self.made: dict[str, str] = {}
        rng = random.Random(5)
        for at, text in enumerate(SAID):
            with clock.fixed(noon - timedelta(days=70 - at)):
                post(cast, "owner", title=text[:12], text=text + rng.choice(SAID), tags=("退款",))
                asked = put_question(cast, "member", text=text)
                put_answer(cast, "guest", asked, rng.choice(SAID))
                say(cast, "other", asked, rng.choice(SAID))
        rare = f"退款 密钥 谢谢 mysterious {SAID[0]}"
        for at, name in enumerate(("edited", "deleted", "isolated", "sample", "later", "tagged")):
            with clock.fixed(noon - timedelta(days=60, minutes=9 - at)):
                names = ("杂", "退款") if name == "tagged" else ("退款",)
                self.made[name] = post(cast, "owner", title="密钥", text=rare, tags=names).public_id
        self._ask(rare)
        say(cast, "other", self.made["deleted"], "谢谢")
        self.made["comment"] = say(cast, "member", self.made["edited"], rare)
        self.made["other comment"] = say(cast, "member", self.made["edited"], rare)
        self._mark("sample", mark_topic)

    def _ask(self, rare: str) -> None:
        for name in ("private", "hidden", "answered", "open", "handed"):
            self.made[name] = put_question(self.cast, "member", text=rare)
        for name in ("private", "hidden", "answered"):
            self.made[f"answer {name}"] = put_answer(self.cast, "guest", self.made[name], rare)

    def deeds(self) -> dict[str, Callable[[], Any]]:
        cast, made = self.cast, self.made
        return {
            "posted": lambda: post(cast, "owner", title="新的密钥", text="mysterious 退款"),
            "edited": lambda: self._edit("edited"),
            "deleted": lambda: self._delete("deleted"),
            "isolated": lambda: self._columns("isolated", isolated=True),
            "sample": lambda: self._mark("sample", unmark_topic),
            "later": lambda: self._columns("later", published_at=clock.now() + timedelta(days=2)),
            "digest": lambda: self._mark("tagged", mark_topic, TopicMark.DIGEST),
            "private": self._make_private,
            "hidden": self._hide_question,
            "answer changed": lambda: change_answer(cast, "guest", made["answer answered"], "改"),
            "handed on": lambda: pass_on(cast, "guest", made["handed"], "partner"),
            "declined": lambda: act_on(cast, "guest", made["open"], decline, reason="不会"),
            "comment changed": lambda: change(cast, "member", made["comment"], "改了"),
            "comment erased": lambda: erase(cast, "member", made["other comment"]),
            "tag renamed": lambda: self._retag(tags.rename_tag, key="杂", name="秘"),
            "tag deleted": lambda: self._retag(tags.delete_tag, key="退款"),
            "called otherwise": self._rename,
        }

    def _edit(self, name: str) -> None:
        owner = self.cast.actor("owner")
        wish = TopicWish(title="别的", text="天气")
        text = compose_edit(owner, public_id=self.made[name], wish=wish)
        with unit_of_work():
            edit_topic(owner, text=text, base=0)

    def _delete(self, name: str) -> None:
        with unit_of_work():
            delete_topic(self.cast.actor("owner"), public_id=self.made[name])

    def _mark(self, name: str, verb: Any, mark: TopicMark = TopicMark.SAMPLE) -> None:
        with unit_of_work():
            verb(self.cast.actor("owner"), public_id=self.made[name], mark=mark)

    def _retag(self, verb: Any, **words: str) -> None:
        with unit_of_work():
            verb(self.cast.actor("owner"), **words)

    def _columns(self, name: str, **columns: Any) -> None:
        """Change a row as no button does yet, and say so."""
        topic_id = the_topic(self.made[name]).id
        with unit_of_work() as session:
            session.execute(sa.update(Topic).where(Topic.id == topic_id).values(**columns))
            put(events.TopicChanged(topic_id))

    def _make_private(self) -> None:
        topic_id = the_topic(self.made["private"]).id
        with unit_of_work() as session:
            which = Question.topic_id == topic_id
            session.execute(sa.update(Question).where(which).values(private=True))
            put(events.TopicChanged(topic_id))

    def _hide_question(self) -> None:
        asked = self.made["hidden"]
        act_on(self.cast, "member", asked, withdraw_answered, hide=True, reason="写得太多")
        act_on(self.cast, "guest", asked, decide_hiding, grant=True, reason="不看原文也懂")

    def _rename(self) -> None:
        guest = self.cast.actor("guest")
        with unit_of_work():
            edit_profile(guest, profile=Profile("新名字", ""))
            follow_name(guest, former="陈默")


def answers(cast: Cast, engine: Engine, made: dict[str, str], seed: int) -> list[Any]:
    """Return some of what search answers to some people, of every kind."""
    rng = random.Random(seed)
    got: list[Any] = []
    for persona in READERS if seed % 4 == 0 else READERS[:2]:
        who = within(*cast.entry(persona), zone=UTC)
        for query in (*TELLING, *rng.sample(QUERIES, 2)):
            got.append((persona, query, find(engine, who, query)))
        typed = rng.choice(TYPED)
        got.append((persona, typed, suggest(engine, who, typed)))
    topic_id = the_topic(made["sample"]).id
    got.append(("related", "", related(engine, who, topic_id=topic_id, text="退款 密钥 谢谢")))
    got.append(("alike", "", look_alikes(engine, who, "怎样申请退款 密钥在哪里")))
    return got


def differing(some: list[Any], others: list[Any]) -> list[Any]:
    return [one[:2] for one, other in zip(some, others, strict=True) if one != other]


@pytest.fixture
def stage(noon: datetime, cast: Cast) -> Iterator[Stage]:
    with clock.fixed(noon):
        yield Stage(cast, noon)


@pytest.fixture(autouse=True)
def looking_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(Pace, "take", lambda *_: None)
    monkeypatch.setattr(Purse, "spend", lambda *_, **_values: None)


def test_what_was_done_is_answered_as_if_the_index_had_followed(
    stage: Stage, empty_engine: Engine, tmp_path: Path
) -> None:
    indexer = indexer_of(empty_engine, tmp_path)
    follow(indexer)
    for at, (name, deed) in enumerate(stage.deeds().items()):

        def got(seed: int = at) -> list[Any]:
            return answers(stage.cast, empty_engine, stage.made, seed)

        before = got()
        deed()
        at_once = got()
        deliver_due()
        noted = got() if at % 3 == 0 else at_once
        follow(indexer)
        after = got()
        assert differing(after, before), name
        assert differing(at_once, after) == [], name
        assert differing(noted, after) == [], name


def test_of_much_that_waits_nothing_is_counted_that_may_not_be_opened(
    stage: Stage, empty_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too much to be read with each search: then the index's words of what changed are no matter."""
    monkeypatch.setattr(abreast_module, "FEW", 2)
    indexer = indexer_of(empty_engine, tmp_path)
    follow(indexer)
    held = {entry.topic_id: own_words(entry) for entry in load_whole(all_topics())}
    taking = ("deleted", "isolated", "sample", "later", "private", "hidden", "comment erased")
    for name in taking:
        stage.deeds()[name]()

    def got() -> list[Any]:
        found = answers(stage.cast, empty_engine, stage.made, 0)
        return found + answers(stage.cast, empty_engine, stage.made, 4)

    shown = got()
    hidden = ("deleted", "isolated", "later", "private", "hidden")
    ids = [the_topic(stage.made[name]).id for name in hidden]
    rng = random.Random(3)
    for _ in range(3):
        others = [rewritten(rng, held[topic_id]) for topic_id in ids]
        empty_engine.apply(others, cursor=empty_engine.cursor())
        assert differing(got(), shown) == []
    assert any(isinstance(page, SearchPage) and page.total for _who, _query, page in shown)
    deliver_due()
    assert differing(got(), shown) == []


def test_names_and_tags_of_many_texts_hide_none_of_them(
    stage: Stage, empty_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = indexer_of(empty_engine, tmp_path)
    follow(indexer)
    who = within(*stage.cast.entry("other"), zone=UTC)
    before = find(empty_engine, who, "退款").total
    monkeypatch.setattr(abreast_module, "FEW", 2)
    stage.deeds()["called otherwise"]()
    stage.deeds()["tag renamed"]()
    assert find(empty_engine, who, "退款").total == before
    deliver_due()
    assert find(empty_engine, who, "退款").total == before


def test_an_index_that_is_too_far_behind_is_away(
    stage: Stage, empty_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = indexer_of(empty_engine, tmp_path)
    follow(indexer)
    monkeypatch.setattr(abreast_module, "FEW", 1)
    monkeypatch.setattr(abreast_module, "MOST", 2)
    for name in ("deleted", "edited", "private"):
        stage.deeds()[name]()
    who = within(*stage.cast.entry("other"), zone=UTC)
    assert find(empty_engine, who, "退款").away
    assert suggest(empty_engine, who, "退") == ()
    follow(indexer)
    assert not find(empty_engine, who, "退款").away


def test_where_nothing_waits_one_statement_says_so_by_its_indexes(
    stage: Stage, empty_engine: Engine, tmp_path: Path
) -> None:
    follow(indexer_of(empty_engine, tmp_path))
    engine = empty_engine.now()
    many = [{"topic_id": 1, "part": "topic", "row_id": 1, "at": clock.now()}] * 3_000
    with unit_of_work() as session:
        # Followed long ago, and delivered.
        first = [{"id": at - 5_000, **row} for at, row in enumerate(many)]
        session.execute(sa.insert(SearchChange), first)
        event_id = session.scalar(sa.select(sa.func.max(OutboxEvent.id)))
        letters = [
            {"event_id": event_id, "handler": f"other {at}", "next_try_at": clock.now()}
            for at in range(3_000)
        ]
        session.execute(sa.insert(OutboxDelivery), letters)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    with watched() as watch:
        assert abreast_module.abreast(empty_engine) is not empty_engine
    [sent] = [sent for sent in watch.sent if "search_changes" in sent.statement]
    assert sent.steps <= 2 and "outbox_deliveries" in sent.statement
    assert scanned(sent) == set()
    assert engine.cursor() == empty_engine.cursor()


def own_words(entry: Entry) -> Entry:
    """Return a topic without what others wrote below it."""
    return replace(entry, passages=tuple(one for one in entry.passages if one.part is Part.TOPIC))


def all_topics() -> list[int]:
    return list(db.session.scalars(sa.select(Topic.id)))
