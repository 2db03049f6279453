"""Mail refusals: what a server said, addresses without a mailbox, domains that take mail slowly.

Revision: 0090, after 0021.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0090"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and room for the words beside each mail."""
    moment = app.kernel.db.UtcDateTime()
    with op.batch_alter_table("mails") as mails:
        mails.add_column(sa.Column("refusal", sa.String(200), nullable=False, server_default=""))
    op.create_table(
        "refused_addresses",
        sa.Column("address", sa.String(254), primary_key=True),
        sa.Column("refused_at", moment, nullable=False),
        sa.Column("words", sa.String(200), nullable=False),
    )
    op.create_table(
        "mail_paces",
        sa.Column("domain", sa.String(253), primary_key=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("refused_at", moment, nullable=False),
        sa.Column("words", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("mail_paces")
    op.drop_table("refused_addresses")
    with op.batch_alter_table("mails") as mails:
        mails.drop_column("refusal")
