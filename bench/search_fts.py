"""SQLite's FTS5 over our own units: a yardstick."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from app.search import analysis
from app.search.analysis import Kind
from app.search.port import Entry
from bench.search_stage import Asked


class Fts:
    """A table of texts and one of what is filtered by."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path)
        self._base.executescript(
            "PRAGMA synchronous=off; CREATE VIRTUAL TABLE t USING fts5(body, content='');"
            "CREATE TABLE facts (id INTEGER PRIMARY KEY, planet INT, published REAL)"
        )

    def add(self, entries: list[Entry]) -> None:
        """Add whole topics."""
        with self._base:
            for entry in entries:
                assert entry.facts is not None
                for passage in entry.passages:
                    text = f"{passage.title}\n{passage.names}\n{passage.body}"
                    body = " ".join(spelled(unit.key) for unit in analysis.units(text))
                    row = self._base.execute("INSERT INTO t (body) VALUES (?)", (body,)).lastrowid
                    published = entry.facts.published_at.timestamp()
                    self._base.execute(
                        "INSERT INTO facts VALUES (?, ?, ?)",
                        (row, entry.facts.planet_id, published),
                    )

    def ask(self, asked: Asked) -> object:
        """Ask as far as FTS5 can."""
        words = [_words(word, asked) for word in asked.words]
        where, values = "t MATCH ?", [" AND ".join(words)]
        if asked.filtered:
            readers = asked.request.readers.values()
            kept = ",".join(str(reader.planet_id) for reader in readers)
            cut_off = next(reader.until for reader in readers if reader.until is not None)
            where += f" AND planet IN ({kept})"
            where += f" AND (planet % 2 = 0 OR published <= {cut_off.timestamp()})"
        order = "published DESC" if asked.newest else "rank"
        rows = "SELECT t.rowid FROM t JOIN facts ON facts.id = t.rowid"
        return self._base.execute(
            f"{rows} WHERE {where} ORDER BY {order} LIMIT 20", values
        ).fetchall()


def _words(word: str, asked: Asked) -> str:
    units = analysis.units(word)
    pairs = [unit for unit in units if unit.kind is not Kind.CHAR] or units
    if asked.any_word:
        return " OR ".join(dict.fromkeys(spelled(unit.key) for unit in pairs))
    if asked.prefix:
        return spelled(units[-1].key) + "*"
    return "(" + " AND ".join(dict.fromkeys(spelled(unit.key) for unit in pairs)) + ")"


def spelled(key: str) -> str:
    """Spell a key so that FTS5 takes it as one word."""
    return "x" + key.encode().hex()
