from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.queries import find_viewer_by_id
from app.discussion.models import Topic
from app.kernel.db import db, unit_of_work
from app.search import documents, helping, port
from app.search.finding import find
from app.search.language import Trouble
from app.search.past import remember
from app.search.port import Part
from app.search.readers import Searcher, everywhere, within
from app.search.views import FoundTopic
from tests.cast import PERSONAS, Cast
from tests.discussion.writing import post
from tests.scene import Scene, plant
from tests.search.crowd import second_planet
from tests.search.reference import MemoryEngine
from tests.search.rows import entries


@pytest.fixture
def scene(noon: datetime, cast: Cast) -> Scene:
    return plant(cast)


@pytest.fixture
def engine(scene: Scene, empty_engine: port.Engine) -> port.Engine:
    empty_engine.apply(entries(), cursor=1)
    return empty_engine


def searcher_of(cast: Cast, persona: str) -> Searcher:
    return within(*cast.entry(persona), zone=UTC)


def test_each_word_of_the_scene_is_found_by_its_readers_alone(
    scene: Scene, engine: port.Engine
) -> None:
    indexed = {"comment", "comment_hidden", "follow_up", "filename", *scene.topics}
    indexed |= {"answer_private", "answer_withdrawn", "answer_anonymous"}
    indexed -= {"deleted"}
    for name in indexed:
        word = f"zq{name.replace('_', '')}qz"
        for persona in PERSONAS:
            page = find(engine, searcher_of(scene.cast, persona), word)
            readable = persona in scene.words[word]
            assert bool(page.hits) == readable, (name, persona)
            assert page.total == len(page.hits) == int(readable)


def test_what_nobody_may_find_is_found_by_nobody(scene: Scene, engine: port.Engine) -> None:
    hidden = [word for word, readers in scene.words.items() if not readers or "mail" in word]
    for word in hidden:
        for persona in PERSONAS:
            assert find(engine, searcher_of(scene.cast, persona), word).total == 0


def test_a_hit_shows_where_the_word_stands(scene: Scene, engine: port.Engine) -> None:
    page = find(engine, searcher_of(scene.cast, "member"), "zqanswerwithdrawnqz")
    [hit] = page.hits
    assert hit.title == () or hit.plain_title  # the asker himself may read his question
    assert (hit.state, hit.kind) == ("withdrawn", "question")
    [passage] = hit.passages
    assert passage.part is Part.ANSWER and len(passage.anchor) == 12
    assert [(s.text, s.marked) for s in passage.snippet] == [("zqanswerwithdrawnqz", True)]
    other = find(engine, searcher_of(scene.cast, "other"), "zqanswerwithdrawnqz").hits[0]
    assert (other.title, other.slug) == ((), "")


def test_a_hit_by_a_name_shows_the_name(scene: Scene, engine: port.Engine) -> None:
    def shown(persona: str, query: str) -> list[tuple[list[str], str]]:
        return [
            (
                ["".join(piece.text for piece in name) for name in names.files],
                "".join(piece.text for piece in names.author if piece.marked),
            )
            for hit in find(engine, searcher_of(scene.cast, persona), query).hits
            for names in (hit.names, *(passage.names for passage in hit.passages))
        ]

    readers = scene.words["zqfilenameqz"]
    for persona in readers:
        assert (["zqfilenameqz.txt"], "") in shown(persona, "zqfilenameqz"), persona
    assert ([], "陈默") in shown("member", "陈默")
    anonymous = shown("owner", "zqanonymousqz")
    assert anonymous and not any(author for _files, author in anonymous)


def test_an_anonymous_asker_stays_so(scene: Scene, engine: port.Engine) -> None:
    page = find(engine, searcher_of(scene.cast, "owner"), "zqanonymousqz OR zqfollowupqz")
    [hit] = page.hits
    assert hit.author is None
    assert {passage.author for passage in hit.passages} == {None}
    assert find(engine, searcher_of(scene.cast, "other"), "from:me zqanonymousqz").total == 1
    assert find(engine, searcher_of(scene.cast, "owner"), "from:李安 zqanonymousqz").total == 0


def test_an_index_that_lags_shows_nothing_hidden(scene: Scene, engine: port.Engine) -> None:
    lagging = []
    for entry in entries():
        if entry.facts is not None and "zqprivateqz" in str(entry.passages):
            open_post = replace(entry.facts, kind="post", private=False)
            lagging.append(replace(entry, facts=open_post))
    engine.apply(lagging, cursor=2)
    page = find(engine, searcher_of(scene.cast, "grace"), "zqprivateqz")
    assert (page.hits, page.total) == ((), 0)


def test_names_mean_something_only_where_they_may_be_read(
    scene: Scene, engine: port.Engine
) -> None:
    member = searcher_of(scene.cast, "member")
    assert find(engine, member, "from:陈默").total > 0
    for name in ("孙立", "冯远", "周一", "nobody"):
        page = find(engine, member, f"from:{name}")
        assert [hint.trouble for hint in page.query.hints] == [Trouble.UNKNOWN_AUTHOR], name
        assert page.total == 0
    assert find(engine, searcher_of(scene.cast, "isolated"), "from:孙立").total == 3
    assert find(engine, member, "tag:标签").total == 3
    assert find(engine, member, "tag:没有").query.hints[0].trouble is Trouble.UNKNOWN_TAG
    assert find(engine, member, "planet:没有").query.hints[0].trouble is Trouble.OTHER_PLANET
    anywhere = everywhere(find_viewer_by_id(member.user_id or 0), zone=UTC)
    assert find(engine, anywhere, "planet:没有").query.hints[0].trouble is Trouble.UNKNOWN_PLANET
    assert find(engine, member, "in:bookmarks").total == 1
    visitor = find(engine, searcher_of(scene.cast, "visitor"), "in:bookmarks from:me")
    assert {hint.trouble for hint in visitor.query.hints} == {Trouble.SIGN_IN}


def test_facets_lead_to_what_they_count(scene: Scene, engine: port.Engine) -> None:
    scene.cast.set_planet(directory_open=True)
    for persona in ("owner", "member", "expired", "isolated"):
        searcher = searcher_of(scene.cast, persona)
        page = find(engine, searcher, "陈默 OR zqsampleqz OR zqopenqz")
        for facet in page.facets:
            for choice in facet.choices:
                assert find(engine, searcher, choice.query.text).total == choice.count, choice


def test_the_directory_decides_whether_authors_are_counted(
    scene: Scene, engine: port.Engine
) -> None:
    def names(persona: str) -> set[str]:
        return {
            f.name for f in find(engine, searcher_of(scene.cast, persona), "陈默 OR zq*").facets
        }

    assert "starter" not in names("member")
    assert "starter" in names("owner")


def test_everywhere_is_all_planets_one_joined(scene: Scene, engine: port.Engine) -> None:
    for persona, total in (("member", 1), ("stranger", 0), ("left", 0), ("expired", 0)):
        viewer = find_viewer_by_id(scene.cast.users[persona])
        assert find(engine, everywhere(viewer, zone=UTC), "zqnewpostqz").total == total
    assert find(engine, everywhere(None, zone=UTC), "zqsampleqz").total == 0


def test_without_an_index_the_page_says_so(scene: Scene) -> None:
    class Away(MemoryEngine):
        def search(self, request: port.Request) -> port.Found:
            raise port.Broken

    searcher = searcher_of(scene.cast, "member")
    assert find(Away(), searcher, "退款").away
    assert helping.look_alikes(Away(), searcher, "怎么退款") == ()


def titles_of(hits: tuple[FoundTopic, ...]) -> list[str]:
    return [hit.plain_title for hit in hits]


@pytest.fixture
def refunds(noon: datetime, cast: Cast, empty_engine: port.Engine) -> Searcher:
    for title, text in (
        ("退款流程与发票", "都在这里"),
        ("退款流程", "一步一步"),
        ("发票抬头", "怎样填写"),
        ("天气", "how long does it take until the money that was paid is given back " + "x " * 400),
        ("Money back", "How long it takes until money is given back: two days."),
    ):
        post(cast, title=title, text=text)
    empty_engine.apply(entries(), cursor=1)
    return searcher_of(cast, "member")


def test_one_hit_leaves_room_for_what_comes_near(
    refunds: Searcher, empty_engine: port.Engine
) -> None:
    page = find(empty_engine, refunds, "退款流程 发票")
    assert (titles_of(page.hits), page.total) == (["退款流程与发票"], 1)
    assert set(titles_of(page.near)) == {"退款流程", "发票抬头"}
    assert not page.relaxed and not page.near_whole
    newest = find(empty_engine, refunds, "退款流程 发票 sort:new")
    assert (titles_of(newest.hits), len(newest.near)) == (["退款流程与发票"], 2)
    assert find(empty_engine, refunds, "退款流程 发票 -抬头").near[0].plain_title == "退款流程"
    for query in ('"退款流程" 发票', "发票 kind:post", "一步 page"):
        assert "发票抬头" not in titles_of(find(empty_engine, refunds, query).near), query


def test_of_a_sentence_the_closest_comes_first(
    refunds: Searcher, empty_engine: port.Engine
) -> None:
    """All words stand in a long text about something else by accident."""
    page = find(empty_engine, refunds, "how long until paid money is given back")
    assert (page.hits, page.total) == ((), 1)
    assert titles_of(page.near)[:2] == ["Money back", "天气"]
    assert page.near_whole == 1


def test_look_alikes_are_answered_questions(scene: Scene, engine: port.Engine) -> None:
    found = helping.look_alikes(
        engine, searcher_of(scene.cast, "grace"), "zqanonymousqz zqopenqz zqnewpostqz zqprivateqz"
    )
    assert [one.state for one in found] == ["answered"]


def test_related_leaves_the_topic_itself_out(scene: Scene, engine: port.Engine) -> None:
    member = searcher_of(scene.cast, "member")
    itself = find(engine, member, "zqnewpostqz").hits[0].topic_id
    text = "zqnewpostqz zqsampleqz zqbyisolatedqz"
    found = helping.related(engine, member, topic_id=itself, text=text)
    assert [one.public_id for one in found] == [scene.topics["sample"]]


def test_nothing_found_leads_on(noon: datetime, cast: Cast, empty_engine: port.Engine) -> None:
    casts = [cast, second_planet(cast, noon)]
    moment = noon - timedelta(days=1)
    with unit_of_work() as session:
        for one, title in zip(casts, ("退款流程 refund", "退款申请"), strict=True):
            session.add(
                Topic(
                    planet_id=one.planet_id,
                    kind="post",
                    author_id=cast.users["guest"],
                    title=title,
                    source="正文",
                    html="",
                    created_at=moment,
                    published_at=moment,
                    last_activity_at=moment,
                )
            )
    empty_engine.apply(entries(), cursor=1)
    member = searcher_of(cast, "member")

    def ways(query: str) -> set[tuple[str, str, int]]:
        return {(way.kind, way.query, way.total) for way in find(empty_engine, member, query).ways}

    assert ways("流程 天气") == {("without_word", "流程", 1)}
    assert ways("退款 kind:question") == {("without_filters", "退款", 1)}
    assert ways("退款申请") == {("everywhere", "退款申请", 1)}
    assert ways("退款流程") == set()
    page = find(empty_engine, member, "refnud 退款")
    assert (page.did_you_mean, page.relaxed, len(page.hits)) == ("refund 退款", True, 1)
    assert find(empty_engine, member, "liucheng").did_you_mean == "流程"
    assert find(empty_engine, member, "退款").did_you_mean == ""
    for typed, meant in (
        ("推款流程", "退款流程"),
        ("退款留成", "退款流程"),
        ("怎样申请推款", ""),
        ("推款正文", "退款正文"),  # run together
        ("正文推款", "正文退款"),
        ("天气推款", ""),
    ):
        assert find(empty_engine, member, typed).did_you_mean == meant, typed
        assert not meant or find(empty_engine, member, meant).total == 1, typed
    assert find(empty_engine, member, "推款").did_you_mean == "退款"
    assert find(empty_engine, member, "refund 流成").did_you_mean == "refund 流程"
    assert find(empty_engine, member, "深请").did_you_mean == ""  # 申请: of the other planet
    stranger = searcher_of(cast, "stranger")
    assert find(empty_engine, stranger, "refnud").did_you_mean == ""


def test_chinese_run_together_is_cut_where_nobody_writes_on(
    noon: datetime, cast: Cast, empty_engine: port.Engine
) -> None:
    post(cast, title="睡眠", text="好的睡眠让人有精神，注意力也好。Python 也要学")
    post(cast, title="眠注", text="明天才看得到", publish_at=noon + timedelta(days=1))
    post(cast, title="天气", text="今天出太阳")
    empty_engine.apply(entries(), cursor=1)
    member = searcher_of(cast, "member")
    for typed, cut in (
        ("睡眠注意力", "睡眠 注意力"),
        ("注意力睡眠", "注意力 睡眠"),
        ("睡眠与注意力", "睡眠 与 注意力"),
        ("python睡眠", "python 睡眠"),
        ("精神python睡眠", "精神 python 睡眠"),
        ("睡眠/注意力", "睡眠 注意力"),
        ("睡眠注意力 kind:post", "睡眠 注意力"),
        ("睡眠注*", "睡眠 注*"),
        ("睡眼", ""),
        ('"睡眠注意力"', ""),
        ("睡眠天气", ""),
    ):
        page = find(empty_engine, member, typed)
        hints = [hint.name for hint in page.query.hints if hint.trouble is Trouble.RUN_TOGETHER]
        assert "".join(hints) == cut, typed
        assert bool(cut) == (not page.relaxed and page.total == 1), typed
        assert page.query.text == typed
    for facet in find(empty_engine, member, "睡眠注意力").facets:
        for choice in facet.choices:
            assert find(empty_engine, member, choice.query.text).total == choice.count, choice


def test_the_name_of_one_planet_says_nothing_in_another(
    noon: datetime, cast: Cast, empty_engine: port.Engine
) -> None:
    """The member of the first planet is an admin of the second; both know the guest by another name."""
    other = second_planet(cast, noon)
    for number, one in enumerate((cast, other)):
        with unit_of_work() as session:
            session.add(
                Topic(
                    planet_id=one.planet_id,
                    kind="post",
                    author_id=cast.users["guest"],
                    title=f"第{number}篇",
                    source="正文",
                    html="",
                    created_at=noon,
                    published_at=noon,
                    last_activity_at=noon,
                )
            )
    empty_engine.apply(entries(), cursor=1)
    everywhere_ = everywhere(find_viewer_by_id(cast.users["member"]), zone=UTC)
    for name, planet in (("陈默", "orbit"), ("又名guest", "second"), ("owner", "second")):
        for operator in ("from", "starter"):
            page = find(empty_engine, everywhere_, f"{operator}:{name} 正文")
            assert [hit.planet.slug for hit in page.hits] == [planet]


def test_suggestions_obey_too(scene: Scene, engine: port.Engine) -> None:
    def suggested(persona: str, typed: str) -> set[tuple[str, str]]:
        found = helping.suggest(engine, searcher_of(scene.cast, persona), typed)
        return {(one.kind, one.text) for one in found}

    assert suggested("member", "标") == {
        ("tag", "标签"),
        ("word", "标签"),
        ("topic", "zqoldpostqz"),
    } | {
        ("topic", "zqnewpostqz"),
        ("topic", "zqsampleqz"),
    }
    assert ("tag", "标签") in suggested("member", "biaoq")
    assert ("topic", "zqnewpostqz") not in suggested("visitor", "标")
    assert suggested("left", "标") == set()
    scheduled = {("word", "zqscheduledqz"), ("topic", "zqscheduledqz")}
    assert suggested("owner", "zqscheduled") == scheduled
    assert suggested("grace", "zqscheduled") == suggested("grace", "zqbyisolated") == set()
    assert suggested("member", "  ") == set()


def test_past_searches_are_suggested_to_oneself(scene: Scene, engine: port.Engine) -> None:
    with unit_of_work():
        remember(scene.cast.actor("member"), words="zqnewpostqz 退款")
    for persona, found in (("member", ["zqnewpostqz 退款"]), ("other", [])):
        suggested = helping.suggest(engine, searcher_of(scene.cast, persona), "ZQNEWPOSTQZ")
        assert [one.text for one in suggested if one.kind == "past"] == found


def test_a_withdrawn_question_tells_nothing_of_its_files(
    noon: datetime, cast: Cast, empty_engine: port.Engine
) -> None:
    scene = plant(cast)
    with unit_of_work() as session:
        withdrawn = session.query(Topic).filter_by(public_id=scene.topics["withdrawn"]).one()
        withdrawn.file_count = withdrawn.image_count = 1
    ids = [topic_id for (topic_id,) in db.session.query(Topic.id)]
    empty_engine.apply(documents.load_whole(ids), cursor=1)
    grace = searcher_of(cast, "grace")
    [hit] = find(empty_engine, grace, "zqanswerwithdrawnqz").hits
    assert (hit.images, hit.files) == (0, 0)
    for query in ("has:file zqanswerwithdrawnqz", "has:image zqanswerwithdrawnqz"):
        assert find(empty_engine, grace, query).total == 0
