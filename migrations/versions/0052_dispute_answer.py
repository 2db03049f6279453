"""Until when a dispute is to be answered.

Revision: 0052, after 0090.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0052"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "payments", sa.Column("dispute_answer_by", app.kernel.db.UtcDateTime(), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("payments", "dispute_answer_by")
