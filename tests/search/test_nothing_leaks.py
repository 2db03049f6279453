"""For thousands of random readers and queries, each engine finds exactly what brute force finds in what the
policy lets the reader open: topics, totals, facets and passages. Rows go the whole way: written, loaded as
documents, indexed, searched."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.discussion.models import Topic
from app.kernel.db import db
from app.policy import Actor
from app.search import documents, port
from app.search.port import Filters, Part, Where
from app.search.readers import reader_of
from tests.cast import Cast
from tests.search import crowd
from tests.search.reference import fields_of, holds, topic_fits

TOPICS, READERS, QUERIES = 130, 60, 40


def random_node(rng: random.Random) -> port.Node:
    def text() -> port.Text:
        word = rng.choice((*crowd.WORDS, "流程", "作法", "款流", "user", "kernel", "框架", "没有"))
        roll = rng.random()
        if roll < 0.15 and len(word) > 1:
            return port.Text(word[: rng.randint(1, len(word))], prefix=True)
        return port.Text(word, exact=roll > 0.85)

    parts: list[port.Node] = [text() for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3)))]
    if rng.random() < 0.2:
        parts.append(port.Either((text(), text())))
    if rng.random() < 0.2:
        parts.append(port.Without(text()))
    return port.All(tuple(parts))


def random_filters(rng: random.Random, casts: list[Cast], moment: datetime) -> Filters:
    users = [*casts[0].users.values()]
    planets = [cast.planet_id for cast in casts]
    pairs = frozenset((rng.choice(planets), rng.choice(users)) for _ in range(3))
    days = [moment - timedelta(days=rng.randint(0, 70)) for _ in range(2)]
    choices = (
        {"kinds": frozenset({rng.choice(("post", "question"))})},
        {"answered": rng.random() < 0.5},
        {"digest": True},
        {"has_image": True},
        {"has_file": True},
        {"undeleted": True},
        {"tag_ids": frozenset({rng.randint(1, 4)})},
        {"planet_ids": frozenset({rng.choice(planets)})},
        {"topic_ids": frozenset(rng.sample(range(1, 2 * TOPICS), 40))},
        {"starters": pairs},
        {"authors": pairs},
        {"mine": True},
        {"where": frozenset({rng.choice(list(Where))})},
        {"where": frozenset({Where.TITLE, Where.COMMENTS})},
        {"since": min(days)},
        {"until": max(days)},
    )
    chosen: dict[str, object] = {}
    for values in rng.sample(choices, rng.choice((0, 0, 1, 1, 2))):
        chosen |= values
    return Filters(**chosen)


def expected(
    library: crowd.Library, readable: dict[int, crowd.Open], request: port.Request
) -> dict[int, set[tuple[Part, int]]]:
    """Return the topics that answer a request, each with its texts in which a word may stand."""
    found = {}
    for topic_id, shown in readable.items():
        facts = library.entries[topic_id].facts
        assert facts is not None
        reader = request.readers[facts.planet_id]
        texts = list(shown.texts)
        if topic_fits(request.filters, facts) and holds(request, reader, texts):
            found[topic_id] = {
                (text.part, text.row_id)
                for text in texts
                if fields_of(request.filters, reader, text) is not None
            }
    return found


def facets_of(library: crowd.Library, topic_ids: set[int], counted: frozenset[int]) -> port.Facets:
    facts = [library.entries[topic_id].facts for topic_id in topic_ids]
    starters = (
        (one.planet_id, one.author_id)
        for one in facts
        if one.author_id is not None and one.planet_id in counted
    )
    return port.Facets(
        planets=Counter(one.planet_id for one in facts),
        kinds=Counter(one.kind for one in facts),
        years=Counter(one.published_at.astimezone(UTC).year for one in facts),
        authors=Counter(starters),
    )


def check(
    engine: port.Engine,
    library: crowd.Library,
    actors: list[Actor],
    casts: list[Cast],
    seed: int,
) -> None:
    rng = random.Random(seed)
    readers = {r.planet_id: r for actor in actors if (r := reader_of(actor)) is not None}
    readable = library.open_to(actors)
    for _ in range(QUERIES):
        request = port.Request(
            query=random_node(rng),
            readers=readers,
            now=actors[0].now,
            filters=random_filters(rng, casts, actors[0].now),
            sort=rng.choice(list(port.Sort)),
            limit=1000,
            facets=True,
            facet_authors=frozenset(rng.sample([cast.planet_id for cast in casts], 1)),
        )
        found = engine.search(request)
        wanted = expected(library, readable, request)
        told = (actors[0], request)
        assert {hit.topic_id for hit in found.hits} == set(wanted), told
        assert found.total == len(wanted), told
        counts = facets_of(library, set(wanted), request.facet_authors)
        assert dict(found.facets.planets) == dict(counts.planets), told
        assert dict(found.facets.kinds) == dict(counts.kinds), told
        assert dict(found.facets.years) == dict(counts.years), told
        assert dict(found.facets.authors) == dict(counts.authors), told
        for hit in found.hits:
            spots = {(spot.part, spot.row_id) for spot in hit.spots}
            assert spots <= wanted[hit.topic_id], told
            assert len(hit.spots) == len(spots) <= 3, told
        loose = engine.search(replace(request, loose=True))
        openable = {
            topic_id: {(text.part, text.row_id) for text in shown.texts}
            for topic_id, shown in readable.items()
        }
        for hit in loose.hits:
            assert {(s.part, s.row_id) for s in hit.spots} <= openable[hit.topic_id], told


def test_each_reader_finds_what_he_may_open_and_nothing_else(
    noon: datetime, cast: Cast, empty_engine: port.Engine
) -> None:
    casts = [cast, crowd.second_planet(cast, noon)]
    crowd.populate(casts, noon, count=TOPICS, seed=4)
    ids = db.session.scalars(select(Topic.id)).all()
    rows = documents.load_whole(ids)
    library = crowd.Library(rows)
    empty_engine.apply(rows, cursor=1)
    rng = random.Random(11)
    for number in range(READERS):
        for one in casts:
            one.set_planet(
                expired_access=rng.choice(("keep", "lock")),
                question_queue_open=rng.random() < 0.5,
            )
        persona = crowd.personas()[number % 15]
        if persona not in ("visitor", "stranger"):
            since = noon - timedelta(days=rng.choice((1, 30, 61))) if rng.random() < 0.3 else None
            cast.set_membership(persona, reads_from=since)
        in_all = rng.random() < 0.6
        actors = [one.actor(persona) for one in (casts if in_all else casts[:1])]
        check(empty_engine, library, actors, casts, seed=number)
