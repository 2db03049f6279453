"""The grid of planets, of coming and going, and of people."""

from __future__ import annotations

from tests.policy.grid_rows import (
    EVERYBODY,
    LEADERS,
    LEADERS_ACT,
    NOBODY,
    OWNER,
    OWNER_ACT,
    READERS,
    READERS_ACT,
    SIGNED_IN_ACT,
    STAFF,
    STAFF_ACT,
)

GRID: dict[str, str] = {
    # landing, joining, leaving
    "GET {p}": EVERYBODY,
    "GET {p}/about": EVERYBODY,
    "GET {p}/rules": EVERYBODY,
    # A planet without rules has no history of them either.
    "GET {p}/rules/history": NOBODY,
    "GET {p}/rules/accept": READERS,
    "POST {p}/rules/accept": READERS_ACT,
    # Who is inside already, or waits for a decision, is taken on to where he stands.
    "GET {p}/join": "AAAA AAA AAAD AA A S",
    "POST {p}/join": "AAAA AAA AAAD AA A D",
    # Who has no request has nothing to take back.
    "POST {p}/join/withdraw": "AAAA AAA AAAA AA H D",
    # Who is not in is taken to the landing page.
    "POST {p}/return": "AAAA AAA AAAD AA H D",
    "GET {p}/leave": EVERYBODY,
    "POST {p}/leave": "DAAA AAA AAAD AA H D",
    # one's own membership
    "GET {p}/me": READERS,
    "POST {p}/me/nickname": READERS_ACT,
    "POST {p}/me/questions": READERS_ACT,
    "POST {p}/pin": READERS_ACT,
    # people
    "GET {p}/members": STAFF,
    "GET {p}/members/{m_member}": STAFF,
    "GET {p}/members/requests": STAFF,
    "POST {p}/members/requests/{m_pending}": STAFF_ACT,
    "POST {p}/members/{m_member}/mute": STAFF_ACT,
    "POST {p}/members/{m_muted}/unmute": STAFF_ACT,
    "POST {p}/members/{m_member}/isolate": STAFF_ACT,
    "POST {p}/members/{m_isolated}/release": STAFF_ACT,
    "POST {p}/members/{m_member}/end": STAFF_ACT,
    "GET {p}/members/{m_member}/remove": STAFF,
    "POST {p}/members/{m_member}/remove": STAFF_ACT,
    "POST {p}/members/{m_admin}/remove": "AADD DDD DDDD DD D D",
    "POST {p}/members/{m_owner}/remove": "DDDD DDD DDDD DD D D",
    "POST {p}/members/{m_removed}/readmit": STAFF_ACT,
    "POST {p}/members/{m_member}/role": LEADERS_ACT,
    "GET {p}/audit": STAFF,
    "GET {p}/audit/{entry}/blank": OWNER,
    "POST {p}/audit/{entry}/blank": OWNER_ACT,
    # The guest wrote a public sample: whoever may read that may know him.
    "GET {p}/people/{u_guest}": "AAAA AAA AAHH AA A A",
    "GET {p}/people/{u_grace}": "AAAH HHA HHHH HH H H",
    # `other` asked anonymously alone: nobody learns that he is there.
    "GET {p}/people/{u_other}": "AAAH HAH HHHH HH H H",
    # `isolated` wrote, but for nobody's eyes.
    "GET {p}/people/{u_isolated}": "AAAH HHH HHHH AH H H",
    # `member` commented under the new post.
    "GET {p}/people/{u_member}": "AAAA AAA HHHH AA H H",
    "GET {p}/people/{u_stranger}": "HHHH HHH HHHH HH H H",
    # invitations
    "GET {p}/invitations": STAFF,
    "POST {p}/invitations": STAFF_ACT,
    "POST {p}/invitations/{invitation}/revoke": STAFF_ACT,
    "POST {p}/invitations/{invitation}/resend": STAFF_ACT,
    "POST {p}/invitations/{invitation}/link": STAFF_ACT,
    # An invitation to the team itself is its leaders' to change.
    "POST {p}/invitations/{team_invitation}/revoke": LEADERS_ACT,
    "POST {p}/invitations/{team_invitation}/resend": LEADERS_ACT,
    "POST {p}/invitations/{team_invitation}/link": LEADERS_ACT,
    # Whoever holds the link may look; whose address it does not name is told so.
    "GET /invitations/{secret}": EVERYBODY,
    "POST /invitations/{secret}": SIGNED_IN_ACT,
    # the planet itself
    "GET {p}/settings": LEADERS,
    "POST {p}/settings": LEADERS_ACT,
    "GET {p}/settings/privacy": LEADERS,
    "POST {p}/settings/privacy": LEADERS_ACT,
    "POST {p}/settings/address": LEADERS_ACT,
    "GET {p}/settings/pictures": LEADERS,
    "POST {p}/settings/pictures/avatar": LEADERS_ACT,
    "GET {p}/rules/edit": LEADERS,
    "POST {p}/rules/edit": LEADERS_ACT,
    "GET {p}/hand-over": OWNER,
    "POST {p}/hand-over": OWNER_ACT,
}

# What a request must carry to come as far as the policy.
FORMS: dict[str, dict[str, str]] = {"POST {p}/members/{m_member}/role": {"role": "guest"}}
