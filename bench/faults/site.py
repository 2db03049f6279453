"""The site that is tried: web and worker under their supervisor, which is kept as systemd keeps a unit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.faults.app import CLOCK_VARIABLE
from bench.faults.serving import WEB, WORKER

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 30.0
# As `Restart=always` and `RestartSec=1` of a unit.
RESTART_SECONDS = 1.0
COMMAND_SECONDS = 120.0


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    text: str


class Site:
    """An installation in `folder`. `settings` are variables of the environment."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str]) -> None:
        self.folder, self.port = folder, port
        self.settings = dict(settings)
        self.log_file = folder / "log"
        self.clock_file = folder / "clock"
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._keeper = threading.Thread(target=self._keep, daemon=True, name="keeper")
        self._lock = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the site is given."""
        return {**os.environ, **self.settings, CLOCK_VARIABLE: str(self.clock_file)}

    def start(self) -> None:
        """Start the site, and again whenever its supervisor dies, until `stop`."""
        with self._lock:
            self._wanted = True
            self._begin()
        if not self._keeper.is_alive():
            self._keeper = threading.Thread(target=self._keep, daemon=True, name="keeper")
            self._keeper.start()

    def stop(self) -> None:
        """End the site gently."""
        with self._lock:
            self._wanted = False
            process = self._supervisor
        if process is None:
            return
        family = self._family()
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()

    def restart(self) -> None:
        """Stop it and start it with what its settings say now."""
        self.stop()
        self.start()

    def process(self, name: str) -> psutil.Process:
        """Return the running process: supervisor, web or worker. LookupError while there is none."""
        marks = {"web": WEB, "worker": WORKER}
        for one in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                words = one.cmdline()
                if name == "supervisor" and self._supervisor and one.pid == self._supervisor.pid:
                    return one
                if name in marks and marks[name] in words:
                    return one
        raise LookupError(name)

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a process of the site; returns its id."""
        found = self.process(name)
        found.send_signal(number)
        return int(found.pid)

    def run(self, *words: str, given: Mapping[str, str] | None = None) -> Said:
        """Run a command of the application, as its operator does."""
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "flask", "--app", WORKER, *words],
                cwd=ROOT,
                env={**self.environment, **(given or {})},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return Said(-1, (late.stdout or b"").decode("utf-8", "replace") + "\n(no end)")
        return Said(ended.returncode, ended.stdout.decode("utf-8", "replace"))

    @contextlib.contextmanager
    def beside(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run another worker or another site at the same port within the block, on the same log."""
        commands = {
            "worker": ["-m", "flask", "--app", WORKER, "worker"],
            "site": ["-m", "bench.faults.serving"],
        }
        with self.log_file.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, *commands[name]],
                cwd=ROOT,
                env=self.environment,
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    def logged(self, since: int) -> str:
        """Return what was logged after the first `since` bytes."""
        with self.log_file.open("rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace")

    def log_size(self) -> int:
        """Return how many bytes were logged so far."""
        return self.log_file.stat().st_size if self.log_file.exists() else 0

    def _family(self) -> list[psutil.Process]:
        process = self._supervisor
        if process is None:
            return []
        try:
            first = psutil.Process(process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _begin(self) -> None:
        with self.log_file.open("ab") as file:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "bench.faults.serving"],
                cwd=ROOT,
                env=self.environment,
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
            )

    def _keep(self) -> None:
        while True:
            time.sleep(RESTART_SECONDS)
            with self._lock:
                if not self._wanted:
                    return
                if self._supervisor is not None and self._supervisor.poll() is not None:
                    self._note(f"unit: the supervisor ended with {self._supervisor.returncode}")
                    self._begin()

    def _note(self, line: str) -> None:
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
