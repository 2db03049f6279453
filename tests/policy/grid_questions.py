"""The grid of questions and answers.

In the scene the questions are put to the guest: `open`, `private` (answered), `declined` and
`withdrawn` by the member, `anonymous` (answered) by `other`, `isolated_q` by the isolated one.
"""

from __future__ import annotations

from tests.policy.grid_rows import INSIDE, NOBODY, PARTIES, READERS, WRITERS, WRITERS_ACT

GRID: dict[str, str] = {
    "GET {p}/ask": WRITERS,
    "POST {p}/ask": WRITERS_ACT,
    "POST {p}/ask/draft": WRITERS_ACT,
    "GET {p}/inbox": INSIDE,
    "GET {p}/inbox?of=all": INSIDE,
    "GET {p}/asked": READERS,
    # answering: the addressee alone
    "GET {p}/q/{t_open}/answer": "DDDA DHH HHHH HH H H",
    "POST {p}/q/{t_open}/answer": "DDDA DHH HHHH HH H H",
    "GET {p}/q/{t_private}/answer": "DDDD DHH HHHH HH H H",
    "GET {p}/q/{t_isolated_q}/answer": "HHHH HHH HHHH DH H H",
    "GET {p}/q/{t_new_post}/answer": NOBODY,
    # declining and handing on: he, or staff in his place
    "GET {p}/q/{t_open}/decline": "AAAA DHH HHHH HH H H",
    "POST {p}/q/{t_open}/decline": "AAAA DHH HHHH HH H H",
    "GET {p}/q/{t_open}/hand-on": "AAAA DHH HHHH HH H H",
    "POST {p}/q/{t_open}/hand-on": "AAAA DHH HHHH HH H H",
    "POST {p}/q/{t_private}/decline": "DDDD DHH HHHH HH H H",
    # The asker or staff may accept.
    "POST {p}/q/{t_private}/accept": "AAAD AHH HHHH HH H H",
    "POST {p}/q/{t_anonymous}/accept": "AAAD DAD HHHH DD H H",
    "POST {p}/a/{a_anonymous}/unaccept": "AAAD DAD HHHH DD H H",
    "POST {p}/a/{a_private}/unaccept": "AAAD AHH HHHH HH H H",
    # withdrawing: the asker alone
    "GET {p}/q/{t_open}/withdraw": "DDDD AHH HHHH HH H H",
    "POST {p}/q/{t_open}/withdraw": "DDDD AHH HHHH HH H H",
    "POST {p}/q/{t_anonymous}/withdraw": "DDDD DAD HHHH DD H H",
    # hiding an answered one: the addressee, or staff
    "GET {p}/q/{t_private}/hide": "AAAA DHH HHHH HH H H",
    "POST {p}/q/{t_private}/hide": "AAAA DHH HHHH HH H H",
    # revealing: the owner alone, and only where somebody hides
    "GET {p}/q/{t_anonymous}/reveal": "ADDD DDD HHHH DD H H",
    "POST {p}/q/{t_anonymous}/reveal": "ADDD DDD HHHH DD H H",
    "GET {p}/q/{t_private}/reveal": NOBODY,
    # the log: asker, addressee, staff
    "GET {p}/q/{t_private}/log": PARTIES,
    "GET {p}/q/{t_anonymous}/log": "AAAA DAD HHHH DD H H",
    # answers
    "GET {p}/a/{a_anonymous}/edit": "DDDA DDD HHHH DD H H",
    "POST {p}/a/{a_anonymous}/edit": "DDDA DDD HHHH DD H H",
    "GET {p}/a/{a_private}/edit": "DDDA DHH HHHH HH H H",
    "GET {p}/a/{a_anonymous}/history": "AAAA DAD HHHH DD H H",
    "GET {p}/a/{a_private}/history": PARTIES,
}

FORMS: dict[str, dict[str, str]] = {
    "POST {p}/q/{t_open}/decline": {"reason": "不合适"},
    "POST {p}/q/{t_anonymous}/reveal": {"reason": "必须知道"},
}
