"""The eight people of `bin/bench crash`: each signs in and writes, and notes what was acknowledged."""

from __future__ import annotations

import http.client
import random
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.visitor import Answer, Visitor
from tests.cast import PASSWORD

WRITERS = ("owner", "partner", "admin", "guest")
ASKERS = ("member", "other", "grace", "isolated")
# What he asks is kept and shown to nobody, so nobody answers it.
UNSEEN = "isolated"
ADDRESSEES = ("owner", "partner", "guest")
# What a person writes, and by which form: the page, how its action ends. "" is the page
# of the topic or question itself.
FORMS = {
    "topic": ("/write", "/write"),
    "question": ("/ask", "/ask"),
    "answer": ("/answer", "/answer"),
    "comment": ("", "/comments"),
}
NO_ANSWER = (OSError, http.client.HTTPException)


@dataclass
class Journal:
    """What the clients were told. Locked: eight threads write it."""

    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    unanswered: list[tuple[str, str]] = field(default_factory=list)
    # Told to come back: the database was busy for longer than a request waits.
    turned_away: list[tuple[str, str]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    topics: list[str] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)
    crashed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """One person who signs in and then writes until told to stop.

    `addressees`: how forms name those who are asked, by persona.
    """

    def __init__(
        self, persona: str, port: int, journal: Journal, slug: str, addressees: dict[str, str]
    ) -> None:
        super().__init__(name=persona)
        self.persona = persona
        self._addressees = addressees
        self._slug = slug
        self._journal = journal
        self._visitor = Visitor(port)
        self._chance = random.Random(persona)
        self.stopped = threading.Event()
        self.signed_in = threading.Event()

    def run(self) -> None:
        """Write until stopped. An error of the bench itself is told in the journal."""
        try:
            self._visitor.sign_in(f"{self.persona}@example.test", PASSWORD)
            self.signed_in.set()
            while not self.stopped.is_set():
                self._act()
        except Exception as error:
            self._journal.crashed.append(f"{self.persona}: {type(error).__name__}: {error}")
            self.signed_in.set()

    def _act(self) -> None:
        writes = self.persona in WRITERS
        question = self._take_question() if writes else None
        if question:
            self._write("answer", question)
        elif self._journal.topics and self._chance.random() < 0.5:
            self._write("comment", self._chance.choice(self._journal.topics[-50:]))
        else:
            self._write("topic" if writes else "question", f"/p/{self._slug}")

    def _write(self, kind: str, place: str) -> None:
        """Fill one form; note what was answered."""
        page, action = FORMS[kind]
        mark = f"{kind} of {self.persona} {secrets.token_hex(8)}"
        typed = {"text": mark}
        addressee = self._chance.choice(sorted(self._addressees))
        if kind == "question":
            typed["addressee"] = self._addressees[addressee]
        try:
            answer = self._visitor.fill(place + page, action, **typed)
        except NO_ANSWER:
            with self._journal.lock:
                self._journal.unanswered.append((kind, mark))
            time.sleep(0.05)
            return
        if answer.status == 503:
            with self._journal.lock:
                self._journal.turned_away.append((kind, mark))
            time.sleep(0.2)
            return
        self._note(kind, mark, answer, addressee)

    def _note(self, kind: str, mark: str, answer: Answer, addressee: str) -> None:
        journal = self._journal
        with journal.lock:
            if answer.status != 303:
                journal.refused[f"{kind} by {self.persona}: {answer.status}"] += 1
                return
            journal.acknowledged.append((kind, mark))
            path = urlsplit(answer.location).path
            if kind == "topic":
                journal.topics.append(path)
            elif kind == "question" and self.persona != UNSEEN:
                path = path.replace("/t/", "/q/")
                journal.waiting.setdefault(addressee, []).append(path)

    def _take_question(self) -> str | None:
        with self._journal.lock:
            waiting = self._journal.waiting.get(self.persona)
            return waiting.pop() if waiting else None
