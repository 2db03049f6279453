"""Why a reader found an index in the database broken, told to the worker.

Revision: 0212, after 0206.
"""

import sqlalchemy as sa
from alembic import op

revision = "0212"
down_revision = "0206"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    with op.batch_alter_table("search_generations") as table:
        table.add_column(sa.Column("suspect", sa.String(300), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("search_generations") as table:
        table.drop_column("suspect")
