"""What the provider sent to the bank of whoever keeps the installation.

Revision: 0051, after 0080.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0051"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_payouts",
        sa.Column("ref", sa.String(100), primary_key=True),
        sa.Column("gateway", sa.String(8), nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(4), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("at", app.kernel.db.UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("provider_payouts")
