"""What people open and do every day, for `bin/bench pages`: pages as whoever opens them, and deeds.

Deeds cannot be repeated by hundreds a second, as pages can: each person's pace is limited. So their forms are
fetched first, then sent one after another by different people, and what the server spent is divided.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import select, update

from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.billing.models import Plan
from app.discussion.models import Topic
from app.factory import create_app
from app.insights import keep_tallies
from app.kernel.db import db, unit_of_work
from app.planets.models import Planet
from bench import load, stage
from bench.billing_stage import make_plan
from bench.visitor import Visitor, find_form

# Of people who exist in a bench alone.
PASSWORD = "a long word of the bench"
PLANS = ("月度", "年度")
WORDS = ("阅读", "时间", "工作", "学习", "方法", "问题", "朋友", "写作")
# So many send each deed in a round, each once; of ten rounds none meets a limit of one address.
PEOPLE = 8
FIRST_PERSON = 12
# The first member whose time is over: who buys.
EXPIRED = 21
_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


class Opened(NamedTuple):
    """A page, its addresses, and the address of the account that opens it."""

    name: str
    paths: list[str]
    email: str


@dataclass
class Deed:
    """Something that people do, with the CPU milliseconds that one took in each round."""

    name: str
    prepare: Callable[[int], Callable[[], int]]
    runs: list[float] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """The median over the rounds."""
        return statistics.median(self.runs)


def furnish(made: stage.Stage) -> None:
    """Give the planet plans, an index of its texts, and its people passwords; done once."""
    app = create_app(made.settings)
    with app.app_context():
        if not db.session.scalar(select(Plan.id).limit(1)):
            built = app.test_cli_runner().invoke(args=["search", "rebuild"])
            if built.exit_code:
                raise RuntimeError(built.output)
            _sell(made)
        # As the worker does, which is not served here.
        keep_tallies()
        db.session.remove()


def _sell(made: stage.Stage) -> None:
    people = [email_of(made, n) for n in range(FIRST_PERSON, FIRST_PERSON + PEOPLE)]
    known = update(User).where(User.email.in_(people))
    with unit_of_work() as session:
        planet = session.scalars(select(Planet).where(Planet.slug == made.planted.slug)).one()
        planet.paid = True
        for name in PLANS:
            make_plan(planet, name)
        session.execute(known.values(password_hash=hash_password(PASSWORD)))


def email_of(made: stage.Stage, number: int) -> str:
    """Return the address of the planet's person of this number."""
    return f"{made.planted.slug}-{number}@example.test"


def opened(made: stage.Stage) -> list[Opened]:
    """Return the pages that are opened every day besides the feed and topics."""
    here, member, owner = (
        f"/p/{made.planted.slug}",
        made.planted.member_email,
        made.planted.owner_email,
    )
    return [
        Opened("landing", [f"{here}/about"], member),
        Opened("buy", [f"{here}/buy"], email_of(made, EXPIRED)),
        Opened("notices", ["/notices"], member),
        Opened("home", ["/"], member),
        Opened("inbox", [f"{here}/inbox"], email_of(made, 2)),
        Opened("numbers", [f"{here}/numbers"], owner),
        Opened("members", [f"{here}/members"], owner),
    ]


def deeds(made: stage.Stage, port: int) -> list[Deed]:
    """Return what people do every day, sent to the product at this port."""
    app = create_app(made.settings)
    with app.app_context():
        latest = select(Topic.public_id).where(Topic.kind == "post").order_by(Topic.id.desc())
        topics = list(db.session.scalars(latest.limit(500)))
        db.session.remove()
    here = f"/p/{made.planted.slug}"
    cookies: dict[str, str] = {}
    turn = count()

    def visitor(email: str) -> Visitor:
        if email not in cookies:
            cookies[email] = stage.signed_in(app, email)
        return Visitor(port, cookie=cookies[email])

    def sign_in(n: int) -> Callable[[], int]:
        somebody = Visitor(port)
        form = find_form(somebody.get("/sign-in").text, "/sign-in", "/sign-in", {"email"})
        typed = {**form.fields, "email": email_of(made, FIRST_PERSON + n), "password": PASSWORD}
        return lambda: somebody.post("/sign-in", typed).status

    def sent(email: str, path: str, wanted: str, **typed: str) -> Callable[[], int]:
        somebody = visitor(email)
        form = find_form(page_of(somebody, path), path, wanted, set(typed))
        return lambda: somebody.post(form.action, {**form.fields, **typed}).status

    def comment(n: int) -> Callable[[], int]:
        path = f"{here}/t/{topics[next(turn) % len(topics)]}"
        return sent(email_of(made, FIRST_PERSON + n), path, "/comments", text=f"谢谢，读完了 {n}")

    def publish(n: int) -> Callable[[], int]:
        return sent(
            made.planted.owner_email, f"{here}/write", "/write", title=f"日记 {n}", text="今天"
        )

    def like(n: int) -> Callable[[], int]:
        somebody = visitor(email_of(made, FIRST_PERSON + n))
        path = f"{here}/t/{topics[next(turn) % len(topics)]}"
        found = _TOKEN.search(page_of(somebody, path))
        assert found, f"{path} shows no token"
        return lambda: somebody.post(f"{path}/like", {"csrf_token": found.group(1)}).status

    def search(n: int) -> Callable[[], int]:
        somebody = visitor(email_of(made, FIRST_PERSON + n))
        path = f"{here}/search?q={quote(WORDS[next(turn) % len(WORDS)])}"
        return lambda: somebody.get(path).status

    return [
        Deed("sign-in", sign_in),
        Deed("comment", comment),
        Deed("publish", publish),
        Deed("like", like),
        Deed("search", search),
    ]


def page_of(somebody: Visitor, path: str) -> str:
    """Return a page's HTML; of a topic whose address has its title behind it, what it leads to."""
    answer = somebody.get(path)
    return (somebody.get(answer.location) if answer.location else answer).text


def measure(found: list[Deed], pid: int, *, rounds: int) -> None:
    """Let people do all of it, round by round; the first round warms up. RuntimeError when one is refused."""
    for number in range(rounds + 1):
        for deed in found:
            ready = [deed.prepare(n) for n in range(PEOPLE)]
            before = load.server_cpu_ms([pid])
            statuses = {act() for act in ready}
            spent = (load.server_cpu_ms([pid]) - before) / PEOPLE
            if not statuses <= {200, 303}:
                raise RuntimeError(f"{deed.name} answered {sorted(statuses)}")
            if number:
                deed.runs.append(spent)


def growth(less: list[Deed], more: list[Deed], goal: float) -> Iterator[str]:
    """Yield a line for each deed: its cost at both sizes, and by how much it grew."""
    for before, after in zip(less, more, strict=True):
        times = after.cpu_ms / before.cpu_ms
        verdict = "reached" if times <= goal else "missed"
        costs = f"{before.cpu_ms:>8.1f} ms {after.cpu_ms:>8.1f} ms"
        yield f"  {before.name:<24}{costs} {times:>6.2f} times, {verdict}"
