"""Charges of subscriptions follow pauses; a coupon's uses by one person.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("charges_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )
    # A coupon that was made before keeps its word: nobody counted its uses by one person.
    with op.batch_alter_table("coupons", schema=None) as batch_op:
        batch_op.add_column(sa.Column("per_person", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("coupons", schema=None) as batch_op:
        batch_op.drop_column("per_person")
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_column("charges_at")
        batch_op.drop_column("held")
