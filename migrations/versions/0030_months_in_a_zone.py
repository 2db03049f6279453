"""Months of membership are counted in the planet's zone.

What was granted before keeps its ends: its rows name no zone and are counted as they were.

Revision: 0030, after 0051.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the zones."""
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.add_column(sa.Column("zone", sa.String(64), nullable=False, server_default=""))
    with op.batch_alter_table("planets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("timezone", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them; the ends that stand stay until something is settled anew."""
    with op.batch_alter_table("planets", schema=None) as batch_op:
        batch_op.drop_column("timezone")
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.drop_column("zone")
