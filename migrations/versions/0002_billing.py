"""Billing; entitlements take the place of periods.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

import app.kernel.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# What was granted before is kept as entitlements, and an end that staff had set by hand cuts them.
ENTITLEMENTS_FROM_PERIODS = """
INSERT INTO entitlements (membership_id, source, source_ref, environment, plan_ref, starts_at, ends_at,
  months, days, cut_at, grace, reason, granted_by, created_at, since_at, until_at)
SELECT p.membership_id, p.source, p.source_ref, '', '', p.starts_at, p.ends_at, 0, 0,
  CASE WHEN m.role = 'member' AND m.expires_at IS NOT NULL
    AND (p.ends_at IS NULL OR p.ends_at > m.expires_at) THEN m.expires_at END,
  'planet', '', p.granted_by, p.created_at, p.starts_at,
  CASE WHEN m.role = 'member' AND m.expires_at IS NOT NULL
    AND (p.ends_at IS NULL OR p.ends_at > m.expires_at) THEN m.expires_at ELSE p.ends_at END
FROM membership_periods p JOIN memberships m ON m.id = p.membership_id
"""
# A membership without any period, or whose end lies beyond them, rests on one of its own.
REST_WITHOUT_PERIOD = """
INSERT INTO entitlements (membership_id, source, source_ref, environment, plan_ref, starts_at, ends_at,
  months, days, grace, reason, created_at, since_at, until_at)
SELECT m.id, 'before', 'before-' || m.id, '', '', m.joined_at, m.expires_at, 0, 0, 'planet', '',
  m.joined_at, m.joined_at, m.expires_at
FROM memberships m
WHERE m.joined_at IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM entitlements e WHERE e.membership_id = m.id
    AND (e.until_at IS NULL OR e.until_at = m.expires_at))
"""
PERIODS_FROM_ENTITLEMENTS = """
INSERT INTO membership_periods (membership_id, source, source_ref, starts_at, ends_at, granted_by,
  created_at)
SELECT membership_id, source, source_ref, since_at, until_at, granted_by, created_at
FROM entitlements WHERE revoked_at IS NULL AND (until_at IS NULL OR until_at > since_at)
"""
# What a notice can be about besides what it could before.
NOTICED = (("order_id", "orders"), ("reminder_id", "reminders"))
LEDGER = ("ledger_transactions", "ledger_entries")


def _guard_ledger() -> None:
    """Refuse to change or to delete what is booked."""
    if op.get_bind().dialect.name == "sqlite":
        for table in LEDGER:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is only added to'; END $$"
    )
    for table in LEDGER:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _unguard_ledger() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in LEDGER:
            for act in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
        return
    for table in LEDGER:
        op.execute(f"DROP TRIGGER {table}_no_change ON {table}")
    op.execute("DROP FUNCTION refuse_change()")


def upgrade() -> None:
    op.create_table(
        "demo_checkouts",
        sa.Column("ref", sa.String(length=40), nullable=False),
        sa.Column("order_ref", sa.String(length=16), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_demo_checkouts")),
        sa.UniqueConstraint("order_ref", name=op.f("uq_demo_checkouts_order_ref")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("environment", sa.String(length=4), nullable=False),
        sa.Column("chosen_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "provider_cursors",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("event_ref", sa.String(length=100), nullable=False),
        sa.Column("read_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_provider_cursors")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("environment", sa.String(length=4), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("provider_ref", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_customers_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_customers_provider_ref")),
        sa.UniqueConstraint(
            "user_id",
            "environment",
            "account",
            name=op.f("uq_customers_user_id_environment_account"),
        ),
    )
    op.create_table(
        "funnel_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("visitor", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_funnel_steps_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_funnel_steps_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funnel_steps")),
        sa.UniqueConstraint(
            "planet_id", "visitor", "step", name=op.f("uq_funnel_steps_planet_id_visitor_step")
        ),
    )
    with op.batch_alter_table("funnel_steps", schema=None) as batch_op:
        batch_op.create_index("ix_funnel_steps_at", ["at"], unique=False)
        batch_op.create_index("ix_funnel_steps_planet_id_at", ["planet_id", "at"], unique=False)
        batch_op.create_index(
            "ix_funnel_steps_user_id_planet_id", ["user_id", "planet_id"], unique=False
        )

    op.create_table(
        "planet_pauses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_planet_pauses_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planet_pauses")),
    )
    with op.batch_alter_table("planet_pauses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_planet_pauses_planet_id"), ["planet_id"], unique=False)

    op.create_table(
        "plans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seat_limit", sa.Integer(), nullable=True),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_plans_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("public_id", name=op.f("uq_plans_public_id")),
    )
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.create_index(
            "ix_plans_planet_id_position", ["planet_id", "position"], unique=False
        )

    op.create_table(
        "webhook_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_ref", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("object_ref", sa.String(length=100), nullable=False),
        sa.Column("planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_webhook_events_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_webhook_events_provider_ref")),
    )
    with op.batch_alter_table("webhook_events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_webhook_events_state_received_at", ["state", "received_at"], unique=False
        )

    op.create_table(
        "coupons",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("starts_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("uses_left", sa.Integer(), nullable=True),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ended_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_coupons_created_by_users")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_coupons_plan_id_plans")),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_coupons_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("planet_id", "code", name=op.f("uq_coupons_planet_id_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_coupons_public_id")),
    )
    op.create_table(
        "entitlements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_ref", sa.String(length=80), nullable=False),
        sa.Column("environment", sa.String(length=4), nullable=False),
        sa.Column("plan_ref", sa.String(length=16), nullable=False),
        sa.Column("starts_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("cut_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("cut_decided_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("grace", sa.String(length=6), nullable=False),
        sa.Column("reads_from", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column(
            "granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("since_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["users.id"], name=op.f("fk_entitlements_granted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_entitlements_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("source", "source_ref", name=op.f("uq_entitlements_source_source_ref")),
    )
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_entitlements_membership_id"), ["membership_id"], unique=False
        )
        batch_op.create_index(
            "ix_entitlements_plan_ref_until_at", ["plan_ref", "until_at"], unique=False
        )
        batch_op.create_index(
            "ix_entitlements_plan_ref_membership_id",
            ["plan_ref", "membership_id", "source"],
            unique=False,
        )
        batch_op.create_index(
            "ix_entitlements_source_membership_id", ["source", "membership_id"], unique=False
        )

    op.create_table(
        "plan_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("term", sa.String(length=8), nullable=False),
        sa.Column("term_count", sa.Integer(), nullable=False),
        sa.Column("until_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("compare_amount", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("trial_window_days", sa.Integer(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_plan_versions_created_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_plan_versions_plan_id_plans")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_versions")),
        sa.UniqueConstraint("plan_id", "version", name=op.f("uq_plan_versions_plan_id_version")),
    )
    op.create_table(
        "question_prices",
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("free_per_week", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_question_prices_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_question_prices")),
    )
    op.create_table(
        "reminders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("sent_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_reminders_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "membership_id", "ends_at", "days", name=op.f("uq_reminders_membership_id_ends_at_days")
        ),
    )
    op.create_table(
        "seat_wishes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wished_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("told_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_seat_wishes_plan_id_plans")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_seat_wishes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_wishes")),
        sa.UniqueConstraint("plan_id", "user_id", name=op.f("uq_seat_wishes_plan_id_user_id")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "plan_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("gateway", sa.String(length=8), nullable=False),
        sa.Column("environment", sa.String(length=4), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("list_amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("pricing", sa.String(length=6), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("coupon", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("provider_ref", sa.String(length=100), nullable=True),
        sa.Column("provider_url", sa.Text(), nullable=False),
        sa.Column("subscription_ref", sa.String(length=100), nullable=True),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("expires_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("applied_ticket", sa.Integer(), nullable=False),
        sa.Column("applied_print", sa.String(length=64), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("paid_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("refund_until", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.id"], name=op.f("fk_orders_coupon_id_coupons")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_orders_plan_id_plans")),
        sa.ForeignKeyConstraint(
            ["plan_version_id"],
            ["plan_versions.id"],
            name=op.f("fk_orders_plan_version_id_plan_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_orders_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_orders_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_orders_provider_ref")),
        sa.UniqueConstraint("public_id", name=op.f("uq_orders_public_id")),
        sa.UniqueConstraint("subscription_ref", name=op.f("uq_orders_subscription_ref")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_plan_id_state", ["plan_id", "state"], unique=False)
        batch_op.create_index(
            "ix_orders_planet_id_created_at", ["planet_id", "created_at"], unique=False
        )
        batch_op.create_index("ix_orders_state", ["state"], unique=False)
        batch_op.create_index("ix_orders_user_id_planet_id", ["user_id", "planet_id"], unique=False)

    op.create_table(
        "price_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "plan_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("after_seats", sa.Integer(), nullable=True),
        sa.Column("from_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_version_id"],
            ["plan_versions.id"],
            name=op.f("fk_price_steps_plan_version_id_plan_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_steps")),
    )
    with op.batch_alter_table("price_steps", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_price_steps_plan_version_id"), ["plan_version_id"], unique=False
        )

    op.create_table(
        "code_batches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("environment", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("prefix", sa.String(length=6), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("downloaded_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_code_batches_created_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_code_batches_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_code_batches_plan_id_plans")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_code_batches_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_batches")),
        sa.UniqueConstraint("order_id", name=op.f("uq_code_batches_order_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_code_batches_public_id")),
    )
    with op.batch_alter_table("code_batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_code_batches_planet_id"), ["planet_id"], unique=False)

    op.create_table(
        "coupon_uses",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("taken_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("given_back_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.id"], name=op.f("fk_coupon_uses_coupon_id_coupons")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_coupon_uses_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_coupon_uses")),
    )
    with op.batch_alter_table("coupon_uses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coupon_uses_coupon_id"), ["coupon_id"], unique=False)

    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("environment", sa.String(length=4), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_ref", sa.String(length=120), nullable=False),
        sa.Column("at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("booked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_ledger_transactions_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_ledger_transactions_planet_id_planets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint(
            "source", "source_ref", name=op.f("uq_ledger_transactions_source_source_ref")
        ),
    )
    with op.batch_alter_table("ledger_transactions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_transactions_order_id"), ["order_id"], unique=False
        )
        batch_op.create_index(
            "ix_ledger_transactions_planet_id_at", ["planet_id", "at"], unique=False
        )

    op.create_table(
        "order_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_changes_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_changes")),
    )
    with op.batch_alter_table("order_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_changes_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_changes_order_id"), ["order_id"], unique=False)

    op.create_table(
        "paid_questions",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "addressee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("asker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("due_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("settled_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["addressee_id"], ["users.id"], name=op.f("fk_paid_questions_addressee_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["users.id"], name=op.f("fk_paid_questions_asker_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_paid_questions_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_paid_questions_topic_id_topics")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_paid_questions")),
        sa.UniqueConstraint("topic_id", name=op.f("uq_paid_questions_topic_id")),
    )
    with op.batch_alter_table("paid_questions", schema=None) as batch_op:
        batch_op.create_index("ix_paid_questions_key", ["key"], unique=False)
        batch_op.create_index(
            "ix_paid_questions_settled_at_due_at", ["settled_at", "due_at"], unique=False
        )
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_ref", sa.String(length=100), nullable=False),
        sa.Column("invoice_ref", sa.String(length=100), nullable=False),
        sa.Column("receipt_url", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("refunded", sa.Integer(), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("dispute", sa.String(length=30), nullable=False),
        sa.Column("dispute_ref", sa.String(length=100), nullable=False),
        sa.Column("dispute_amount", sa.Integer(), nullable=False),
        sa.Column("dispute_fee", sa.Integer(), nullable=False),
        sa.Column("dispute_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("platform_percent", sa.Integer(), nullable=True),
        sa.Column("entitlement_ref", sa.String(length=110), nullable=False),
        sa.Column("paid_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payments_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_payments_provider_ref")),
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payments_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payments_paid_at"), ["paid_at"], unique=False)

    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_ref", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("cancel_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("ended_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("synced_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_subscriptions_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("order_id", name=op.f("uq_subscriptions_order_id")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_subscriptions_provider_ref")),
    )
    op.create_table(
        "codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tail", sa.String(length=4), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("revoked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["code_batches.id"], name=op.f("fk_codes_batch_id_code_batches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_codes_code_hash")),
    )
    with op.batch_alter_table("codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_codes_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transactions.id"],
            name=op.f("fk_ledger_entries_transaction_id_ledger_transactions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_entries_account", ["account"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_ledger_entries_transaction_id"), ["transaction_id"], unique=False
        )

    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("ends", sa.String(length=6), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("provider_ref", sa.String(length=100), nullable=True),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("asked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("settled_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_refunds_asked_by_users")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("provider_ref", name=op.f("uq_refunds_provider_ref")),
        sa.UniqueConstraint("public_id", name=op.f("uq_refunds_public_id")),
        sa.UniqueConstraint("token", name=op.f("uq_refunds_token")),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refunds_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refunds_payment_id"), ["payment_id"], unique=False)

    op.create_table(
        "code_uses",
        sa.Column("code_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["code_id"], ["codes.id"], name=op.f("fk_code_uses_code_id_codes")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_code_uses_user_id_users")),
        sa.PrimaryKeyConstraint("code_id", "user_id", name=op.f("pk_code_uses")),
    )
    op.create_table(
        "income_shares",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("ended_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_income_shares_created_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_income_shares_plan_id_plans")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_income_shares_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_income_shares_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_income_shares")),
        sa.UniqueConstraint("public_id", name=op.f("uq_income_shares_public_id")),
    )
    with op.batch_alter_table("income_shares", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_income_shares_planet_id"), ["planet_id"], unique=False)

    op.create_table(
        "comp_offers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "planet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("taken_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("taken_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revoked_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_comp_offers_created_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["planet_id"], ["planets.id"], name=op.f("fk_comp_offers_planet_id_planets")
        ),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["users.id"], name=op.f("fk_comp_offers_taken_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comp_offers")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comp_offers_public_id")),
    )
    with op.batch_alter_table("comp_offers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_comp_offers_planet_id_email", ["planet_id", "email"], unique=False
        )

    op.create_table(
        "transfers",
        sa.Column("ref", sa.String(length=40), nullable=False),
        sa.Column("order_ref", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("refunds", sa.JSON(), nullable=False),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_transfers_decided_by_users")
        ),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_transfers")),
        sa.UniqueConstraint("order_ref", name=op.f("uq_transfers_order_ref")),
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("grace", sa.String(length=6), nullable=False, server_default="planet")
        )
        batch_op.add_column(
            sa.Column("reads_from", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("approved_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )

    with op.batch_alter_table("planets", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("paid", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(
            sa.Column("paused_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("refund_hours", sa.Integer(), nullable=False, server_default="72")
        )
        batch_op.add_column(
            sa.Column("transfer_note", sa.Text(), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("renewal_days", sa.Integer(), nullable=False, server_default="30")
        )
        batch_op.add_column(
            sa.Column("renew_early_percent", sa.Integer(), nullable=False, server_default="80")
        )
        batch_op.add_column(
            sa.Column("renew_grace_percent", sa.Integer(), nullable=False, server_default="90")
        )
        batch_op.add_column(
            sa.Column("renew_late_percent", sa.Integer(), nullable=False, server_default="100")
        )
    with op.batch_alter_table("notifications", schema=None) as batch_op:
        for column, table in NOTICED:
            batch_op.add_column(
                sa.Column(
                    column, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
                )
            )
            batch_op.create_foreign_key(
                batch_op.f(f"fk_notifications_{column}_{table}"),
                table,
                [column],
                ["id"],
                ondelete="CASCADE",
            )
    op.execute(ENTITLEMENTS_FROM_PERIODS)
    op.execute(REST_WITHOUT_PERIOD)
    with op.batch_alter_table("membership_periods", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_periods_membership_id"))

    op.drop_table("membership_periods")
    _guard_ledger()


def downgrade() -> None:
    op.create_table(
        "membership_periods",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_ref", sa.String(length=80), nullable=False),
        sa.Column("starts_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", app.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", app.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["users.id"], name=op.f("fk_membership_periods_granted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_membership_periods_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_periods")),
        sa.UniqueConstraint(
            "source", "source_ref", name=op.f("uq_membership_periods_source_source_ref")
        ),
    )
    with op.batch_alter_table("membership_periods", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_membership_periods_membership_id"), ["membership_id"], unique=False
        )

    op.execute(PERIODS_FROM_ENTITLEMENTS)
    _unguard_ledger()
    with op.batch_alter_table("notifications", schema=None) as batch_op:
        for column, table in NOTICED:
            batch_op.drop_constraint(
                batch_op.f(f"fk_notifications_{column}_{table}"), type_="foreignkey"
            )
            batch_op.drop_column(column)

    with op.batch_alter_table("planets", schema=None) as batch_op:
        batch_op.drop_column("renew_late_percent")
        batch_op.drop_column("renew_grace_percent")
        batch_op.drop_column("renew_early_percent")
        batch_op.drop_column("renewal_days")
        batch_op.drop_column("transfer_note")
        batch_op.drop_column("refund_hours")
        batch_op.drop_column("paused_at")
        batch_op.drop_column("paid")

    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_column("approved_at")
        batch_op.drop_column("reads_from")
        batch_op.drop_column("grace")

    op.drop_table("transfers")
    with op.batch_alter_table("comp_offers", schema=None) as batch_op:
        batch_op.drop_index("ix_comp_offers_planet_id_email")

    op.drop_table("comp_offers")
    with op.batch_alter_table("income_shares", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_income_shares_planet_id"))

    op.drop_table("income_shares")
    op.drop_table("code_uses")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refunds_payment_id"))
        batch_op.drop_index(batch_op.f("ix_refunds_order_id"))

    op.drop_table("refunds")
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entries_transaction_id"))
        batch_op.drop_index("ix_ledger_entries_account")

    op.drop_table("ledger_entries")
    with op.batch_alter_table("codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_codes_batch_id"))

    op.drop_table("codes")
    op.drop_table("subscriptions")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payments_paid_at"))
        batch_op.drop_index(batch_op.f("ix_payments_order_id"))

    op.drop_table("payments")
    op.drop_table("paid_questions")
    with op.batch_alter_table("order_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_changes_order_id"))
        batch_op.drop_index(batch_op.f("ix_order_changes_at"))

    op.drop_table("order_changes")
    with op.batch_alter_table("ledger_transactions", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_transactions_planet_id_at")
        batch_op.drop_index(batch_op.f("ix_ledger_transactions_order_id"))

    op.drop_table("ledger_transactions")
    with op.batch_alter_table("coupon_uses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coupon_uses_coupon_id"))

    op.drop_table("coupon_uses")
    with op.batch_alter_table("code_batches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_code_batches_planet_id"))

    op.drop_table("code_batches")
    with op.batch_alter_table("price_steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_price_steps_plan_version_id"))

    op.drop_table("price_steps")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_user_id_planet_id")
        batch_op.drop_index("ix_orders_state")
        batch_op.drop_index("ix_orders_planet_id_created_at")
        batch_op.drop_index("ix_orders_plan_id_state")

    op.drop_table("orders")
    op.drop_table("seat_wishes")
    op.drop_table("reminders")
    op.drop_table("question_prices")
    op.drop_table("plan_versions")
    with op.batch_alter_table("entitlements", schema=None) as batch_op:
        batch_op.drop_index("ix_entitlements_source_membership_id")
        batch_op.drop_index("ix_entitlements_plan_ref_membership_id")
        batch_op.drop_index("ix_entitlements_plan_ref_until_at")
        batch_op.drop_index(batch_op.f("ix_entitlements_membership_id"))

    op.drop_table("entitlements")
    op.drop_table("coupons")
    with op.batch_alter_table("webhook_events", schema=None) as batch_op:
        batch_op.drop_index("ix_webhook_events_state_received_at")

    op.drop_table("webhook_events")
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.drop_index("ix_plans_planet_id_position")

    op.drop_table("plans")
    with op.batch_alter_table("planet_pauses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_planet_pauses_planet_id"))

    op.drop_table("planet_pauses")
    with op.batch_alter_table("funnel_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_funnel_steps_user_id_planet_id")
        batch_op.drop_index("ix_funnel_steps_planet_id_at")
        batch_op.drop_index("ix_funnel_steps_at")

    op.drop_table("funnel_steps")
    op.drop_table("customers")
    op.drop_table("provider_cursors")
    op.drop_table("installation")
    op.drop_table("demo_checkouts")
