"""Sums that are counted beforehand, and what has changed since they were.

Revision: 0160, after 0170. Filled by the worker, planet by planet.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0160"
down_revision = "0170"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_planet(name: str, *columns: sa.Column, key: tuple[str, ...]) -> None:
    op.create_table(
        name,
        sa.Column("planet_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f(f"fk_{name}_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("planet_id", "kind", *key, name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    """Create the four tables, empty, and an index."""
    _of_planet(
        "tallies",
        sa.Column("terms", sa.String(length=120), nullable=False),
        sa.Column("reached", sa.String(length=24), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        key=(),
    )
    _of_planet(
        "tally_parts",
        sa.Column("ref", sa.String(length=24), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("until", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        key=("ref",),
    )
    op.create_index("ix_tally_parts_until", "tally_parts", ["planet_id", "kind", "until"])
    _of_planet(
        "tally_sums",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        key=("key",),
    )
    op.create_table(
        "tally_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("planet_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("ref", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_tally_changes_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tally_changes")),
    )
    op.create_index("ix_tally_changes_planet_id_kind", "tally_changes", ["planet_id", "kind"])
    # By which bookings are counted batch by batch.
    op.create_index(
        "ix_ledger_transactions_planet_id_id", "ledger_transactions", ["planet_id", "id"]
    )


def downgrade() -> None:
    """Take them away; all of it can be counted again."""
    op.drop_index("ix_ledger_transactions_planet_id_id", "ledger_transactions")
    for table in ("tally_changes", "tally_sums", "tally_parts", "tallies"):
        op.drop_table(table)
