"""The columns of the permission grid, and the rows that recur.

Each letter says how far a persona gets: `A` past the policy (the page, a redirect after the act, or a
form that is wrong), `D` refused with a reason (403), `H` hidden (404), `S` sent to sign in.
"""

from __future__ import annotations

COLUMNS = ("owner", "partner", "admin", "guest", "member", "other", "grace", "expired", "pending",
           "left", "removed", "isolated", "muted", "stranger", "visitor")  # fmt: skip

# Columns: owner partner admin guest | member other grace | expired pending left removed |
# isolated muted | stranger | visitor. In the scene `member` asks openly, `other` anonymously.
EVERYBODY = "AAAA AAA AAAA AA A A"
NOBODY = "HHHH HHH HHHH HH H H"
SIGNED_IN = "AAAA AAA AAAA AA A S"
SIGNED_IN_ACT = "AAAA AAA AAAA AA A D"
# Whoever reads the planet: also he who keeps what he has paid for.
READERS = "AAAA AAA ADDD AA D S"
READERS_ACT = "AAAA AAA ADDD AA D D"
INSIDE = "AAAA AAA DDDD AA D S"
STAFF = "AAAD DDD DDDD DD D S"
STAFF_ACT = "AAAD DDD DDDD DD D D"
LEADERS = "AADD DDD DDDD DD D S"
LEADERS_ACT = "AADD DDD DDDD DD D D"
OWNER = "ADDD DDD DDDD DD D S"
OWNER_ACT = "ADDD DDD DDDD DD D D"
WRITERS = "AAAA AAA DDDD AD D S"
WRITERS_ACT = "AAAA AAA DDDD AD D D"
POSTERS = "AAAA DDD DDDD DD D S"
POSTERS_ACT = "AAAA DDD DDDD DD D D"
# Reading one topic.
NEW_TOPIC = "AAAA AAA HHHH AA H H"
OLD_TOPIC = "AAAA AAA AHHH AA H H"
SAMPLE = "AAAA AAA AAHH AA A A"
PARTIES = "AAAA AHH HHHH HH H H"
ISOLATED = "HHHH HHH HHHH AH H H"
# Acts on a topic that the acting person may read.
NEW_STAFF = "AAAD DDD HHHH DD H H"
NEW_WRITERS = "AAAA AAA HHHH AD H H"
