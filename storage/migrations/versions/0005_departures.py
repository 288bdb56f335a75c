"""Departures of targets, first said by Heroku and proven; and why a request needs the method it asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    missing = "Postgres time of Heroku's first answer that it does not exist"
    op.add_column("targets", sa.Column("missing_at", time, comment=missing))
    gone = "Postgres time of the answer that proved it; null: it may be there"
    op.add_column("targets", sa.Column("gone_at", time, comment=gone))
    needed = "why no other method of access will do"
    # A request from before has told nothing of it.
    op.add_column(
        "requests", sa.Column("alternatives", sa.Text(), nullable=False, server_default="", comment=needed)
    )


def downgrade() -> None:
    op.drop_column("requests", "alternatives")
    op.drop_column("targets", "gone_at")
    op.drop_column("targets", "missing_at")
