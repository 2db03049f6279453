"""When a provider was told to forget a customer; less of people in what webhooks and the demo brought.

Revision: 0220, after 0205.
"""

import json

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0220"
down_revision = "0205"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Bodies of webhooks, which nothing reads, held names and addresses and go; so do the
    addresses in the demo's checkouts."""
    with op.batch_alter_table("customers") as table:
        table.add_column(sa.Column("forget_asked_at", app.kernel.db.UtcDateTime(timezone=True)))
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE webhook_events SET body = '' WHERE body <> ''"))
    checkouts = sa.table("demo_checkouts", sa.column("ref", sa.String), sa.column("state", sa.JSON))
    for ref, state in connection.execute(sa.select(checkouts)).all():
        held = json.loads(state) if isinstance(state, str) else state
        if held.get("wish", {}).get("email"):
            held["wish"]["email"] = ""
            kept = sa.update(checkouts).where(checkouts.c.ref == ref).values(state=held)
            connection.execute(kept)


def downgrade() -> None:
    """Take the column away; what went stays gone."""
    with op.batch_alter_table("customers") as table:
        table.drop_column("forget_asked_at")
