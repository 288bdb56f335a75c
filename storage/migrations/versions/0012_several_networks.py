"""An index of the networks in requests for several at once."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SEVERAL = "method <> 'privatelink' AND subject LIKE '% %/%'"


def upgrade() -> None:
    op.create_index(
        "ix_requests_networks",
        "requests",
        [sa.text("string_to_array(subject, ' ')")],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text(SEVERAL),
    )


def downgrade() -> None:
    op.drop_index("ix_requests_networks", table_name="requests")
