"""Which entitlements are free trials: they take no paid seat and earn no price of renewing.

Revision: 0032, after 0040.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a subscription's trial is what it granted without a payment."""
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("trial", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.execute("UPDATE entitlements SET trial = true WHERE source = 'trial'")
    op.execute(
        "UPDATE entitlements SET trial = true WHERE source = 'invoice'"
        " AND NOT EXISTS (SELECT 1 FROM payments"
        " WHERE payments.entitlement_ref = 'invoice:' || entitlements.source_ref)"
        " AND EXISTS (SELECT 1 FROM memberships JOIN orders"
        " ON orders.planet_id = memberships.planet_id AND orders.user_id = memberships.user_id"
        " WHERE memberships.id = entitlements.membership_id AND orders.trial_days > 0)"
    )


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.drop_column("trial")
