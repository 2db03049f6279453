"""How long Stripe may take. The worker has a minute for a call; a page has seconds for all it asks, and few
pages ask at once: while Stripe hangs or drips, threads are left for everybody who buys nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import stripe

from app.billing.stripe_deadline import Callers, TooLate, new_session
from app.kernel import patience

CONNECT_SECONDS, READ_SECONDS = 3.0, 15.0
# What a call takes at most where nobody waits before a page.
WORKER_SECONDS = 60.0
WORKERS_AT_ONCE = 16
# How long a page waits until one of those before it has its answer.
TURN_SECONDS = 1.5
# After a call without an answer, nobody waits behind another for so long.
WARNED_SECONDS = 15.0
_LEAST_SECONDS = 0.2

Answer = tuple[bytes, int, Mapping[str, str]]


class PatientClient(stripe.RequestsClient):
    """The library's way over the network. `at_once`: how many calls of pages it carries at a time."""

    def __init__(self, *, at_once: int) -> None:
        super().__init__(timeout=(CONNECT_SECONDS, READ_SECONDS))
        self._places = threading.BoundedSemaphore(at_once)
        self._pages, self._workers = Callers(at_once), Callers(WORKERS_AT_ONCE)
        self._silent_at = float("-inf")

    def request(  # type: ignore[override]  # as the library's own client does
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> Answer:
        """Ask; APIConnectionError when there is no answer in time, or no place to ask from."""
        asker = patience.find_present()
        left = asker.outside if asker is not None else None

        def ask() -> Answer:
            return self._ask(method, url, headers, post_data, left)

        if asker is None or left is None:
            return _in_time(self._workers, ask, WORKER_SECONDS, lambda: None)
        if left < _LEAST_SECONDS:
            raise _too_late("this page has waited long enough")
        warned = time.monotonic() - self._silent_at < WARNED_SECONDS
        if not self._places.acquire(timeout=0 if warned else TURN_SECONDS):
            raise _too_late("others wait for an answer already")
        began = time.monotonic()
        try:
            answer = _in_time(self._pages, ask, left, self._places.release)
        except stripe.APIConnectionError as error:
            self._silent_at = time.monotonic()
            error.should_retry = error.should_retry and time.monotonic() - began < 1
            raise
        finally:
            asker.outside -= time.monotonic() - began
        self._silent_at = float("-inf")
        return answer

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any,
        left: float | None,
    ) -> Answer:
        """Ask in the present thread, which keeps its connections; `left` as for `_timeout`."""
        if getattr(self._thread_local, "session", None) is None:
            self._thread_local.session = new_session()
        self._thread_local.left = left
        return super().request(method, url, headers, post_data)

    @property
    def _timeout(self) -> tuple[float, float]:
        """What the library gives the network: to connect, and between two words of the answer."""
        left = getattr(self._thread_local, "left", None)
        return self._usual if left is None else (min(CONNECT_SECONDS, left), left)

    @_timeout.setter
    def _timeout(self, usual: tuple[float, float]) -> None:
        self._usual = usual


def _in_time(
    callers: Callers, ask: Callable[[], Answer], seconds: float, ended: Callable[[], None]
) -> Answer:
    try:
        return callers.run(ask, seconds=seconds, ended=ended)
    except TooLate:
        raise _too_late("the answer did not end in time") from None


def _too_late(why: str) -> stripe.APIConnectionError:
    # The library leaves its errors untyped.
    made: stripe.APIConnectionError = cast(Any, stripe.APIConnectionError)(
        f"no answer: {why}", should_retry=False
    )
    return made
