"""Errors that rooms raise and doors translate. A room never speaks HTTP."""

from __future__ import annotations

from typing import Literal


class PlanetariumError(Exception):
    """Base of every error that the house raises on purpose."""


class NotFound(PlanetariumError):
    """The thing does not exist, or the actor may not know that it does. Doors answer 404."""


class Refused(PlanetariumError):
    """The actor may see the thing but not do this. Doors answer 403 with the way out.

    `reason` is a key of `app.policy.Reason`; the door turns it into a sentence and a link.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Invalid(PlanetariumError):
    """Input breaks an invariant. Doors show the form again (422) with what was typed.

    `field` names the form's field ("" for the whole form); `code` is a stable key that the door
    words for people; `values` fill the sentence (a limit, a count).
    """

    def __init__(self, field: str, code: str, **values: object) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code
        self.values = values


class Conflict(PlanetariumError):
    """Somebody or another tab was faster. Doors answer 409 and lose nothing of what was typed."""


class LimitReached(PlanetariumError):
    """Too many tries. `retry_after` is in seconds. Doors answer 429."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after

    @property
    def minutes(self) -> int:
        """Return the time to wait in whole minutes, rounded up."""
        return max(1, -(-self.retry_after // 60))


class Unavailable(PlanetariumError):
    """The database takes or gives nothing now: another holds its writer (`busy`), its disk is full
    (`full`), or it cannot be reached (`away`). Doors answer 503 and lose nothing of what was typed."""

    def __init__(self, why: Literal["busy", "full", "away"]) -> None:
        super().__init__(f"the database is {why}")
        self.why = why
