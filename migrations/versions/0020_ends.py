"""Who parts from a planet has no running subscription: what the provider is to be told, until confirmed.

Revision: 0020, after 0100.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0020"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("parted_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("end_wanted", sa.String(length=6), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("end_asked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("end_tries", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("end_error", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_column("end_error")
        batch_op.drop_column("end_tries")
        batch_op.drop_column("end_asked_at")
        batch_op.drop_column("end_wanted")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("parted_at")
