"""Policy: who may do what. `can(actor, action, facts)` is the whole question, a Verdict the answer.

The rules import nothing of ours and ask no database: roles, settings, the moment and the facts are
handed in; `require` alone turns a verdict into the kernel's errors. Invariants: reading is HIDE or
ALLOW, never DENY (a hidden thing does not exist); doing is DENY with a reason that has a way out; a
role counts only while its holder's standing is active or grace.
"""

from app.policy.gate import require
from app.policy.model import (
    ALLOW,
    HIDE,
    Action,
    Actor,
    AnswerFacts,
    Audience,
    CommentFacts,
    ExpiredAccess,
    Grace,
    Joining,
    MemberFacts,
    OrderFacts,
    PlanetRole,
    PlanetSettings,
    Reason,
    Standing,
    TopicFacts,
    Verdict,
    deny,
)
from app.policy.rules import can
from app.policy.standing import MembershipFacts, derive_standing, grace_of

__all__ = [
    "ALLOW",
    "HIDE",
    "Action",
    "Actor",
    "AnswerFacts",
    "Audience",
    "CommentFacts",
    "ExpiredAccess",
    "Grace",
    "Joining",
    "MemberFacts",
    "MembershipFacts",
    "OrderFacts",
    "PlanetRole",
    "PlanetSettings",
    "Reason",
    "Standing",
    "TopicFacts",
    "Verdict",
    "can",
    "deny",
    "derive_standing",
    "grace_of",
    "require",
]
