"""Mail servers that do not take letters, in each way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench.faults.fault import Fault, Told, doctor, metric
from bench.faults.stage import Stage

LETTERS = 5
FAILING = Told("mail", "503 .*letters could not be handed to the mail server")


@contextlib.contextmanager
def _refused(stage: Stage) -> Iterator[None]:
    with stage.office.closed():
        stage.send_letters([f"refused {number}" for number in range(LETTERS)])
        yield


FAULTS = (
    Fault(
        "mail-refuses",
        "mail",
        "the mail server takes no connection",
        _refused,
        told=(FAILING, metric("mail_failing"), doctor("mail server .* out of reach")),
    ),
)
