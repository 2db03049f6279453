"""The smallest Flask applications worth measuring: bare text, a template page, forms, uploads."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from flask import Flask, Response, render_template, request, send_file
from jinja2 import DictLoader

PAGE = """<!doctype html><html lang="en"><head><title>{{ title }}</title></head><body>
<nav>{% for item in menu %}<a href="/{{ item }}">{{ item }}</a>{% endfor %}</nav>
<main><h1>{{ title }}</h1>
{% for c in comments %}<article id="c{{ c.id }}"><header><b>{{ c.author }}</b>
<time>{{ c.at }}</time></header><p>{{ c.body }}</p>
<footer>{% if c.likes %}{{ c.likes }} likes{% endif %} <a href="#c{{ c.id }}">reply</a></footer>
</article>{% endfor %}</main></body></html>"""

COMMENTS = [
    {"id": n, "author": f"Member {n}", "at": "2026-01-01 10:00", "body": "说得好 " * 20, "likes": n}
    for n in range(20)
]
BIG = b"x" * (4 * 2**20)
FILE = Path(tempfile.gettempdir()) / "planetarium-bench-24mb.bin"


def create_app() -> Flask:
    """The application that `bench/server.py` serves."""
    app = Flask(__name__)
    app.jinja_loader = DictLoader({"page.html": PAGE})
    if not FILE.exists():
        FILE.write_bytes(BIG * 6)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 2**20
    app.config["BODY_ALLOWANCE"] = lambda environ: (
        64 * 2**20 if environ.get("HTTP_COOKIE") == "signed=in" else 2**20
    )

    @app.get("/")
    def bare() -> str:
        return "ok"

    @app.get("/page")
    def page() -> str:
        return render_template(
            "page.html", title="A topic", menu=["latest", "digest", "questions"], comments=COMMENTS
        )

    @app.post("/form")
    def form() -> str:
        return str(len(request.form.get("body", "")))

    @app.get("/big")
    def big() -> Response:
        return Response(BIG, mimetype="application/octet-stream")

    @app.get("/file")
    def file() -> Response:
        return send_file(FILE, mimetype="application/octet-stream")

    @app.get("/stream")
    def stream() -> Response:
        return Response((b"x" * 20_000 for _ in range(100)), mimetype="text/plain")

    @app.post("/upload")
    def upload() -> str:
        total = 0
        while chunk := request.stream.read(65536):
            total += len(chunk)
        return str(total)

    @app.get("/sleep/<float:seconds>")
    def sleep(seconds: float) -> str:
        time.sleep(min(seconds, 10))
        return "slept"

    @app.get("/whoami")
    def whoami() -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "address": request.remote_addr,
            "forwarded": request.headers.get("X-Forwarded-For"),
            "secret_in_environ": "BENCH_SECRET" in request.environ,
        }

    app.add_url_rule("/picture", view_func=picture, methods=["POST"])
    return app


def picture() -> str:
    """Take a file and two seconds."""
    time.sleep(2)
    return str(len(request.files["file"].read()))


app = create_app()
