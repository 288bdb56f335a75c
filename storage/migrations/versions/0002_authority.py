"""Authority: targets by identity, votes that count, requests that are withdrawn, the last readable policy."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    # Whatever was read before is as old as its reading.
    op.add_column(
        "slack_users",
        sa.Column("known_at", time, comment="Postgres time of the last reading; null: never read"),
    )
    op.execute("UPDATE slack_users SET known_at = fetched_at")
    doubted = "Postgres time; only what is read after it settles the doubt"
    columns: list[sa.Column[Any]] = [
        sa.Column("doubted_at", time, comment=doubted),
        sa.Column("lookup_at", time, comment="Postgres time at which its lookup is due"),
        sa.Column(
            "waited_for", sa.Boolean(), nullable=False, server_default="false", comment="goes before others"
        ),
    ]
    for column in columns:
        op.add_column("slack_users", column)
    op.execute("UPDATE slack_users SET doubted_at = now(), lookup_at = now() WHERE fetched_at IS NULL")
    op.drop_index("ix_slack_users_lookup", table_name="slack_users")
    op.create_index(
        "ix_slack_users_lookup",
        "slack_users",
        ["lookup_at"],
        postgresql_where=sa.text("fetched_at IS NULL"),
    )
    op.alter_column("slack_groups", "fetched_at", nullable=True, comment="null: an event put it in doubt")
    columns = [
        sa.Column("known_at", time, comment="Postgres time of the last reading; null: never read"),
        sa.Column("doubted_at", time, comment=doubted),
        sa.Column(
            "due_at", time, nullable=False, server_default=sa.text("now()"), comment="of the next reading"
        ),
        sa.Column(
            "error",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="Slack's answer to the last reading",
        ),
        sa.Column(
            "told", sa.Text(), nullable=False, server_default="", comment="the error that operations know of"
        ),
    ]
    for column in columns:
        op.add_column("slack_groups", column)
    op.execute("UPDATE slack_groups SET known_at = fetched_at")
    columns = [
        sa.Column("space_id", sa.Uuid(), comment="of a database"),
        sa.Column(
            "shown_as", sa.Text(), nullable=False, server_default="", comment="label where an app has several"
        ),
        sa.Column(
            "entries",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default="{}",
            comment="policy entries bound to it, since",
        ),
        sa.Column(
            "contested",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="entries it may replace",
        ),
        sa.Column(
            "dismissed",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="entries that mean another",
        ),
        sa.Column(
            "listed_as",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="name at the last discovery, if another",
        ),
        sa.Column("known_name", sa.Text(), nullable=False, server_default="", comment="as first seen"),
        sa.Column("known_app", sa.Text(), nullable=False, server_default="", comment="as first seen"),
        sa.Column("known_space", sa.Text(), nullable=False, server_default="", comment="as first seen"),
    ]
    for column in columns:
        op.add_column("targets", column)
    # The names of today are the first that this schema has seen.
    op.execute("UPDATE targets SET known_name = name, known_app = app, known_space = space")
    columns = [
        sa.Column(
            "withdrawn",
            postgresql.JSONB(astext_type=sa.Text()),
            comment="why it was withdrawn: key and values of a sentence",
        ),
        sa.Column(
            "by_admins", sa.Boolean(), nullable=False, server_default="false", comment="admins decide as well"
        ),
        sa.Column("undecidable_at", time, comment="business time since which nobody can decide it"),
    ]
    for column in columns:
        op.add_column("requests", column)
    op.add_column(
        "decisions",
        sa.Column(
            "counts", sa.Boolean(), nullable=False, server_default="true", comment="the voter may approve now"
        ),
    )
    op.add_column(
        "grants",
        sa.Column("kept_at", time, comment="business time at which an approver kept it in a review"),
    )
    op.add_column("grants", sa.Column("kept_by", sa.Text(), comment="the approver who kept it"))
    op.add_column(
        "grants", sa.Column("kept_under", sa.Text(), comment="what the policy said against it then")
    )
    op.add_column(
        "certificates",
        sa.Column("owner_left_at", time, comment="business time at which its owner was found to be gone"),
    )
    op.add_column(
        "periodic_tasks",
        sa.Column(
            "progress",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default="{}",
            comment="of a task in several steps",
        ),
    )
    op.create_table(
        "policy_state",
        sa.Column("only", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="SHA-256 of the last policy that could be read"
        ),
        sa.Column("approvals_channel", sa.Text(), nullable=False),
        sa.Column("operations_channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("warn_before", sa.Interval(), nullable=False),
        sa.Column("when_owner_leaves", sa.Text(), nullable=False),
        sa.Column("read_at", time, server_default=sa.text("now()"), nullable=False, comment="Postgres time"),
        sa.Column("unreadable_since", time, comment="business time; null: the last start could read it"),
        sa.CheckConstraint('"only"', name=op.f("ck_policy_state_one_row")),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_policy_state")),
        comment="what a worker goes on with while the policy cannot be read",
    )


def downgrade() -> None:
    op.drop_table("policy_state")
    op.drop_column("periodic_tasks", "progress")
    op.drop_column("certificates", "owner_left_at")
    for name in ("kept_under", "kept_by", "kept_at"):
        op.drop_column("grants", name)
    op.drop_column("decisions", "counts")
    for name in ("undecidable_at", "by_admins", "withdrawn"):
        op.drop_column("requests", name)
    for name in (
        "known_space",
        "known_app",
        "known_name",
        "listed_as",
        "dismissed",
        "contested",
        "entries",
        "shown_as",
        "space_id",
    ):
        op.drop_column("targets", name)
    for name in ("told", "error", "due_at", "doubted_at", "known_at"):
        op.drop_column("slack_groups", name)
    op.execute("DELETE FROM slack_groups WHERE fetched_at IS NULL")
    op.alter_column("slack_groups", "fetched_at", nullable=False, comment=None)
    op.drop_index("ix_slack_users_lookup", table_name="slack_users")
    op.create_index(
        "ix_slack_users_lookup", "slack_users", ["id"], postgresql_where=sa.text("fetched_at IS NULL")
    )
    for name in ("waited_for", "lookup_at", "doubted_at", "known_at"):
        op.drop_column("slack_users", name)
