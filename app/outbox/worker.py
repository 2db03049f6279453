"""The worker: delivers letters, runs timed jobs, keeps SQLite's log short and shows that it lives.

Each lane is a hand, a thread with a step it repeats: one for each of the outbox's lanes, one for timed jobs,
and those that the factory adds. So a slow mail server delays neither notices nor payments, nor a purge the
mail, nor bulk what somebody waits for. What keeps the worker itself (check-points, signs of life, a look at
each hand) has the main thread for itself: a hand that hangs is told, given up and replaced. Several workers
may run at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from app.kernel.db import db
from app.kernel.logs import get_logger
from app.outbox import actions, jobs
from app.outbox.claiming import claim, release
from app.outbox.delivery import deliver_all
from app.outbox.events import Lane, subscriptions
from app.outbox.hands import Hand, Stuck, Work
from app.outbox.wal import WalKeeper

# How long an idle lane sleeps before it looks again: at first shortly, then ever longer, so that a
# letter waits half a second at most and an idle worker costs next to nothing.
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 0.5
AFTER_TROUBLE = 5.0
BEAT_EVERY = 10.0
LOOK_EVERY = 1.0
# Less than a supervisor waits before it kills.
PATIENCE_AT_THE_END = 7.0
# For how long a letter or a job may give no sign of life. A letter's lease has ended then.
LETTER_SECONDS = 75.0
JOB_SECONDS = 600.0
# Putting an index in order may take long without a word.
EXTRA_SECONDS = 1800.0
# A job that takes longer does not keep the others waiting: another hand takes those.
SLOW_JOB_SECONDS = 10.0
MOST_JOB_HANDS = 6
# With so many hands given up, or with the database's only writer held by one, the process starts anew.
MOST_GIVEN_UP = 20

log = get_logger("worker")


class ExtraLane(Protocol):
    """A lane of a room above. `step` does a little work (False: there was nothing to do), and ends soon when
    `stopping` says so; `close` is called at the end."""

    name: str

    def step(self, stopping: Callable[[], bool]) -> bool:
        """Do what is to be done next."""

    def close(self) -> None:
        """Let go of everything."""


class Worker:
    """One worker process. `scope` opens what code needs around it (an application context); `start_anew`
    replaces the process by a fresh one, where there is a process of the worker's own."""

    def __init__(
        self,
        *,
        name: str,
        version: str,
        scope: Callable[[], AbstractContextManager[object]],
        lanes: Sequence[ExtraLane] = (),
        start_anew: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._version = version
        self._scope = scope
        self._lanes = lanes
        self._start_anew = start_anew
        self._stop = threading.Event()
        self._next_beat = 0.0
        self._wal = WalKeeper()
        self._hands: list[Hand] = []
        self._given_up: list[tuple[Hand, Stuck]] = []

    def stop(self) -> None:
        """Ask the worker to end after the letters in hand; safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop` is called."""
        log.info("worker started", worker=self._name, version=self._version)
        for lane in Lane:
            work = Work.WRITING if lane.is_inside else Work.TALKING
            serve = partial(self._deliver_batch, lane)
            self._begin(Hand(lane, work, serve, patience=LETTER_SECONDS))
        for extra in self._lanes:
            step = partial(self._extra_step, extra)
            self._begin(Hand(extra.name, Work.EXTRA, step, patience=EXTRA_SECONDS))
        while not self._stop.is_set():
            self._keep()
            self._stop.wait(LOOK_EVERY)
        ends_at = time.monotonic() + PATIENCE_AT_THE_END
        for hand in self._hands:
            hand.join(ends_at - time.monotonic())
        for extra in self._lanes:
            extra.close()
        self._finish_log()
        log.info("worker stopped", worker=self._name)

    def _finish_log(self) -> None:
        try:
            with self._scope():
                self._wal.finish()
        except Exception as error:
            log.error("no check-point at the end", worker=self._name, exc_info=error)

    def _begin(self, hand: Hand) -> None:
        self._hands.append(hand)
        hand.start(self._repeat)

    def _repeat(self, hand: Hand) -> None:
        pause = SHORTEST_PAUSE
        while not self._is_over(hand):
            try:
                busy = hand.step(hand)
            except Exception as error:
                # Most likely the database is away; what was in hand comes back by its lease.
                log.error("worker in trouble", worker=self._name, lane=hand.name, exc_info=error)
                self._stop.wait(AFTER_TROUBLE)
                continue
            if busy:
                pause = SHORTEST_PAUSE
            else:
                self._stop.wait(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)

    def _is_over(self, hand: Hand) -> bool:
        return self._stop.is_set() or hand.given_up or hand not in self._hands

    def _keep(self) -> None:
        """Do what must go on whatever a hand does: check-points, hands, the sign of life."""
        try:
            with self._scope():
                self._wal.tick()
        except Exception as error:
            log.error("no check-point", worker=self._name, exc_info=error)
        self._look_at_hands()
        self._staff_jobs()
        try:
            self._beat()
        except Exception as error:
            log.error("no sign of life", worker=self._name, exc_info=error)
            if any(hand.work in (Work.WRITING, Work.JOBS) for hand, _ in self._given_up):
                self._begin_anew("what hangs may hold the database's writer")

    def _look_at_hands(self) -> None:
        self._given_up = [(hand, stuck) for hand, stuck in self._given_up if hand.lives()]
        for hand in list(self._hands):
            stuck = hand.find_stuck()
            # What a room above has done is told (`_hanging`), but has one hand: it counts on that.
            if stuck is None or hand.work is Work.EXTRA:
                continue
            log.error(
                "hangs; another hand takes over", what=stuck.what, since=f"{stuck.since:%F %T}Z"
            )
            hand.given_up = True
            self._hands.remove(hand)
            self._given_up.append((hand, stuck))
            self._next_beat = 0.0
            if hand.work is not Work.JOBS:
                self._begin(hand.again())
        if len(self._given_up) > MOST_GIVEN_UP:
            self._begin_anew("too much hangs")

    def _begin_anew(self, why: str) -> None:
        if self._start_anew is not None:
            log.error("the worker starts anew", worker=self._name, why=why)
            self._wal.close()
            self._start_anew()

    def _staff_jobs(self) -> None:
        """See that there is one hand for timed jobs that no slow job holds."""
        hands = [hand for hand in self._hands if hand.work is Work.JOBS]
        free = [hand for hand in hands if hand.busy_seconds() < SLOW_JOB_SECONDS]
        if not free and len(hands) < MOST_JOB_HANDS:
            self._begin(Hand("jobs", Work.JOBS, self._jobs_step, patience=JOB_SECONDS))
        for hand in free[1:]:
            self._hands.remove(hand)

    def _jobs_step(self, hand: Hand) -> bool:
        with self._scope():
            # What runs in this process already is not begun twice, unless it hangs.
            job = jobs.claim_next(besides={other.job for other in self._hands})
            if job is not None:
                hand.job = job.name
                with hand.at(f"timed job {job.name}"):
                    jobs.run(job)
                hand.job = ""
            db.session.remove()
        return job is not None

    def _extra_step(self, lane: ExtraLane, hand: Hand) -> bool:
        with self._scope(), hand.at(lane.name):
            return lane.step(lambda: self._is_over(hand))

    def _deliver_batch(self, lane: Lane, hand: Hand) -> bool:
        with self._scope():
            letters = claim(lane)
            if not letters:
                subscriptions.rest(lane)
        # Quick ones go together; those that talk to the world one at a time, as each may take long.
        portions = [letters] if lane.is_inside else [[letter] for letter in letters]
        for place, portion in enumerate(portions):
            if self._is_over(hand):
                with self._scope():
                    release([letter for rest in portions[place:] for letter in rest])
                break
            # A scope each: no handler sees rows that another one loaded.
            names = ", ".join(sorted({letter.handler for letter in portion}))
            with self._scope(), hand.at(f"{names} (letter {portion[0].id})" if portion else names):
                deliver_all(lane, portion)
        return bool(letters)

    def _hanging(self) -> str:
        """Return what hangs, a line each."""
        extra = [hand.find_stuck() for hand in self._hands if hand.work is Work.EXTRA]
        hanging = [*(stuck for _hand, stuck in self._given_up), *(one for one in extra if one)]
        return "\n".join(f"{stuck.what} since {stuck.since:%F %T}Z" for stuck in hanging)

    def _beat(self) -> None:
        """Write the sign of life, and what hangs."""
        if self._name and time.monotonic() >= self._next_beat:
            with self._scope():
                actions.beat(self._name, self._version, stuck=self._hanging())
            self._next_beat = time.monotonic() + BEAT_EVERY
