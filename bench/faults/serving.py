"""Serves the application of this benchmark as `bin/serve` serves the real one."""

from __future__ import annotations

import os
import sys

from bin.serving.__main__ import children, common_numbers, number
from bin.serving.supervisor import Child, ServingError, Supervisor, listen

WEB, WORKER = "bench.faults.app:create_web", "bench.faults.app:create_app"


def main() -> int:
    """Serve web and worker until told to stop; returns the exit status."""
    try:
        sock = listen(os.environ["HOST"], number("PORT", 8000, 65535))
    except ServingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    worker = (sys.executable, "-m", "flask", "--app", WORKER, "worker")
    wanted = children(WEB, sock.fileno(), with_worker=False)
    with common_numbers():
        return Supervisor([*wanted, Child("worker", worker)]).run()


if __name__ == "__main__":
    sys.exit(main())
