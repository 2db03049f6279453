"""The grid of comments, likes and bookmarks.

In the scene the member wrote `comment` an hour ago under the guest's new post; `comment_gone` is deleted and
has a reply; `comment_hidden` is the isolated one's; `follow_up` is the anonymous asker's.
"""

from __future__ import annotations

from tests.policy.grid_rows import ISOLATED, NEW_STAFF, NEW_TOPIC, NEW_WRITERS, NOBODY, PARTIES

STAFF_EYES = "AAAH HHH HHHH HH H H"

GRID: dict[str, str] = {
    "POST {p}/t/{t_new_post}/comments": NEW_WRITERS,
    "POST {p}/t/{t_old_post}/comments": "AAAA AAA DHHH AD H H",
    "POST {p}/t/{t_sample}/comments": "AAAA AAA DDHH AD D D",
    "POST {p}/t/{t_private}/comments": PARTIES,
    "POST {p}/t/{t_deleted}/comments": NOBODY,
    "POST {p}/t/{t_scheduled}/comments": "DDDD HHH HHHH HH H H",
    "GET {p}/c/{c_comment}": NEW_TOPIC,
    "GET {p}/c/{c_comment_gone}": NEW_TOPIC,
    "GET {p}/c/{c_comment_hidden}": ISOLATED,
    "GET {p}/c/{c_under_deleted}": NEW_TOPIC,
    "GET {p}/c/{c_under_private}": PARTIES,
    "GET {p}/c/{c_comment}/replies": NEW_TOPIC,
    "GET {p}/c/{c_comment_gone}/replies": NEW_TOPIC,
    "GET {p}/c/{c_comment_hidden}/replies": ISOLATED,
    "GET {p}/c/{c_under_private}/replies": PARTIES,
    "GET {p}/c/{c_comment}/reply": NEW_WRITERS,
    "GET {p}/c/{c_comment_gone}/reply": "HHHH HHH HHHH HD H H",
    "GET {p}/c/{c_comment_hidden}/reply": ISOLATED,
    # editing: whoever wrote it
    "GET {p}/c/{c_comment}/edit": "DDDD ADD HHHH DD H H",
    "POST {p}/c/{c_comment}/edit": "DDDD ADD HHHH DD H H",
    "GET {p}/c/{c_follow_up}/edit": "DDDD DAD HHHH DD H H",
    "GET {p}/c/{c_comment_gone}/edit": NOBODY,
    "GET {p}/c/{c_comment_hidden}/edit": ISOLATED,
    "GET {p}/c/{c_under_deleted}/edit": NOBODY,
    "GET {p}/c/{c_comment}/history": "AAAD ADD HHHH DD H H",
    "GET {p}/c/{c_follow_up}/history": "AAAD DAD HHHH DD H H",
    "GET {p}/c/{c_comment_gone}/history": NOBODY,
    # deleting: the writer and staff
    "GET {p}/c/{c_comment}/delete": "AAAD ADD HHHH DD H H",
    "POST {p}/c/{c_comment}/delete": "AAAD ADD HHHH DD H H",
    "POST {p}/c/{c_follow_up}/delete": "AAAD DAD HHHH DD H H",
    "POST {p}/c/{c_comment_gone}/delete": NOBODY,
    "POST {p}/c/{c_comment_hidden}/delete": ISOLATED,
    "POST {p}/c/{c_comment}/stick": NEW_STAFF,
    "POST {p}/c/{c_comment}/unstick": NEW_STAFF,
    "POST {p}/c/{c_comment_hidden}/stick": "HHHH HHH HHHH DH H H",
    # likes: whoever is inside and reads it, also the muted
    "POST {p}/t/{t_new_post}/like": NEW_TOPIC,
    "POST {p}/t/{t_old_post}/like": "AAAA AAA DHHH AA H H",
    "POST {p}/t/{t_sample}/like": "AAAA AAA DDHH AA D D",
    "POST {p}/t/{t_private}/like": PARTIES,
    "POST {p}/t/{t_deleted}/like": NOBODY,
    "POST {p}/c/{c_comment}/like": NEW_TOPIC,
    "POST {p}/c/{c_comment_gone}/like": NOBODY,
    "POST {p}/c/{c_comment_hidden}/like": ISOLATED,
    # who liked is the directory's to show
    "GET {p}/t/{t_new_post}/likers": STAFF_EYES,
    "GET {p}/t/{t_private}/likers": STAFF_EYES,
    "GET {p}/t/{t_by_isolated}/likers": NOBODY,
    "GET {p}/c/{c_comment}/likers": STAFF_EYES,
    # bookmarks: whoever may read it and has an account
    "POST {p}/t/{t_new_post}/bookmark": NEW_TOPIC,
    "POST {p}/t/{t_sample}/bookmark": "AAAA AAA AAHH AA A D",
    "POST {p}/t/{t_private}/bookmark": PARTIES,
    # A visitor is asked in first, whatever the address says.
    "GET {p}/t/{t_new_post}/note": "AAAA AAA HHHH AA H S",
    "GET {p}/t/{t_sample}/note": "AAAA AAA AAHH AA A S",
    "POST {p}/t/{t_sample}/note": "AAAA AAA AAHH AA A D",
    "POST {p}/t/{t_private}/note": PARTIES,
}

FORMS: dict[str, dict[str, str]] = {}
