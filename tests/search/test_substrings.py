"""Whatever stands in a Chinese text is found: every run of one to six characters, wherever it begins."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta

from app.cli.seed_text import Prose
from app.discussion.models import Comment, Topic
from app.kernel.db import unit_of_work
from app.search import port
from app.search.port import Request, Text
from app.search.readers import reader_of
from tests.cast import Cast
from tests.search.rows import entries

TOPICS, SAMPLES = 60, 2_000
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_MARKS = re.compile(r"[*`\n]")


def test_every_substring_finds_its_topic(
    noon: datetime, cast: Cast, empty_engine: port.Engine
) -> None:
    texts = write(cast, noon, random.Random(20))
    empty_engine.apply(entries(), cursor=1)
    reader = reader_of(cast.actor("member"))
    assert reader is not None
    rng = random.Random(21)
    missed = []
    for _ in range(SAMPLES):
        topic_id = rng.choice(list(texts))
        run = rng.choice([run for text in texts[topic_id] for run in _CHINESE.findall(text)])
        length = min(rng.randint(1, 6), len(run))
        start = rng.randint(0, len(run) - length)
        request = Request(
            Text(run[start : start + length]), {cast.planet_id: reader}, noon, limit=999
        )
        found = {hit.topic_id for hit in empty_engine.search(request).hits}
        if topic_id not in found:
            missed.append((run, request.query))
    assert missed == []


def write(cast: Cast, moment: datetime, rng: random.Random) -> dict[int, list[str]]:
    """Write topics with comments; returns the texts of each as readers see them."""
    prose = Prose(rng)
    texts: dict[int, list[str]] = {}
    at = moment - timedelta(days=1)
    with unit_of_work() as session:
        for _ in range(TOPICS):
            said = [
                prose.title(),
                "\n\n".join(prose.paragraph() for _ in range(3)),
                prose.comment(),
            ]
            topic = Topic(
                planet_id=cast.planet_id,
                kind="post",
                author_id=cast.users["guest"],
                title=said[0],
                source=said[1],
                html="",
                created_at=at,
                published_at=at,
                last_activity_at=at,
            )
            session.add(topic)
            session.flush()
            session.add(
                Comment(
                    planet_id=cast.planet_id,
                    topic_id=topic.id,
                    author_id=cast.users["member"],
                    source=said[2],
                    html="",
                    created_at=at,
                )
            )
            # Marks vanish when a text is shown, and what they part is shown together.
            texts[topic.id] = [_MARKS.sub("|", text) for text in said]
    return texts
