"""What faults are tried on: a site with people, a mail server and a payment provider, on either database."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from pydantic import SecretStr

from app.billing.actions.installation import choose
from app.billing.actions.plans import create_plan, put_on_sale
from app.billing.terms import PlanWish
from app.config import Settings
from app.factory import create_app
from app.kernel.db import db, unit_of_work
from app.notifications.grounds import Basis, Ground
from app.notifications.letters import Letter
from app.notifications.post import post
from bench import load
from bench.crash_people import NO_ANSWER
from bench.faults.app import PROVIDER_VARIABLE
from bench.faults.databases import PostgresServer, SqliteFile, open_database
from bench.faults.people import Diary, Reader, Writer
from bench.faults.post_office import PostOffice, free_port
from bench.faults.provider import Provider
from bench.faults.site import Site
from bench.visitor import Visitor
from bin.tools import translations
from tests.billing.stripe_double import SECRET
from tests.cast import PASSWORD, Cast, assemble

TOKEN = "token-of-the-bench-of-faults"
START_SECONDS = 90.0
# Places of their own, each on a small file system of its own where the machine allows it.
PLACES = ("data", "data/media", "data/search_index", "data/tmp", "postgres")
# More than doctor wants to see free.
ROOM = "1500m"


@dataclass
class Stage:
    """All of it. `topic` is the address of what people comment on."""

    folder: Path
    database: SqliteFile | PostgresServer
    site: Site
    office: PostOffice
    provider: Provider
    app: Flask
    cast: Cast
    mounted: bool
    topic: str = ""
    diary: Diary = field(default_factory=Diary)
    writer: Writer | None = None
    readers: list[Reader] = field(default_factory=list)
    # What those who did a fault's deed were answered, since it began.
    notes: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @contextlib.contextmanager
    def rows(self) -> Iterator[sa.Connection]:
        """A connection to the database, not from the site's pools."""
        url = self.database.url.replace("postgresql://", "postgresql+psycopg://", 1)
        patience = {"timeout": 60} if self.database.name == "sqlite" else {}
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=patience)
        with engine.connect() as connection:
            yield connection

    def send_letters(self, subjects: Sequence[str], persona: str = "member") -> None:
        """Have letters written, as of what has happened to somebody's account."""
        with self.app.app_context():
            db.engine.dispose()
            with unit_of_work():
                for subject in subjects:
                    post(
                        Letter(subject, ("A line.",)),
                        to=f"{persona}@example.test",
                        language="en",
                        dedupe_key=f"fault:{subject}",
                        ground=Ground(Basis.ACCOUNT),
                        user_id=self.cast.users[persona],
                    )
            db.session.remove()
            db.engine.dispose()

    def people_begin(self) -> None:
        """Let readers and a writer come."""
        port, slug = self.site.port, self.cast.slug
        paths = (f"/p/{slug}", self.topic, "/")
        landing = (f"/p/{slug}/about", "/discover")
        self.readers = [
            Reader(port, self.diary, paths, "member@example.test"),
            Reader(port, self.diary, landing),
        ]
        self.writer = Writer(port, self.diary, self.topic, "owner@example.test")
        self.writer.open_form()
        for one in (*self.readers, self.writer):
            one.start()

    def come_back(self) -> None:
        """Let whoever was signed out sign in again, when all may be well."""
        for reader in self.readers:
            reader.come_back()
        if self.writer:
            self.writer.come_back()

    def people_go(self) -> None:
        """Let them go home."""
        people: list[Reader | Writer] = [*self.readers, *([self.writer] if self.writer else [])]
        for one in people:
            one.stopped.set()
        for one in people:
            one.join(40)


def is_up(port: int) -> bool:
    """Whether the site answers that it is well."""
    try:
        return Visitor(port).get("/healthz").status == 200
    except NO_ANSWER:
        return False


def wait_until_up(site: Site) -> None:
    """Wait until it answers; AssertionError with the end of its log when it does not."""
    ends = time.monotonic() + START_SECONDS
    while not is_up(site.port):
        assert time.monotonic() < ends, site.logged(max(0, site.log_size() - 4000))
        time.sleep(0.3)


@contextlib.contextmanager
def set_up(folder: Path, *, postgresql: bool) -> Iterator[Stage]:
    """Make everything and serve it; all of it is gone afterwards."""
    translations.compile_stale()
    office, provider = PostOffice(), Provider()
    with mounts(folder) as mounted:
        database = open_database(folder, folder / "data", postgresql=postgresql)
        site = Site(folder, free_port(), {})
        site.settings.update(_settings(site, database, office, provider))
        app = create_app(
            Settings(
                env="testing",
                secret_key=SecretStr(site.settings["SECRET_KEY"]),
                database_url=database.setting,
                data_dir=folder / "data",
                base_url=site.settings["PLANETARIUM_BASE_URL"],
            )
        )
        with app.app_context():
            cast = _furnish(app)
        stage = Stage(folder, database, site, office, provider, app, cast, mounted)
        try:
            site.start()
            wait_until_up(site)
            stage.topic = _first_topic(stage)
            yield stage
        finally:
            site.stop()
            with app.app_context():
                db.engine.dispose()
            database.close()
            office.close()
            provider.close()


def _settings(
    site: Site,
    database: SqliteFile | PostgresServer,
    office: PostOffice,
    provider: Provider,
) -> dict[str, str]:
    data = site.folder / "data"
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": database.setting,
        "PLANETARIUM_DATA_DIR": str(data),
        "PLANETARIUM_BASE_URL": f"http://127.0.0.1:{site.port}",
        "PLANETARIUM_ENV": "production",
        "PLANETARIUM_MAIL_BACKEND": "smtp",
        "PLANETARIUM_MAIL_FROM": "Planetarium <planetarium@example.test>",
        "PLANETARIUM_SMTP_HOST": "127.0.0.1",
        "PLANETARIUM_SMTP_PORT": str(office.port),
        "PLANETARIUM_METRICS_TOKEN": TOKEN,
        "PLANETARIUM_PAYMENTS": "test",
        "PLANETARIUM_STRIPE_SECRET_KEY": "sk_test_double",
        "PLANETARIUM_STRIPE_WEBHOOK_SECRETS": f'["{SECRET}"]',
        PROVIDER_VARIABLE: provider.url,
        "HOST": load.LOOPBACK,
        "PORT": str(site.port),
        "PATH": os.pathsep.join(map(str, filter(None, [database.programs, os.environ["PATH"]]))),
        # As bin/serve has it.
        "TMPDIR": str(data / "tmp"),
    }


@contextlib.contextmanager
def changed(stage: Stage, **settings: str) -> Iterator[None]:
    """Serve with other settings within the block; whether that comes up is for the fault to show."""
    before = dict(stage.site.settings)
    stage.site.settings.update(settings)
    stage.site.restart()
    try:
        yield
    finally:
        stage.site.settings.clear()
        stage.site.settings.update(before)
        stage.site.restart()
        wait_until_up(stage.site)


def _furnish(app: Flask) -> Cast:
    """Make tables, people and a plan on sale. Called within the application's context."""
    upgrade()
    choose("test")
    cast = assemble(app)
    cast.set_planet(paid=True)
    with unit_of_work():
        owner = cast.actor("owner")
        plan = create_plan(owner, wish=PlanWish("A year", 19_900, "CNY", "year"))
        put_on_sale(owner, public_id=plan.public_id)
    db.session.remove()
    db.engine.dispose()
    return cast


def _first_topic(stage: Stage) -> str:
    owner = Visitor(stage.site.port)
    owner.sign_in("owner@example.test", PASSWORD)
    answer = owner.fill(f"/p/{stage.cast.slug}/write", "/write", text="What everybody talks about.")
    assert answer.status == 303, answer.status
    return urlsplit(answer.location).path


@contextlib.contextmanager
def mounts(folder: Path) -> Iterator[bool]:
    """Give each place of the site a file system of its own, if we may; the block is told whether."""
    made: list[Path] = []
    try:
        for name in PLACES:
            place = folder / name
            place.mkdir(mode=0o700)
            if os.geteuid() == 0 and _call(
                "mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=700", "tmpfs", place
            ):
                made.append(place)
        yield len(made) == len(PLACES)
    finally:
        for place in reversed(made):
            _call("umount", "-l", place)


def _call(*words: str | Path) -> bool:
    ended = subprocess.run([str(w) for w in words], check=False, capture_output=True, timeout=30)
    return ended.returncode == 0
