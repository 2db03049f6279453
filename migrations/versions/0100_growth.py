"""Indexes by which a page costs the same however much there is.

Revision: 0100, after 0070.
"""

from alembic import op
from sqlalchemy import text

revision = "0100"
down_revision = "0070"
branch_labels = None
depends_on = None

LISTED = {
    "ix_planets_listed": ["created_at", "id"],
    "ix_planets_listed_category": ["category", "created_at", "id"],
}


def upgrade() -> None:
    """What one person said in one planet; the few samples, open questions and listed planets."""
    op.drop_index("ix_comments_author", "comments")
    op.create_index("ix_comments_author", "comments", ["author_id", "planet_id", "created_at"])
    some = text("public_sample_at IS NOT NULL")
    op.drop_index("ix_topics_sample", "topics")
    op.create_index(
        "ix_topics_sample",
        "topics",
        ["planet_id", "public_sample_at"],
        sqlite_where=some,
        postgresql_where=some,
    )
    op.create_index("ix_memberships_planet_id_id", "memberships", ["planet_id", "id"])
    op.create_index("ix_questions_answered", "questions", ["planet_id", "answered_at", "topic_id"])
    waiting = text("answered_at IS NULL AND declined_at IS NULL AND withdrawn_at IS NULL")
    op.create_index(
        "ix_questions_waiting",
        "questions",
        ["planet_id", "asked_at", "topic_id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    for name, columns in LISTED.items():
        op.create_index(
            name,
            "planets",
            columns,
            sqlite_where=text("listed IS 1"),
            postgresql_where=text("listed IS true"),
        )


def downgrade() -> None:
    """The indexes as they were."""
    for name in LISTED:
        op.drop_index(name, "planets")
    op.drop_index("ix_questions_waiting", "questions")
    op.drop_index("ix_questions_answered", "questions")
    op.drop_index("ix_memberships_planet_id_id", "memberships")
    op.drop_index("ix_topics_sample", "topics")
    op.create_index("ix_topics_sample", "topics", ["planet_id", "public_sample_at"])
    op.drop_index("ix_comments_author", "comments")
    op.create_index("ix_comments_author", "comments", ["author_id", "created_at"])
