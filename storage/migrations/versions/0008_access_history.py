"""Names that targets had, when they were not observed, and indexes for questions about what has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CLOSED = "closed_at IS NOT NULL"
ENDED = "state IN ('ended', 'failed')"
NETWORKS = "method <> 'privatelink'"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "target_names",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), server_default="", nullable=False, comment="of a database"),
        sa.Column("shown_as", sa.Text(), server_default="", nullable=False, comment="label, if another"),
        sa.Column("since", time, comment="Postgres time; null: its first name here"),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.id"], name=op.f("fk_target_names_target_id_targets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_names")),
        comment="what targets were called, and since when",
    )
    op.create_index("ix_target_names_target_id", "target_names", ["target_id"], unique=False)
    op.create_table(
        "observation_gaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("since", time, comment="business time of the observation before; null: there was none"),
        sa.Column("until", time, nullable=False, comment="business time of the observation after it"),
        sa.ForeignKeyConstraint(
            ["target_id"], ["targets.id"], name=op.f("fk_observation_gaps_target_id_targets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation_gaps")),
        comment="when lists were not read for long: what was there then is not known",
    )
    op.create_index("ix_observation_gaps_target_id", "observation_gaps", ["target_id"], unique=False)
    # Former names are not known, nor what was observed before the last observation.
    op.execute(
        "INSERT INTO target_names (target_id, name, app, shown_as) "
        "SELECT id, name, app, shown_as FROM targets"
    )
    op.execute(
        "INSERT INTO observation_gaps (target_id, method, until) "
        "SELECT target_id, method, observed_at FROM reconcile_queue WHERE observed_at IS NOT NULL"
    )
    op.create_index(
        "ix_grants_closed",
        "grants",
        ["target_id", "closed_at"],
        unique=False,
        postgresql_where=sa.text(CLOSED),
    )
    op.create_index("ix_grants_ended", "grants", ["closed_at"], unique=False, postgresql_where=sa.text(ENDED))
    op.create_index("ix_requests_requester", "requests", ["requester", "id"], unique=False)
    op.create_index(
        "ix_requests_subject",
        "requests",
        ["subject", "id"],
        unique=False,
        postgresql_where=sa.text(NETWORKS),
    )


def downgrade() -> None:
    op.drop_index("ix_requests_subject", table_name="requests")
    op.drop_index("ix_requests_requester", table_name="requests")
    op.drop_index("ix_grants_ended", table_name="grants")
    op.drop_index("ix_grants_closed", table_name="grants")
    op.drop_table("observation_gaps")
    op.drop_table("target_names")
