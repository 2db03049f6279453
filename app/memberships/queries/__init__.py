"""Reading memberships: above all, who somebody is when he enters a planet."""

from app.memberships.queries.entry import (
    actor_of,
    actors_of,
    enter_all,
    enter_planet,
    site_actor,
    visit_planet,
)
from app.memberships.queries.invitations import (
    InvitationPage,
    InvitationView,
    get_invitation,
    get_invitation_row,
    list_open_invitations,
    lock_invitation,
)
from app.memberships.queries.mine import MyPlanet, count_requests, list_mine, list_owned
from app.memberships.queries.own import OwnMembership, find_own, has_bought_time
from app.memberships.queries.people import (
    MemberFilter,
    MemberRow,
    Person,
    count_members,
    find_owner,
    find_person,
    get_member,
    list_heirs,
    list_members,
    list_requests,
)
from app.memberships.queries.telling import (
    MemberIds,
    find_member_ids,
    find_period_source,
    last_role_change,
    list_owner_ids,
    list_staff_ids,
    names_in,
    valid_invitation_ids,
)
from app.memberships.queries.trail import Place, TrailEntry, list_trail
from app.memberships.rows import get_row

__all__ = [
    "InvitationPage",
    "InvitationView",
    "MemberFilter",
    "MemberIds",
    "MemberRow",
    "MyPlanet",
    "OwnMembership",
    "Person",
    "Place",
    "TrailEntry",
    "actor_of",
    "actors_of",
    "count_members",
    "count_requests",
    "enter_all",
    "enter_planet",
    "find_member_ids",
    "find_own",
    "find_owner",
    "find_period_source",
    "find_person",
    "get_invitation",
    "get_invitation_row",
    "get_member",
    "get_row",
    "has_bought_time",
    "last_role_change",
    "list_heirs",
    "list_members",
    "list_mine",
    "list_open_invitations",
    "list_owned",
    "list_owner_ids",
    "list_requests",
    "list_staff_ids",
    "list_trail",
    "lock_invitation",
    "names_in",
    "site_actor",
    "valid_invitation_ids",
    "visit_planet",
]
