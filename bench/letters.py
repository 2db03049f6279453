"""What does a letter cost? `bin/bench letters [--letters N]`.

On a copy of a seeded planet: thousands of people are told of their role and of answers to their questions.
The CPU time of this process from the event to the letter that a mail server took, each letter with its rights
and facts asked at the moment of sending. The mail server is a process of its own, so its work is not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, event, select

from app.cli.seed_scale import Scale
from app.discussion.events import QuestionAnswered
from app.discussion.models import Answer
from app.factory import create_app
from app.kernel.db import db, unit_of_work
from app.memberships.events import RoleChanged
from app.memberships.models import Membership
from app.outbox.claiming import claim
from app.outbox.delivery import deliver_all
from app.outbox.events import Lane, put_all
from bench import stage

SCALE = Scale(members=1_600, topics=1_600, comments=3_200, thread=40)
LETTERS = 2_000


@dataclass(frozen=True)
class Cost:
    """What letters cost in ms of CPU each: to write, from the event to the mail's row, and to send; and how
    many statements, commits among them, and connections to the mail server a letter took."""

    letters: int
    writing: float
    sending: float
    statements: float
    commits: float
    connections: float

    @property
    def whole(self) -> float:
        """From the event to the letter that was taken."""
        return self.writing + self.sending


@contextlib.contextmanager
def mail_server() -> Iterator[tuple[int, Callable[[], tuple[int, int]]]]:
    """Run a mail server that takes everything; gives its port, and what tells how many letters and
    connections it has had."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.letters_sink"],
        cwd=stage.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    sent, told = process.stdin, process.stdout

    def ask() -> tuple[int, int]:
        sent.write("\n")
        sent.flush()
        letters, connections = json.loads(told.readline())
        return letters, connections

    try:
        yield int(told.readline()), ask
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def committed() -> Iterator[list[str]]:
    """Gives a list that grows by every commit of this process."""
    commits: list[str] = []

    def note(_connection: Connection) -> None:
        commits.append("commit")

    event.listen(Engine, "commit", note)
    try:
        yield commits
    finally:
        event.remove(Engine, "commit", note)


def tell_people(limit: int) -> None:
    """Let so many people be told of something, once each for their role, and for answers."""
    members = db.session.scalars(select(Membership.id).limit(limit)).all()
    answers = db.session.execute(
        select(Answer.topic_id, Answer.id).limit(max(0, limit - len(members)))
    ).all()
    with unit_of_work():
        put_all([RoleChanged(membership_id=one) for one in members])
        put_all([QuestionAnswered(topic_id=topic, answer_id=one) for topic, one in answers])


def work_off(*lanes: Lane) -> float:
    """Deliver all that is due in some lanes as the worker does; returns the CPU seconds."""
    began = time.process_time()
    for lane in lanes:
        while letters := claim(lane):
            deliver_all(lane, letters)
    return time.process_time() - began


def measure(limit: int, ask: Callable[[], tuple[int, int]]) -> Cost:
    """Measure within an application's context, against a mail server that answers `ask`."""
    inside = [lane for lane in Lane if lane not in (Lane.OUTSIDE, Lane.PAYMENTS)]
    # Templates, catalogues and statements are read at the first letters.
    tell_people(20)
    work_off(*inside, Lane.OUTSIDE)
    before, connections = ask()
    tell_people(limit)
    with stage.counted() as statements, committed() as commits:
        writing = work_off(*inside)
        sending = work_off(Lane.OUTSIDE)
    after, opened = ask()
    letters = after - before
    assert letters, "no letter was sent"
    return Cost(
        letters,
        1000 * writing / letters,
        1000 * sending / letters,
        len(statements) / letters,
        len(commits) / letters,
        (opened - connections) / letters,
    )


def run(letters: int) -> Cost:
    """Measure on a copy of a seeded planet."""
    kept = stage.seeded(SCALE)
    with (
        tempfile.TemporaryDirectory(prefix="planetarium-letters-") as folder,
        mail_server() as (
            port,
            ask,
        ),
    ):
        made = replace(kept, folder=Path(folder) / "stage")
        shutil.copytree(kept.folder, made.folder)
        smtp = {"mail_backend": "smtp", "smtp_host": "127.0.0.1", "smtp_port": port}
        app = create_app(made.settings.model_copy(update=smtp))
        with app.app_context():
            return measure(letters, ask)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench letters", description=__doc__)
    parser.add_argument("--letters", type=int, default=LETTERS)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    cost = run(options.letters)
    print(
        f"{cost.letters} letters, ms of CPU each: {cost.whole:.2f}, of it {cost.writing:.2f} from the event "
        f"to the mail's row and {cost.sending:.2f} to send it\n"
        f"statements {cost.statements:.1f}, commits {cost.commits:.2f}, connections {cost.connections:.3f}"
    )


if __name__ == "__main__":
    main()
