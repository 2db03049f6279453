"""Processes that die, stand still, or are broken off in the middle of their work."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

import psutil

from bench.crash_people import NO_ANSWER as BROKEN
from bench.faults.doing import broken_off, side
from bench.faults.fault import NO_ANSWER, Fault, Inject, doctor, log, metric, noted, readyz
from bench.faults.stage import Stage, wait_until_up
from bench.visitor import Visitor
from tests.cast import PASSWORD
from tests.media.samples import picture

BOUNDARY = "faults"
UPLOADS = 4


def killed(*names: str) -> Inject:
    """Kill -9, once."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        for name in names:
            stage.site.signal(name, signal.SIGKILL)
        yield
        wait_until_up(stage.site)

    return inject


def stopped(name: str) -> Inject:
    """Let a process stand still."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        process = stage.site.process(name)
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    return inject


@contextlib.contextmanager
def _renderer_killed(stage: Stage) -> Iterator[None]:
    """Kill whatever the web process starts to render texts, while texts are sent."""
    owner = Visitor(stage.site.port)
    owner.sign_in("owner@example.test", PASSWORD)
    web = stage.site.process("web")
    for number in range(UPLOADS):
        for child in web.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        try:
            text = "# A long text\n" + "word *by* word\n" * 2000
            mark = f"{number} {text}"
            written = owner.fill(f"/p/{stage.cast.slug}/write", "/write", text=mark)
            stage.notes.append(f"a text was answered {written.status}")
        except BROKEN as error:
            stage.notes.append(f"a text was lost: {error}")
    yield


def upload(stage: Stage, browser: Visitor) -> int:
    """Send a picture as a composer does; returns the status."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="kind"\r\n\r\nimage\r\n--{BOUNDARY}\r\n'
        'Content-Disposition: form-data; name="file"; filename="x.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    body = head.encode() + picture().read() + f"\r\n--{BOUNDARY}--\r\n".encode()
    token = browser.get(stage.topic).text.partition('name="csrf_token" value="')[2]
    answer = browser.send_raw(
        f"/p/{stage.cast.slug}/uploads",
        body,
        {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "X-CSRFToken": token.partition('"')[0],
        },
    )
    return answer.status


@contextlib.contextmanager
def _rebuild_broken_off(stage: Stage) -> Iterator[None]:
    said = broken_off(stage.site, ["search", "rebuild"], after=2.5, by=signal.SIGKILL)
    stage.notes.append(f"rebuild ended with {said.status}")
    yield


@contextlib.contextmanager
def _planting_broken_off(stage: Stage) -> Iterator[None]:
    """Ctrl-C while the demo is planted in a fresh installation; then once more to the end."""
    with side(stage, "planting") as given:
        # As bin/run calls it.
        quietly, words = "bin.tools.quietly", ["bin.tools.prepare"]
        first = broken_off(stage.site, words, after=8, given=given, module=quietly)
        again = broken_off(stage.site, words, given=given, module=quietly)
        stage.notes.append(f"broken off: traceback={'Traceback' in first.text}")
        stage.notes.append(f"again: {again.status}, logins={'@demo.test' in again.text}")
        if again.status:
            stage.notes.append(again.text[-300:])
        yield


@contextlib.contextmanager
def _migrating_broken_off(stage: Stage) -> Iterator[None]:
    with side(stage, "migrating") as given:
        broken_off(stage.site, ["db", "upgrade"], after=4, by=signal.SIGINT, given=given)
        again = stage.site.run("db", "upgrade", given=given)
        said = stage.site.run("doctor", given=given)
        at_head = "migrations are at head" in said.text
        stage.notes.append(f"again: {again.status}, at head={at_head}")
        yield


@contextlib.contextmanager
def _backup_broken_off(stage: Stage) -> Iterator[None]:
    target = stage.folder / "backup"
    broken_off(stage.site, ["backup", "make", str(target)], after=2.6, by=signal.SIGINT)
    looks_like_one = target.exists() and stage.site.run("backup", "verify", str(target)).status
    again = stage.site.run("backup", "make", str(stage.folder / "backup-2"), "--verify")
    stage.notes.append(f"half a backup={bool(looks_like_one)}, again: {again.status}")
    yield


@contextlib.contextmanager
def _second_worker(stage: Stage) -> Iterator[None]:
    """A second worker beside the first: no letter is sent twice."""
    with stage.site.beside("worker"):
        time.sleep(8)
        subjects = [f"once {number} {time.monotonic_ns()}" for number in range(20)]
        stage.send_letters(subjects)
        ends = time.monotonic() + 60
        while not set(subjects) <= set(stage.office.subjects) and time.monotonic() < ends:
            time.sleep(0.5)
        counts = {stage.office.subjects.count(subject) for subject in subjects}
        stage.notes.append(f"sent {sorted(counts)} times")
        yield


FAULTS = (
    Fault(
        "web-killed",
        "process",
        "kill -9 of the web process",
        killed("web"),
        told=(log("web ended with status -9"),),
        reads=False,
        answers=False,
        writes=NO_ANSWER,
    ),
    Fault(
        "worker-killed",
        "process",
        "kill -9 of the worker",
        killed("worker"),
        told=(log("worker ended with status -9"),),
    ),
    Fault(
        "supervisor-killed",
        "process",
        "kill -9 of the supervisor, which systemd starts again",
        killed("supervisor"),
        told=(log("unit: the supervisor ended with -9"),),
        reads=False,
        answers=False,
        writes=NO_ANSWER,
    ),
    Fault(
        "worker-stopped",
        "process",
        "the worker stands still (SIGSTOP)",
        stopped("worker"),
        told=(
            readyz("the worker has been silent"),
            metric("worker_silent_seconds", r"([6-9]\d|\d{3})"),
            doctor("the worker has been silent"),
        ),
    ),
    Fault(
        "web-stopped",
        "process",
        "the web process stands still (SIGSTOP): only who asks from outside can see it",
        stopped("web"),
        told=(noted("^0 kept"),),
        reads=False,
        answers=False,
        writes=NO_ANSWER,
    ),
    Fault(
        "renderer-killed",
        "process",
        "kill -9 of the children that render texts, while texts are sent",
        _renderer_killed,
        told=(noted("a text was answered (303|503|422)"),),
    ),
    Fault(
        "rebuild-killed",
        "process",
        "kill -9 of `flask search rebuild` in its middle",
        _rebuild_broken_off,
        told=(noted("rebuild ended with (-9|0)"),),
    ),
    Fault(
        "planting-ctrl-c",
        "process",
        "Ctrl-C while a fresh installation plants its demo",
        _planting_broken_off,
        told=(noted("traceback=False"), noted("again: 0, logins=True")),
    ),
    Fault(
        "migrating-ctrl-c",
        "process",
        "Ctrl-C while a fresh database is migrated",
        _migrating_broken_off,
        told=(noted("again: 0, at head=True"),),
    ),
    Fault(
        "backup-ctrl-c",
        "process",
        "Ctrl-C while a backup is made",
        _backup_broken_off,
        told=(noted("half a backup=False, again: 0"),),
    ),
    Fault(
        "second-worker",
        "process",
        "a second worker runs beside the first",
        _second_worker,
        told=(noted(r"sent \[1\] times"),),
    ),
)
