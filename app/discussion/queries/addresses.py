"""Ids as they come back in capital or in small letters alone, from phones, chat apps and printed codes."""

from __future__ import annotations

from itertools import product

from sqlalchemy import select

from app.discussion.queries.facts import get_comment
from app.discussion.queries.topic_page import get_entry
from app.discussion.queries.visible import C, T
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.policy import Actor


def find_in_any_case(actor: Actor, typed: str, *, kind: str) -> str:
    """Return the id of the topic (`kind` "t") or comment ("c") that the actor may open and that is the
    typed one but for its case; "" when there is none or more than one.

    Only for ids that are all capital or all small: of ours one in a thousand is. At most 4,096 looks into
    the index of ids, on the way to a page that says "nothing here".
    """
    if kind not in ("t", "c") or not (typed.isupper() or typed.islower()):
        return ""
    writings = ("".join(letters) for letters in product(*({c.lower(), c.upper()} for c in typed)))
    ids = [one for one in writings if one != typed]
    column = T.public_id if kind == "t" else C.public_id
    rows = db.session.execute(select(column).where(column.in_(ids)).limit(2))
    found = [str(public_id) for (public_id,) in rows]
    return found[0] if len(found) == 1 and _may_open(actor, found[0], kind) else ""


def _may_open(actor: Actor, public_id: str, kind: str) -> bool:
    try:
        if kind == "t":
            get_entry(actor, public_id)
        else:
            get_comment(actor, public_id)
    except NotFound:
        return False
    return True
