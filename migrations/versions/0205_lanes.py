"""Lanes of deliveries: what somebody waits for stands in no line with bulk.

Revision: 0205, after 0210. What waits stands in one lane at first: the worker moves each to the one that its
handler has in this version.
"""

import sqlalchemy as sa
from alembic import op

revision = "0205"
down_revision = "0210"
branch_labels = None
depends_on = None

TABLE = "outbox_deliveries"
INDEX = "ix_outbox_deliveries_state_lane_next_try_at"


def upgrade() -> None:
    """Add the lane, and the index by which a lane finds what is due."""
    op.add_column(TABLE, sa.Column("lane", sa.String(12), nullable=False, server_default="inside"))
    op.create_index(INDEX, TABLE, ["state", "lane", "next_try_at"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index(INDEX, table_name=TABLE)
    op.drop_column(TABLE, "lane")
