"""The door of memberships: joining, people, roles, invitations, one's own membership, the trail."""

from app.blueprints.memberships import (
    audit,
    discipline,
    invitations,
    joining,
    mine,
    ownership,
    people,
    roles,
    rules,
)
from app.blueprints.memberships.door import bp

__all__ = [
    "audit",
    "bp",
    "discipline",
    "invitations",
    "joining",
    "mine",
    "ownership",
    "people",
    "roles",
    "rules",
]
