"""How well is the right text found? `bin/bench relevance DIR [--set NAME ...]`.

DIR holds folders of `docs.jsonl` {id, title, text}, `queries.jsonl` {id, text} and `qrels.jsonl` {qid, did,
rel}. Each text becomes a topic; each query is parsed and asked as the search page does: strictly first, and
what room is left is filled loosely. Beside it, in the same run: Whoosh as its manual begins, and SQLite's
FTS5 with our pairs and with a dictionary's words (where jieba is installed).
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.search import analysis, port
from app.search.analysis import Kind
from app.search.filling import fill
from app.search.language import parse
from app.search.port import Entry, Part, Passage, Reader, TopicFacts
from app.search.whoosh_engine import WhooshEngine
from bench.naive import NaiveWhoosh

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DEPTH = 100
GOAL, QUESTIONS, SLACK = 0.95, ("cmrc", "drcd", "xquad-zh", "medzh"), 0.003
Search = Callable[[str], list[int]]  # a query's text -> places of documents, best first


@dataclass
class Judged:
    """A judged set: texts, queries, and for each query which texts are right."""

    name: str
    titles: list[str]
    texts: list[str]
    queries: list[str]
    right: list[dict[int, int]]


def read(folder: Path) -> Judged:
    """Read a set. Queries without text or judgement are left out."""
    docs = _lines(folder / "docs.jsonl")
    places = {doc["id"]: at for at, doc in enumerate(docs)}
    right: dict[str, dict[int, int]] = {}
    for row in _lines(folder / "qrels.jsonl"):
        if row["did"] in places and row["rel"] > 0:
            right.setdefault(row["qid"], {})[places[row["did"]]] = row["rel"]
    queries = [
        row for row in _lines(folder / "queries.jsonl") if row["id"] in right and row.get("text")
    ]
    return Judged(
        folder.name,
        [doc.get("title") or "" for doc in docs],
        [doc.get("text") or "" for doc in docs],
        [row["text"] for row in queries],
        [right[row["id"]] for row in queries],
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def product(judged: Judged, folder: Path) -> Search:
    """The product's engine, asked as the search page asks."""
    engine = WhooshEngine(folder / "index")
    build = engine.begin_rebuild(cursor=0)
    build.add(list(_entries(judged)), upto=len(judged.texts))
    build.finish()
    reader = Reader(1, 2, staff=False, inside=True, until=None, since=None, queue_open=True)

    def search(text: str) -> list[int]:
        query = parse(text)
        request = port.Request(query.node, {1: reader}, NOW, limit=DEPTH)
        found = engine.search(request)
        if found.total:
            filled = fill(engine, request, query.asked, found)
            return [hit.topic_id - 1 for hit in (*filled.above, *filled.below)]
        found = engine.search(replace(request, loose=True))
        return [hit.topic_id - 1 for hit in found.hits]

    return search


def _entries(judged: Judged) -> Iterable[Entry]:
    for at, (title, text) in enumerate(zip(judged.titles, judged.texts, strict=True), 1):
        facts = TopicFacts(at, 1, "post", 1, 1, None, NOW)
        yield Entry(at, facts, (Passage(Part.TOPIC, at, at, 1, 1, text, title),))


def naive(judged: Judged, folder: Path) -> Search:
    """Whoosh with its default analysis and parser."""
    engine = NaiveWhoosh(folder / "naive")
    engine.build(
        (at, f"{title}\n{text}")
        for at, (title, text) in enumerate(zip(judged.titles, judged.texts, strict=True))
    )
    return lambda text: engine.search(text, DEPTH)


def fts5(tokens: Callable[[str], list[str]]) -> Callable[[Judged, Path], Search]:
    """SQLite's FTS5 over some tokens: any of the query's, by bm25."""

    def make(judged: Judged, _folder: Path) -> Search:
        database = sqlite3.connect(":memory:")
        database.execute("CREATE VIRTUAL TABLE t USING fts5(body)")
        rows = (
            (at, " ".join(map(spelled, tokens(f"{title}\n{text}"))))
            for at, (title, text) in enumerate(zip(judged.titles, judged.texts, strict=True))
        )
        database.executemany("INSERT INTO t (rowid, body) VALUES (?, ?)", rows)

        def search(text: str) -> list[int]:
            words = " OR ".join(spelled(token) for token in dict.fromkeys(tokens(text)))
            if not words:
                return []
            asked = "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?"
            return [row[0] for row in database.execute(asked, (words, DEPTH))]

        return search

    return make


def spelled(token: str) -> str:
    """Spell a token so that FTS5 takes it as one word."""
    return "x" + token.encode().hex()


def pairs(text: str) -> list[str]:
    """Our own units, without single characters."""
    return [unit.key for unit in analysis.units(text) if unit.kind is not Kind.CHAR]


def dictionary_words(text: str) -> list[str]:
    """The words that jieba's dictionary cuts."""
    jieba = importlib.import_module("jieba")
    jieba.setLogLevel(60)
    return [word for word in jieba.cut_for_search(text.casefold()) if any(map(str.isalnum, word))]


def measure(judged: Judged, search: Search) -> dict[str, float]:
    """Ask all queries; return the figures."""
    sums = dict.fromkeys(("nDCG@10", "MRR", "recall@10", "recall@100"), 0.0)
    started = time.process_time()
    for text, right in zip(judged.queries, judged.right, strict=True):
        found = search(text)
        best = sorted(right.values(), reverse=True)[:10]
        ideal = sum(rel / math.log2(at + 2) for at, rel in enumerate(best))
        gained = sum(right.get(place, 0) / math.log2(at + 2) for at, place in enumerate(found[:10]))
        first = next((at for at, place in enumerate(found, 1) if place in right), 0)
        sums["nDCG@10"] += gained / ideal
        sums["MRR"] += 1 / first if first else 0
        for depth in (10, 100):
            sums[f"recall@{depth}"] += len(right.keys() & set(found[:depth])) / len(right)
    spent = (time.process_time() - started) * 1000
    return {name: value / len(judged.queries) for name, value in sums.items()} | {
        "CPU ms": spent / len(judged.queries)
    }


def engines() -> dict[str, Callable[[Judged, Path], Search]]:
    """What is compared."""
    found: dict[str, Callable[[Judged, Path], Search]] = {
        "product": product,
        "FTS5, pairs": fts5(pairs),
        "naive Whoosh": naive,
    }
    if importlib.util.find_spec("jieba"):
        found["FTS5, jieba"] = fts5(dictionary_words)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench relevance", description=__doc__)
    parser.add_argument("directory", type=Path, help="the folder of judged sets")
    parser.add_argument("--set", action="append", dest="sets", help="only this set (repeatable)")
    options = parser.parse_args()
    folders = sorted(path.parent for path in options.directory.glob("*/queries.jsonl"))
    print("| set | engine | nDCG@10 | MRR | recall@10 | recall@100 | CPU ms | goal |")
    print("|---|---|---|---|---|---|---|---|")
    for folder in folders:
        if options.sets and folder.name not in options.sets:
            continue
        judged = read(folder)
        figures = {}
        for name, make in engines().items():
            with tempfile.TemporaryDirectory() as place:
                figures[name] = measure(judged, make(judged, Path(place)))
        for name, row in figures.items():
            cells = " | ".join(f"{row[key]:.3f}" for key in list(row)[:4])
            goal = verdict(judged.name, figures) if name == "product" else ""
            print(
                f"| {judged.name} | {name} | {cells} | {row['CPU ms']:.1f} | {goal} |", flush=True
            )


def verdict(name: str, figures: dict[str, dict[str, float]]) -> str:
    """Say which goals were missed."""
    reached, compared = figures["product"]["nDCG@10"], figures["FTS5, pairs"]["nDCG@10"]
    missed = []
    if name in QUESTIONS and reached < GOAL:
        missed.append(f"{GOAL} missed")
    if reached < compared - SLACK:
        missed.append("below FTS5")
    return ", ".join(missed) or "reached"


if __name__ == "__main__":
    main()
