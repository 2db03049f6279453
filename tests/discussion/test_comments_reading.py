"""Pages of a thread: complete, constant in cost, agreeing with the policy about who sees what."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest
import sqlalchemy as sa

from app.discussion.models import Comment, Topic
from app.discussion.queries.comment_rows import visible_comments
from app.discussion.queries.comment_tree import CommentNode, nest_replies, nest_thread
from app.discussion.queries.comment_windows import Cursor, Order
from app.discussion.queries.comments import (
    FIRST_REPLIES,
    REPLIES_PER_PAGE,
    ROOTS_PER_PAGE,
    Place,
    ThreadPage,
    comment_view,
    find_place,
    replies_page,
    thread_page,
)
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound
from app.policy import Action, CommentFacts, can
from tests.cast import PERSONAS, Cast
from tests.discussion.states import State, write
from tests.discussion.threads import (
    change,
    counted,
    erase,
    many_comments,
    post,
    say,
    the_comment,
    topic_of,
)


def page_of(
    cast: Cast,
    persona: str,
    topic: str,
    *,
    order: Order = "time",
    cursor: Cursor | None = None,
) -> ThreadPage:
    row, facts = topic_of(cast, persona, topic)
    actor = cast.actor(persona)
    return thread_page(actor, row.id, facts, total=row.comment_count, order=order, cursor=cursor)


def words(nodes: list[CommentNode]) -> list[tuple[int, str]]:
    """Return (depth, text) of every comment in the order a page shows them."""
    told: list[tuple[int, str]] = []
    for node in nodes:
        text = node.view.html.removeprefix("<p>").removesuffix("</p>")
        told.append((node.depth, "—" if node.view.deleted else text))
        told += words(node.replies)
    return told


def test_a_thread_nests_to_depth_three_and_is_flat_below(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "一")
    two = say(cast, "guest", topic, "二", one)
    three = say(cast, "owner", topic, "三", two)
    four = say(cast, "member", topic, "四", three)
    five = say(cast, "guest", topic, "五", four)
    say(cast, "owner", topic, "六", five)
    row, facts = topic_of(cast, "member", topic)
    page = replies_page(cast.actor("member"), one, facts, topic_id=row.id)
    node = nest_replies(page)
    assert words([node]) == [(0, "一"), (1, "二"), (2, "三"), (3, "四"), (3, "五"), (3, "六")]
    flat = node.replies[0].replies[0].replies
    assert [n.answers and n.answers.public_id for n in flat] == [None, four, five]
    assert [n.answers and n.answers.author and n.answers.author.name for n in flat][1] == "王小雨"


def test_the_first_page_shows_three_replies_of_each_root_and_counts_the_rest(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    many_comments(cast, topic, roots=3, per_root=2, replies=5)
    nodes = nest_thread(page_of(cast, "member", topic))
    assert [len(n.replies) for n in nodes] == [3, 2, 2]
    assert [n.hidden for n in nodes] == [4, 0, 0]


@pytest.mark.parametrize("order", ["time", "likes"])
def test_pages_of_roots_neither_repeat_nor_miss(noon: datetime, cast: Cast, order: Order) -> None:
    topic = post(cast)
    roots = many_comments(cast, topic, roots=53, per_root=1)
    with unit_of_work() as session:
        for n, public_id in enumerate(roots):
            statement = sa.update(Comment).where(Comment.public_id == public_id)
            session.execute(statement.values(like_count=n % 4))
    seen: list[str] = []
    cursor: Cursor | None = None
    pages: list[ThreadPage] = []
    for _ in range(9):
        page = page_of(cast, "member", topic, order=order, cursor=cursor)
        pages.append(page)
        seen += [v.public_id for v in page.roots]
        if page.later is None:
            break
        cursor = page.later
    assert sorted(seen) == sorted(roots)
    assert len(pages) == 3
    if order == "time":
        assert seen == roots
    else:
        likes = [the_comment(one).like_count for one in seen]
        assert likes == sorted(likes, reverse=True)
    # And back again, page by page, to the beginning.
    assert pages[0].earlier is None
    back = pages[2].earlier
    assert back is not None
    page = page_of(cast, "member", topic, order=order, cursor=back)
    assert [v.public_id for v in page.roots] == [v.public_id for v in pages[1].roots]
    assert page.earlier is not None
    first = page_of(cast, "member", topic, order=order, cursor=page.earlier)
    assert [v.public_id for v in first.roots] == [v.public_id for v in pages[0].roots]
    assert first.earlier is None


def test_a_page_costs_the_same_queries_however_long_the_thread(noon: datetime, cast: Cast) -> None:
    costs: list[list[int]] = []
    for roots, replies in ((5, 5), (40, 300)):
        topic = post(cast)
        tops = many_comments(cast, topic, roots=roots, replies=replies, per_root=2)
        row, facts = topic_of(cast, "member", topic)
        actor = cast.actor("member")
        cost = []
        with counted() as statements:
            thread_page(actor, row.id, facts, total=row.comment_count)
        cost.append(len(statements))
        with counted() as statements:
            cursor = Cursor("from", tops[2])
            thread_page(actor, row.id, facts, total=row.comment_count, cursor=cursor)
        cost.append(len(statements))
        with counted() as statements:
            replies_page(actor, tops[0], facts, topic_id=row.id)
        cost.append(len(statements))
        costs.append(cost)
    assert costs == [[1, 2, 2], [1, 2, 2]]


def test_pages_of_replies_neither_repeat_nor_miss(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    top = many_comments(cast, topic, roots=1, replies=120)[0]
    row, facts = topic_of(cast, "member", topic)
    actor = cast.actor("member")
    seen: list[str] = []
    cursor: Cursor | None = None
    sizes = []
    for _ in range(9):
        page = replies_page(actor, top, facts, topic_id=row.id, cursor=cursor)
        sizes.append(len(page.replies))
        seen += [v.html for v in page.replies]
        if page.later is None:
            break
        cursor = page.later
    assert sizes == [REPLIES_PER_PAGE, REPLIES_PER_PAGE, 20]
    assert seen == [f"<p>复0-{n}</p>" for n in range(120)]
    around = replies_page(
        actor, top, facts, topic_id=row.id, cursor=Cursor("from", page.replies[0].public_id)
    )
    assert [v.html for v in around.replies] == [f"<p>复0-{n}</p>" for n in range(90, 120)]
    assert around.earlier is not None
    assert around.later is None


def test_a_reply_to_a_comment_of_another_page_says_whom_it_answers(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    top = many_comments(cast, topic, roots=1, replies=60)[0]
    row, facts = topic_of(cast, "member", topic)
    actor = cast.actor("member")
    early = replies_page(actor, top, facts, topic_id=row.id).replies[0]
    say(cast, "guest", topic, "迟到的回复", early.public_id)
    cursor = replies_page(actor, top, facts, topic_id=row.id).later
    node = nest_replies(replies_page(actor, top, facts, topic_id=row.id, cursor=cursor))
    last = node.replies[-1]
    assert (last.depth, last.view.html) == (1, "<p>迟到的回复</p>")
    assert last.answers is not None
    assert last.answers.public_id == early.public_id


def test_a_permalink_leads_to_the_page_that_shows_the_comment(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    roots = many_comments(cast, topic, roots=30, per_root=6)
    actor = cast.actor("member")
    row, facts = topic_of(cast, "member", topic)

    def place(public_id: str) -> Place:
        view = comment_view(actor, public_id, facts, topic_id=row.id)
        return find_place(actor, view, facts, topic_id=row.id)

    assert place(roots[3]) == Place("thread", roots[3], None)
    assert place(roots[25]) == Place("thread", roots[25], Cursor("from", roots[25]))
    replies = replies_page(actor, roots[25], facts, topic_id=row.id).replies
    for n, reply in enumerate(replies):
        found = place(reply.public_id)
        if n < FIRST_REPLIES:
            assert found == Place("thread", roots[25], Cursor("from", roots[25]))
            shown = page_of(cast, "member", topic, cursor=found.cursor)
        else:
            assert found == Place("replies", roots[25], Cursor("from", reply.public_id))
            shown = replies_page(actor, roots[25], facts, topic_id=row.id, cursor=found.cursor)
        assert reply.public_id in [v.public_id for v in shown.replies]


def test_a_cursor_of_another_topic_is_none(noon: datetime, cast: Cast) -> None:
    topic, elsewhere = post(cast), post(cast)
    strange = say(cast, "member", elsewhere)
    say(cast, "member", topic)
    first = page_of(cast, "member", topic)
    assert page_of(cast, "member", topic, cursor=Cursor("after", strange)) == first
    row, facts = topic_of(cast, "member", topic)
    with pytest.raises(NotFound):
        replies_page(cast.actor("member"), strange, facts, topic_id=row.id)


def test_visible_comments_agree_with_the_policy(noon: datetime, cast: Cast) -> None:
    states = list(product(("member", "isolated", "left", None), (False, True), (False, True)))
    for anonymous, asker in ((False, "other"), (True, "other"), (True, "isolated")):
        topic_id = _question(cast, asker, anonymous=anonymous)
        made: list[Comment] = []
        for writer, deleted, isolated in states:
            if writer is None and not anonymous:
                continue
            made.append(_comment(cast, topic_id, writer, noon, deleted=deleted, isolated=isolated))
        with unit_of_work() as session:
            session.add_all(made)
        for persona in PERSONAS:
            actor = cast.actor(persona)
            try:
                _row, facts = topic_of(cast, persona, _public(topic_id))
            except NotFound:
                continue
            shown = set(db.session.scalars(visible_comments(actor, topic_id, facts)))
            for row in made:
                writer_id = row.author_id or facts.writer_id
                told = CommentFacts(
                    topic=facts,
                    writer_id=writer_id,
                    created_at=noon,
                    deleted=row.deleted_at is not None,
                    isolated=row.isolated,
                )
                allowed = bool(can(actor, Action.COMMENT_READ, told))
                listed = allowed and row.deleted_at is None
                assert (row.id in shown) == listed, (persona, told)


def test_the_total_and_the_replies_count_what_an_isolated_reader_wrote_himself(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "一")
    say(cast, "isolated", topic, "孤", one)
    say(cast, "isolated", topic, "独")
    mine, others = page_of(cast, "isolated", topic), page_of(cast, "member", topic)
    assert (mine.total, others.total) == (3, 1)
    assert words(nest_thread(mine)) == [(0, "一"), (1, "孤"), (0, "独")]
    assert words(nest_thread(others)) == [(0, "一")]
    assert [v.reply_count for v in mine.roots] == [1, 0]
    assert [v.reply_count for v in others.roots] == [0]


def test_a_deleted_comment_leaves_its_words_and_its_writer_nowhere(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "秘密的话")
    two = say(cast, "guest", topic, "回答", one, quotes=True)
    assert "秘密的话" in repr(page_of(cast, "other", topic))
    erase(cast, "member", one)
    page = page_of(cast, "other", topic)
    assert "秘密的话" not in repr(page)
    assert "王小雨" not in repr(page)
    assert words(nest_thread(page)) == [(0, "—"), (1, "回答")]
    erase(cast, "guest", two)
    assert page_of(cast, "other", topic).roots == ()
    with pytest.raises(NotFound):
        row, facts = topic_of(cast, "other", topic)
        comment_view(cast.actor("other"), one, facts, topic_id=row.id)


def test_a_stuck_root_stands_first_on_the_first_page_and_on_no_other(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    roots = many_comments(cast, topic, roots=45, per_root=1)
    with unit_of_work() as session:
        statement = sa.update(Comment).where(Comment.public_id == roots[30])
        session.execute(statement.values(stuck_at=noon))
    first = page_of(cast, "member", topic)
    nodes = nest_thread(first)
    assert nodes[0].view.public_id == roots[30]
    assert len(nodes[0].replies) == 1
    assert len(nodes) == ROOTS_PER_PAGE + 1
    second = page_of(cast, "member", topic, cursor=first.later)
    assert roots[30] not in [v.public_id for v in second.roots]
    view = first.stuck
    assert view is not None
    row, facts = topic_of(cast, "member", topic)
    found = find_place(cast.actor("member"), view, facts, topic_id=row.id)
    assert found == Place("thread", roots[30], None)


def test_an_edited_comment_says_so_only_after_the_window(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "一")
    change(cast, "member", one, "壹")
    assert [(v.html, v.edited) for v in page_of(cast, "other", topic).roots] == [
        ("<p>壹</p>", False)
    ]


def _question(cast: Cast, asker: str, *, anonymous: bool) -> int:
    state = State("question", asker, 60, anonymous=anonymous, addressee="guest", fate="answered")
    return write([state], cast, cast.actor("owner").now)[0]


def _comment(
    cast: Cast,
    topic_id: int,
    writer: str | None,
    moment: datetime,
    *,
    deleted: bool,
    isolated: bool,
) -> Comment:
    return Comment(
        planet_id=cast.planet_id,
        topic_id=topic_id,
        author_id=cast.users[writer] if writer else None,
        as_asker=writer is None,
        source="话",
        html="<p>话</p>",
        created_at=moment,
        deleted_at=moment if deleted else None,
        isolated=isolated,
    )


def _public(topic_id: int) -> str:
    return db.session.scalars(sa.select(Topic.public_id).where(Topic.id == topic_id)).one()
