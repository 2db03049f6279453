"""Mail servers that do not take letters, in each way that one fails."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from bench.faults.fault import Fault, Inject, Told, doctor, log, metric, noted
from bench.faults.post_office import Mood
from bench.faults.stage import Stage, changed
from bench.visitor import Visitor
from tests.cast import PASSWORD

LETTERS = 5
SEEN_SECONDS = 60.0
UNREACHED = "Our letters do not reach you"
RETRY = "outbox retry-all"
FAILING = Told("mail", "503 .*letters could not be handed to the mail server")
TOLD = (FAILING, metric("mail_failing"))


@contextlib.contextmanager
def _refused(stage: Stage) -> Iterator[None]:
    with stage.office.closed():
        _write(stage)
        yield


def feeling(mood: Mood, persona: str = "member") -> Inject:
    """Let the mail server fail in this way, with letters on their way."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        with stage.office.feeling(mood):
            _write(stage, persona)
            yield

    return inject


@contextlib.contextmanager
def _untrusted(stage: Stage) -> Iterator[None]:
    """Let the site want TLS, and the server have a certificate that nobody has reason to trust."""
    with (
        stage.office.feeling("tls_broken"),
        changed(stage, PLANETARIUM_SMTP_TLS="true"),
    ):
        _write(stage)
        yield


@contextlib.contextmanager
def _no_mailbox(stage: Stage) -> Iterator[None]:
    """Nothing is wrong with the site; the person has to hear of it, in the page."""
    with feeling("refuses", "guest")(stage):
        guest = Visitor(stage.site.port)
        guest.sign_in("guest@example.test", PASSWORD)
        ends = time.monotonic() + SEEN_SECONDS
        while UNREACHED not in (page := guest.get("/notices").text):
            if time.monotonic() > ends:
                break
            time.sleep(1)
        stage.notes.append(f"the person reads it: {UNREACHED in page}")
        yield


def _write(stage: Stage, persona: str = "member") -> None:
    stage.send_letters([f"kept {n} {time.monotonic_ns()}" for n in range(LETTERS)], persona)


FAULTS = (
    Fault(
        "mail-refuses",
        "mail",
        "the mail server takes no connection",
        _refused,
        told=(*TOLD, doctor("mail server .* out of reach")),
    ),
    Fault(
        "mail-hangs",
        "mail",
        "the mail server takes connections and says nothing",
        feeling("hangs"),
        TOLD,
        mend=RETRY,
    ),
    Fault(
        "mail-drips",
        "mail",
        "the mail server says a byte every two seconds",
        feeling("drips"),
        TOLD,
        mend=RETRY,
    ),
    Fault(
        "mail-closes",
        "mail",
        "the mail server ends every connection at once",
        feeling("closes"),
        TOLD,
        mend=RETRY,
    ),
    Fault(
        "mail-defers",
        "mail",
        "the mail server answers each letter 451, come back later",
        feeling("defers"),
        told=(metric("outbox_failing"), log("451")),
    ),
    Fault(
        "mail-no-mailbox",
        "mail",
        "the mail server answers 550, no such mailbox, for one address",
        _no_mailbox,
        told=(noted("the person reads it: True"),),
    ),
    Fault(
        "mail-too-many",
        "mail",
        "the mail server answers 550, too many letters",
        feeling("too_many", "partner"),
        told=(doctor("takes a letter each"),),
    ),
    Fault(
        "mail-untrusted",
        "mail",
        "the mail server's certificate is not to be trusted",
        _untrusted,
        TOLD,
        reads=False,
        answers=False,
        writes=frozenset({0}),
        mend=RETRY,
    ),
)
