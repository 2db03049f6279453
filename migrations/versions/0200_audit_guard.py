"""The audit trail is only added to: the database refuses to change or to delete its rows.

Its rows get public ids, by which a page names one of them.
One change is let through: a reason may become the mark of a blanked one (`kernel.audit.BLANKED`).

Revision: 0200, after 0220.
"""

import sqlalchemy as sa
from alembic import op

revision = "0200"
down_revision = "0220"
branch_labels = None
depends_on = None

BLANKED = "[blanked]"
SAID = "the audit trail is only added to"
KEPT = (
    "id",
    "public_id",
    "at",
    "actor_id",
    "planet_id",
    "action",
    "subject_type",
    "subject_id",
    "data",
)


def upgrade() -> None:
    """Name the rows that are there, and guard them and those to come."""
    op.add_column("audit_entries", sa.Column("public_id", sa.String(16), nullable=True))
    sqlite = op.get_bind().dialect.name == "sqlite"
    made = (
        "lower(hex(randomblob(8)))"
        if sqlite
        else "left(replace(gen_random_uuid()::text, '-', ''), 16)"
    )
    op.execute(f"UPDATE audit_entries SET public_id = {made}")
    op.create_index("ix_audit_entries_public_id", "audit_entries", ["public_id"], unique=True)
    if sqlite:
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in KEPT)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
    op.execute(
        "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries "
        f"WHEN NOT ({same} AND NEW.reason = '{BLANKED}') {refuse}"
    )
    op.execute(f"CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries {refuse}")


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' THEN "
        f"IF NEW.reason = '{BLANKED}' AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' "
        "THEN RETURN NEW; END IF; END IF; "
        f"RAISE EXCEPTION '{SAID}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )


def downgrade() -> None:
    """Take the guard and the ids away."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER audit_entries_no_{act}")
    else:
        op.execute("DROP TRIGGER audit_entries_no_change ON audit_entries")
        op.execute("DROP FUNCTION refuse_audit_change()")
    op.drop_index("ix_audit_entries_public_id", "audit_entries")
    op.drop_column("audit_entries", "public_id")
