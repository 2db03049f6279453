"""What the first reader would wait for, done before the first request is taken: templates are compiled and
the pages that everybody may open are asked for once."""

from __future__ import annotations

from flask import Flask

from app.blueprints.entrance import current_site

PATHS = ("/", "/sign-in", "/discover")
# What readers open; pages of staff are compiled when one of them comes.
FOLDERS = (
    "components/",
    "discussion/",
    "errors/",
    "home/",
    "layout/",
    "planets/landing",
    "search/",
)


def daily(app: Flask) -> list[str]:
    """Return the templates of what readers open."""
    return [
        name
        for name in app.jinja_env.list_templates(extensions=("html",))
        if name.startswith(FOLDERS)
    ]


def warm(app: Flask) -> None:
    """Compile what readers open, and open the site's first pages. What is wrong with them (no database
    yet) is told when somebody asks, not here."""
    for name in daily(app):
        app.jinja_env.get_template(name)
    with app.app_context():
        address = current_site().base_url
    client = app.test_client(use_cookies=False)
    for path in PATHS:
        client.get(path, base_url=address)
