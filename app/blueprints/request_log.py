"""One log line and one measurement per request, under an id that the answer carries too.

The line names the route, never the path: paths hold the secrets of links. Cheap by design (tens of
microseconds): nothing is bound, and the viewer is looked at only when the request looked him up.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from flask.globals import request_ctx

from app.blueprints import metrics
from app.kernel.logs import get_logger

HEADER = "X-Request-Id"
SLOW_SECONDS = 1.0
# Asked every few seconds by machines: worth a line only when something is wrong.
QUIET = frozenset({"operations.healthz", "operations.readyz", "operations.show_metrics"})
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)


def install(app: Flask) -> None:
    """Measure and log every request. Call before anything else registers hooks: the first to
    register sees the request first and the answer last."""
    # Bound here: a lazy logger would be put together anew for each line.
    log = get_logger("http").bind()

    def begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.began
        asked, status = request_ctx.request, response.status_code
        endpoint = asked.endpoint or "none"
        # Nobody else sets it; `headers[...] =` would compare it with every header there is.
        response.headers.add(HEADER, g.request_id)
        metrics.observe(endpoint, asked.method, status, seconds)
        if endpoint in QUIET and status < 400:
            return response
        write = log.info if status < 500 and seconds < SLOW_SECONDS else log.warning
        write(
            "request",
            method=asked.method,
            route=asked.url_rule.rule if asked.url_rule else None,
            status=status,
            ms=round(seconds * 1000, 1),
            user=_viewer_id(),
        )
        return response

    app.before_request(begin)
    app.after_request(end)


def surroundings() -> dict[str, Any]:
    """Return what every log line of this request carries; nothing outside of one."""
    if not has_request_context():
        return {}
    return {"request_id": g.get("request_id")}


def _viewer_id() -> int | None:
    """Return the viewer's row id when this request looked him up; never look him up for the log."""
    viewer = getattr(g.get("_login_user"), "viewer", None)
    return viewer.user_id if viewer else None
