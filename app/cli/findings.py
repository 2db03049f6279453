"""One line of what doctor says."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One line of the report; `mend` says what to do when it is not ok."""

    level: Literal["ok", "warn", "fail"]
    told: str
    mend: str = ""
