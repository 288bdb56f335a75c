"""First schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = """
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.seal IS NULL
           AND (to_jsonb(OLD) - 'seal' - 'digest') = (to_jsonb(NEW) - 'seal' - 'digest') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'audit lines are neither changed nor deleted';
    END $$
"""


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="business time"),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "seal", sa.BigInteger(), nullable=True, comment="place in the chain, in the order of sealing"
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(seal IS NULL) = (digest IS NULL)", name=op.f("ck_audit_sealed_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("seal", name=op.f("uq_audit_seal")),
    )
    op.create_index("ix_audit_request", "audit", ["request_id"], unique=False)
    op.create_index(
        "ix_audit_unsealed", "audit", ["id"], unique=False, postgresql_where=sa.text("seal IS NULL")
    )
    op.create_table(
        "rate_budget",
        sa.Column("only", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "size",
            sa.Double(),
            server_default="4500",
            nullable=False,
            comment="Heroku's tokens of an account",
        ),
        sa.Column("refill", sa.Double(), server_default="1.25", nullable=False, comment="tokens a second"),
        sa.Column("tokens", sa.Double(), server_default="4500", nullable=False),
        sa.Column(
            "observations",
            sa.Double(),
            server_default="1500",
            nullable=False,
            comment="tokens left for observations",
        ),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_rate_budget")),
    )
    op.create_table(
        "periodic_tasks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_periodic_tasks")),
    )
    op.create_table(
        "slack_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("members", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_groups")),
    )
    op.create_table(
        "installation",
        sa.Column("only", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_installation")),
    )
    op.create_table(
        "slack_users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("locale", sa.Text(), server_default="", nullable=False),
        sa.Column("zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("deactivated", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("bot", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("guest", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("external", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "fetched_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time; null: a lookup was requested",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_users")),
    )
    op.create_index(
        "ix_slack_users_lookup",
        "slack_users",
        ["id"],
        unique=False,
        postgresql_where=sa.text("fetched_at IS NULL"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_space", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), server_default="", nullable=False, comment="of a database"),
        sa.Column("space", sa.Text(), server_default="", nullable=False, comment="of a database"),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("shield", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.Text(), server_default="", nullable=False, comment="of a database"),
        sa.Column("config_var", sa.Text(), server_default="", nullable=False, comment="of a database"),
        sa.Column("generation", sa.Text(), server_default="", nullable=False, comment="of a space"),
        sa.Column(
            "absent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="time of the discovery that did not find it",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targets")),
    )
    op.create_table(
        "privatelink_accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("arn", sa.Text(), nullable=False, comment="an AWS account allowed through PrivateLink"),
        sa.Column(
            "adopted",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="it stays without a grant",
        ),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Postgres time",
        ),
        sa.Column(
            "ambiguous_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time until which it may still land",
        ),
        sa.Column("observed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("removal_requested_at", sa.DateTime(timezone=True), nullable=True, comment="Postgres time"),
        sa.Column(
            "absent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time of the observation that proved it",
        ),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.id"], name=op.f("fk_privatelink_accounts_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privatelink_accounts")),
    )
    op.create_index(
        "ix_privatelink_accounts_present",
        "privatelink_accounts",
        ["target_id", "arn"],
        unique=True,
        postgresql_where=sa.text("absent_at IS NULL"),
    )
    op.create_table(
        "mtls_rule_intents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("network", postgresql.CIDR(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column(
            "resolved", sa.Boolean(), server_default="false", nullable=False, comment="its outcome is known"
        ),
        sa.Column(
            "ambiguous_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Postgres time until which it may still land",
        ),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_mtls_rule_intents_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mtls_rule_intents")),
    )
    op.create_index(
        "ix_mtls_rule_intents_open",
        "mtls_rule_intents",
        ["target_id"],
        unique=False,
        postgresql_where=sa.text("NOT resolved"),
    )
    op.create_table(
        "reconcile_queue",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reconciled_generation", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("observation", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_reconcile_queue_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconcile_queue")),
        sa.UniqueConstraint("target_id", "method", name=op.f("uq_reconcile_queue_target_id_method")),
    )
    op.create_index(
        "ix_reconcile_queue_due",
        "reconcile_queue",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "ruleset_writes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column(
            "base_id", sa.Uuid(), nullable=False, comment="Heroku's id of the ruleset that it was made from"
        ),
        sa.Column(
            "before",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the list that it was made from",
        ),
        sa.Column(
            "rules",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the list as it was sent",
        ),
        sa.Column("added", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("removed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "ruleset_id",
            sa.Uuid(),
            nullable=True,
            comment="Heroku's id of what came of it; null: the answer is not known",
        ),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_ruleset_writes_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruleset_writes")),
        comment="lists that pgaccess wrote, until it is known what others wrote around them",
    )
    op.create_index("ix_ruleset_writes_target_id", "ruleset_writes", ["target_id"], unique=False)
    op.create_table(
        "trusted_ranges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="a trusted range that pgaccess wrote"),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Postgres time",
        ),
        sa.Column("observed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "adopted",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="it stays without a grant",
        ),
        sa.Column("removal_requested_at", sa.DateTime(timezone=True), nullable=True, comment="Postgres time"),
        sa.Column(
            "absent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time of the observation that proved it",
        ),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_trusted_ranges_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_ranges")),
    )
    op.create_index(
        "ix_trusted_ranges_absent",
        "trusted_ranges",
        ["target_id", "absent_at"],
        unique=False,
        postgresql_where=sa.text("absent_at IS NOT NULL"),
    )
    op.create_index(
        "ix_trusted_ranges_present",
        "trusted_ranges",
        ["target_id", "source"],
        unique=True,
        postgresql_where=sa.text("absent_at IS NULL"),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True, comment="the grant that is to be extended"),
        sa.Column("rule", sa.Text(), nullable=False, comment="the policy's rule under which it was asked"),
        sa.Column("required_approvals", sa.Integer(), nullable=False, comment="approvals that decide it"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("enables_mtls", sa.Boolean(), server_default="false", nullable=False, comment="mTLS first"),
        sa.Column("duration", sa.Interval(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("duration IS NULL OR until IS NULL", name=op.f("ck_requests_one_end")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_requests_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(
        "ix_requests_lapse",
        "requests",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_requests_pending", "requests", ["id"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index(
        "ix_requests_remind",
        "requests",
        ["remind_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending' AND remind_at IS NOT NULL"),
    )
    op.create_table(
        "data_service_access",
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="unknown", nullable=False),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="business time of the support ticket's text",
        ),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "ambiguous_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time until which a write may still land",
        ),
        sa.Column(
            "written_at", sa.DateTime(timezone=True), nullable=True, comment="Postgres time of the last write"
        ),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_data_service_access_target_id")),
        sa.PrimaryKeyConstraint("target_id", name=op.f("pk_data_service_access")),
    )
    op.create_table(
        "certificates",
        sa.Column("id", sa.Uuid(), nullable=False, comment="Heroku's"),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True, comment="null: unmanaged"),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True, comment="as read, never computed"),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Postgres time",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Postgres time",
        ),
        sa.Column(
            "absent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time of the observation that proved it",
        ),
        sa.Column(
            "delivered_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="business time of the last download",
        ),
        sa.Column(
            "reminder_step", sa.Integer(), nullable=True, comment="days before the end, of the last reminder"
        ),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True, comment="business time"),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True, comment="business time"),
        sa.Column("snoozes", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "remind_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="business time of the next reminder",
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_certificates_request_id")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_certificates_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.create_index(
        "ix_certificates_present",
        "certificates",
        ["target_id"],
        unique=False,
        postgresql_where=sa.text("absent_at IS NULL"),
    )
    op.create_index(
        "ix_certificates_remind",
        "certificates",
        ["remind_at"],
        unique=False,
        postgresql_where=sa.text("absent_at IS NULL AND status = 'ready' AND remind_at IS NOT NULL"),
    )
    op.create_index("ix_certificates_request", "certificates", ["request_id"], unique=False)
    op.create_table(
        "operations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "deadline_at", sa.DateTime(timezone=True), nullable=False, comment="Postgres time of the deadline"
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "progress",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="what the next reconcile run has to know",
        ),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "check_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="business time; null: it waits for no person",
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_operations_request_id")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_operations_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
        sa.UniqueConstraint("request_id", name=op.f("uq_operations_request_id")),
    )
    op.create_index(
        "ix_operations_doing",
        "operations",
        ["target_id", "method"],
        unique=False,
        postgresql_where=sa.text("state = 'doing'"),
    )
    op.create_index(
        "ix_operations_check",
        "operations",
        ["check_at"],
        unique=False,
        postgresql_where=sa.text("state = 'doing' AND check_at IS NOT NULL"),
    )
    op.create_table(
        "mtls_rules",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("intent_id", sa.Uuid(), nullable=True, comment="null: adopted"),
        sa.Column("network", postgresql.CIDR(), nullable=False),
        sa.Column("observed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "adopted",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="it stays without a grant",
        ),
        sa.Column("removal_requested_at", sa.DateTime(timezone=True), nullable=True, comment="Postgres time"),
        sa.Column(
            "absent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time of the observation that proved it",
        ),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["mtls_rule_intents.id"], name=op.f("fk_mtls_rules_intent_id")
        ),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_mtls_rules_target_id")),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_mtls_rules")),
    )
    op.create_index(
        "ix_mtls_rules_absent",
        "mtls_rules",
        ["target_id", "absent_at"],
        unique=False,
        postgresql_where=sa.text("absent_at IS NOT NULL"),
    )
    op.create_index(
        "ix_mtls_rules_present",
        "mtls_rules",
        ["target_id"],
        unique=False,
        postgresql_where=sa.text("absent_at IS NULL"),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("duration", sa.Interval(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "deadline_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Postgres time of the opening deadline",
        ),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True, comment="null: it has no end"),
        sa.Column("extended", sa.Interval(), server_default="0", nullable=False),
        sa.Column(
            "warn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="null: not verified yet, or the warning is recorded",
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_grants_request_id")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_grants_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("request_id", name=op.f("uq_grants_request_id")),
    )
    op.create_index(
        "ix_grants_ending",
        "grants",
        ["target_id", "method"],
        unique=False,
        postgresql_where=sa.text("state = 'ending'"),
    )
    op.create_index(
        "ix_grants_ends",
        "grants",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'applying', 'in_force', 'interrupted')"),
    )
    op.create_index(
        "ix_grants_newest",
        "grants",
        ["request_id"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('ended', 'failed')"),
    )
    op.create_index(
        "ix_grants_open",
        "grants",
        ["target_id", "method"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('ended', 'failed')"),
    )
    op.create_index(
        "ix_grants_owner",
        "grants",
        ["owner", "request_id"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('ended', 'failed')"),
    )
    op.create_index(
        "ix_grants_warn",
        "grants",
        ["warn_at"],
        unique=False,
        postgresql_where=sa.text("state = 'in_force' AND warn_at IS NOT NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="makes a message unique"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column(
            "posting_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time of an attempt whose answer is not recorded",
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("sent_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_outbox_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("sent_version < version"),
    )
    op.create_index("ix_outbox_request", "outbox", ["request_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_decisions_request_id")),
        sa.PrimaryKeyConstraint("request_id", "person", name=op.f("pk_decisions")),
    )
    op.create_table(
        "download_links",
        sa.Column("id", sa.Uuid(), nullable=False, comment="not secret: it is part of addresses"),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the link's secret"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("guesses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column(
            "lease_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Postgres time until which a download is being served",
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_download_links_certificate_id")
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_download_links_request_id")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name=op.f("fk_download_links_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_links")),
    )
    op.create_index(
        "ix_download_links_open",
        "download_links",
        ["certificate_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )
    op.execute("INSERT INTO installation (marker) VALUES (substr(md5(gen_random_uuid()::text), 1, 8))")


def downgrade() -> None:
    op.drop_index(
        "ix_download_links_open", table_name="download_links", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_table("download_links")
    op.drop_table("decisions")
    op.drop_index("ix_outbox_request", table_name="outbox")
    op.drop_index("ix_outbox_due", table_name="outbox", postgresql_where=sa.text("sent_version < version"))
    op.drop_table("outbox")
    op.drop_index(
        "ix_grants_warn",
        table_name="grants",
        postgresql_where=sa.text("state = 'in_force' AND warn_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_grants_owner", table_name="grants", postgresql_where=sa.text("state NOT IN ('ended', 'failed')")
    )
    op.drop_index(
        "ix_grants_open", table_name="grants", postgresql_where=sa.text("state NOT IN ('ended', 'failed')")
    )
    op.drop_index(
        "ix_grants_newest", table_name="grants", postgresql_where=sa.text("state NOT IN ('ended', 'failed')")
    )
    op.drop_index(
        "ix_grants_ends",
        table_name="grants",
        postgresql_where=sa.text("state IN ('waiting', 'applying', 'in_force', 'interrupted')"),
    )
    op.drop_index("ix_grants_ending", table_name="grants", postgresql_where=sa.text("state = 'ending'"))
    op.drop_table("grants")
    op.drop_index(
        "ix_mtls_rules_absent", table_name="mtls_rules", postgresql_where=sa.text("absent_at IS NOT NULL")
    )
    op.drop_index(
        "ix_mtls_rules_present", table_name="mtls_rules", postgresql_where=sa.text("absent_at IS NULL")
    )
    op.drop_table("mtls_rules")
    op.drop_index(
        "ix_operations_check",
        table_name="operations",
        postgresql_where=sa.text("state = 'doing' AND check_at IS NOT NULL"),
    )
    op.drop_index("ix_operations_doing", table_name="operations", postgresql_where=sa.text("state = 'doing'"))
    op.drop_table("operations")
    op.drop_index("ix_certificates_request", table_name="certificates")
    op.drop_index(
        "ix_certificates_remind",
        table_name="certificates",
        postgresql_where=sa.text("absent_at IS NULL AND status = 'ready' AND remind_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_certificates_present", table_name="certificates", postgresql_where=sa.text("absent_at IS NULL")
    )
    op.drop_table("certificates")
    op.drop_table("data_service_access")
    op.drop_index(
        "ix_requests_remind",
        table_name="requests",
        postgresql_where=sa.text("state = 'pending' AND remind_at IS NOT NULL"),
    )
    op.drop_index("ix_requests_pending", table_name="requests", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index("ix_requests_lapse", table_name="requests", postgresql_where=sa.text("state = 'pending'"))
    op.drop_table("requests")
    op.drop_index(
        "ix_trusted_ranges_present",
        table_name="trusted_ranges",
        postgresql_where=sa.text("absent_at IS NULL"),
    )
    op.drop_index(
        "ix_trusted_ranges_absent",
        table_name="trusted_ranges",
        postgresql_where=sa.text("absent_at IS NOT NULL"),
    )
    op.drop_table("trusted_ranges")
    op.drop_index("ix_ruleset_writes_target_id", table_name="ruleset_writes")
    op.drop_table("ruleset_writes")
    op.drop_index(
        "ix_reconcile_queue_due", table_name="reconcile_queue", postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.drop_table("reconcile_queue")
    op.drop_index(
        "ix_mtls_rule_intents_open", table_name="mtls_rule_intents", postgresql_where=sa.text("NOT resolved")
    )
    op.drop_table("mtls_rule_intents")
    op.drop_index(
        "ix_privatelink_accounts_present",
        table_name="privatelink_accounts",
        postgresql_where=sa.text("absent_at IS NULL"),
    )
    op.drop_table("privatelink_accounts")
    op.drop_table("targets")
    op.drop_table("idempotency_keys")
    op.drop_index(
        "ix_slack_users_lookup", table_name="slack_users", postgresql_where=sa.text("fetched_at IS NULL")
    )
    op.drop_table("slack_users")
    op.drop_table("installation")
    op.drop_table("slack_groups")
    op.drop_table("periodic_tasks")
    op.drop_table("rate_budget")
    op.drop_index("ix_audit_unsealed", table_name="audit", postgresql_where=sa.text("seal IS NULL"))
    op.drop_index("ix_audit_request", table_name="audit")
    op.drop_table("audit")
    op.execute("DROP FUNCTION audit_is_append_only")
