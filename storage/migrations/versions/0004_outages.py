"""Outages: what keeps targets from being reconciled, who waits for a closing, and channels that are lost."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "outages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column(
            "scope",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="a target; empty: Heroku as a whole",
        ),
        sa.Column(
            "labels",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="targets that it has held up",
        ),
        sa.Column("status", sa.Text(), nullable=False, comment="HTTP status that the first of them met"),
        sa.Column("error", sa.Text(), nullable=False, comment="error id that the first of them met"),
        sa.Column("since", time, nullable=False, comment="business time"),
        sa.Column("ended_at", time, comment="business time"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
        comment="what operations were told of, until the all-clear",
    )
    op.create_index(
        "ix_outages_open",
        "outages",
        ["trouble", "scope"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column(
        "reconcile_queue",
        sa.Column("trouble", sa.Text(), comment="what keeps it from being reconciled; null: nothing"),
    )
    op.add_column("reconcile_queue", sa.Column("trouble_since", time, comment="business time"))
    op.add_column(
        "reconcile_queue",
        sa.Column("outage_id", sa.BigInteger(), comment="the one that it is part of"),
    )
    op.create_foreign_key(
        op.f("fk_reconcile_queue_outage_id"), "reconcile_queue", "outages", ["outage_id"], ["id"]
    )
    op.create_index(
        "ix_reconcile_queue_outage",
        "reconcile_queue",
        ["outage_id"],
        postgresql_where=sa.text("outage_id IS NOT NULL"),
    )
    op.add_column(
        "requests",
        sa.Column(
            "told_directly",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="approvers who have its card as a direct message",
        ),
    )
    op.create_table(
        "closings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person", sa.Text(), nullable=False, comment="who ended something and waits to hear of it"),
        sa.Column("begun_at", time, nullable=False, comment="business time"),
        sa.Column("late_at", time, comment="business time at which it takes too long; null: told"),
        sa.Column("closed_at", time, comment="business time"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closings")),
    )
    op.create_index("ix_closings_open", "closings", ["id"], postgresql_where=sa.text("closed_at IS NULL"))
    for table, comment in (
        ("grants", "what a person ended it with"),
        ("operations", "what a person began it with"),
    ):
        op.add_column(table, sa.Column("closing_id", sa.BigInteger(), comment=comment))
        op.create_foreign_key(op.f(f"fk_{table}_closing_id"), table, "closings", ["closing_id"], ["id"])
        op.create_index(
            f"ix_{table}_closing", table, ["closing_id"], postgresql_where=sa.text("closing_id IS NOT NULL")
        )
    op.create_table(
        "lost_channels",
        sa.Column("id", sa.Text(), nullable=False, comment="Slack id"),
        sa.Column("error", sa.Text(), nullable=False, comment="Slack's answer to the last attempt"),
        sa.Column("since", time, nullable=False, comment="business time"),
        sa.Column(
            "told", postgresql.ARRAY(sa.Text()), nullable=False, comment="who hears of it, and of its end"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_channels")),
        comment="channels that take no messages, until one arrives again",
    )


def downgrade() -> None:
    op.drop_table("lost_channels")
    for table in ("operations", "grants"):
        op.drop_index(f"ix_{table}_closing", table_name=table)
        op.drop_column(table, "closing_id")
    op.drop_table("closings")
    op.drop_column("requests", "told_directly")
    op.drop_index("ix_reconcile_queue_outage", table_name="reconcile_queue")
    for name in ("outage_id", "trouble_since", "trouble"):
        op.drop_column("reconcile_queue", name)
    op.drop_table("outages")
