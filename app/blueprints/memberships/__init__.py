"""The door of memberships: joining, people, roles, invitations, one's own membership, the trail."""

from app.blueprints.memberships import (
    audit,
    audit_blanking,
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
    "audit_blanking",
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
