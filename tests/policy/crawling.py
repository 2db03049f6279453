"""Reading everything that can be reached: each address, and whatever its page links to."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

LINK = re.compile(r"""(?:href|src|action|data-[a-z-]*url)=["']([^"'#]+)""")
ASIDE = ("/static", "/assets", "/sign-out")
LIMIT = 700
IN_PART = {"X-Fragment": "1"}


def bytes_of(answer: TestResponse) -> str:
    """Return all that an answer says: headers and body."""
    return f"{answer.headers}\n{answer.get_data().decode('utf-8', 'replace')}"


def crawl(client: FlaskClient, start: list[str]) -> dict[str, str]:
    """Get all addresses and everything they link to; returns address -> headers and body."""
    waiting, seen = list(start), set(start)
    bodies: dict[str, str] = {}
    while waiting and len(bodies) < len(start) + LIMIT:
        address = waiting.pop(0)
        answer = client.get(address)
        body = answer.get_data(as_text=True) if "html" in answer.content_type else ""
        bodies[address] = bytes_of(answer)
        if "/replies" in address:
            bodies[f"{address} in part"] = bytes_of(client.get(address, headers=IN_PART))
        links = [*LINK.findall(body), answer.headers.get("Location", "")]
        for link in links:
            path = link.replace("&amp;", "&").removeprefix("http://localhost")
            ours = path.startswith("/") and not path.startswith(ASIDE)
            if ours and path not in seen:
                seen.add(path)
                waiting.append(path)
    return bodies
