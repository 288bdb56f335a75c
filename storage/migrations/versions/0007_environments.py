"""The environment that a request was judged by when it was asked: the policy may say another one later."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    judged = "that it was judged by when asked"
    # Of a request from before it is not known.
    op.add_column(
        "requests", sa.Column("environment", sa.Text(), nullable=False, server_default="", comment=judged)
    )


def downgrade() -> None:
    op.drop_column("requests", "environment")
