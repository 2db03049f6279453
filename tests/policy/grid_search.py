"""The grid of search: what may be found is as what may be read; what is kept of it is one's own."""

from __future__ import annotations

from tests.policy.grid_rows import (
    ISOLATED,
    NEW_TOPIC,
    NOBODY,
    OLD_TOPIC,
    PARTIES,
    READERS,
    READERS_ACT,
    SAMPLE,
    SIGNED_IN,
    SIGNED_IN_ACT,
    STAFF,
    WRITERS_ACT,
)

GRID: dict[str, str] = {
    "GET /search": SIGNED_IN,
    "GET /search?q=x": SIGNED_IN,
    "GET /search/suggest": SIGNED_IN,
    "GET {p}/search": READERS,
    "GET {p}/search?q=x&f=is:answered": READERS,
    "GET {p}/search/suggest?q=x": READERS,
    # what is kept of searching
    "GET /search/saved": SIGNED_IN,
    "POST /search/save": SIGNED_IN_ACT,
    "POST {p}/search/save": READERS_ACT,
    "POST /search/saved/{saved}/tell": "HHHH AHH HHHH HH H D",
    # One's own or nobody's: the answer is the same, so it tells nothing of others' searches.
    "POST /search/saved/{saved}/drop": SIGNED_IN_ACT,
    "POST /search/past/forget": SIGNED_IN_ACT,
    "POST /search/past/forget-all": SIGNED_IN_ACT,
    "GET {p}/search/misses": STAFF,
    # beside other pages
    "GET {p}/t/{t_new_post}/related": NEW_TOPIC,
    "GET {p}/t/{t_old_post}/related": OLD_TOPIC,
    "GET {p}/t/{t_sample}/related": SAMPLE,
    "GET {p}/t/{t_private}/related": PARTIES,
    "GET {p}/t/{t_withdrawn}/related": PARTIES,
    "GET {p}/t/{t_by_isolated}/related": ISOLATED,
    "GET {p}/t/{t_deleted}/related": NOBODY,
    "POST {p}/ask/alike": WRITERS_ACT,
}

FORMS: dict[str, dict[str, str]] = {
    "POST /search/save": {"q": "退款"},
    "POST {p}/search/save": {"q": "退款"},
    "POST /search/past/forget": {"words": "退款"},
    "POST {p}/ask/alike": {"text": "怎样退款？"},
}
