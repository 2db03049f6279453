"""How long Stripe may take. The worker has time; a page has seconds for all it asks, and few pages ask
at once: while Stripe hangs, threads are left for everybody who buys nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, cast

import stripe

from app.kernel import patience

CONNECT_SECONDS, READ_SECONDS = 3.0, 15.0
# How long a page waits until one of those before it has its answer.
TURN_SECONDS = 1.5
# After a call without an answer, nobody waits behind another for so long.
WARNED_SECONDS = 15.0
_LEAST_SECONDS = 0.2


class PatientClient(stripe.RequestsClient):
    """The library's way over the network. `at_once`: how many calls of pages it carries at a time."""

    def __init__(self, *, at_once: int) -> None:
        super().__init__(timeout=(CONNECT_SECONDS, READ_SECONDS))
        self._places = threading.BoundedSemaphore(at_once)
        self._silent_at = float("-inf")

    def request(  # type: ignore[override]  # as the library's own client does
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Ask; APIConnectionError when there is no answer in time, or no place to ask from."""
        asker = patience.find_present()
        if asker is None:
            return super().request(method, url, headers, post_data)
        if asker.outside < _LEAST_SECONDS:
            raise _too_late("this page has waited long enough")
        warned = time.monotonic() - self._silent_at < WARNED_SECONDS
        if not self._places.acquire(timeout=0 if warned else TURN_SECONDS):
            raise _too_late("others wait for an answer already")
        began = time.monotonic()
        self._thread_local.left = asker.outside
        try:
            answer = super().request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            self._silent_at = time.monotonic()
            error.should_retry = error.should_retry and time.monotonic() - began < 1
            raise
        finally:
            self._thread_local.left = None
            asker.outside -= time.monotonic() - began
            self._places.release()
        self._silent_at = float("-inf")
        return answer

    @property
    def _timeout(self) -> tuple[float, float]:
        """What the library gives the network: to connect, and between two words of the answer."""
        left = getattr(self._thread_local, "left", None)
        return self._usual if left is None else (min(CONNECT_SECONDS, left), left)

    @_timeout.setter
    def _timeout(self, usual: tuple[float, float]) -> None:
        self._usual = usual


def _too_late(why: str) -> stripe.APIConnectionError:
    # The library leaves its errors untyped.
    made: stripe.APIConnectionError = cast(Any, stripe.APIConnectionError)(
        f"not asked: {why}", should_retry=False
    )
    return made
