"""Which plans support which access methods."""

from uuid import UUID

import pytest

from bot.domain.method import has_mtls
from bot.heroku.schemas.platform import Addon, is_private_postgres


def addon(plan: str) -> Addon:
    named = {"id": str(UUID(int=1)), "name": "billing"}
    return Addon.model_validate(
        {**named, "app": named, "plan": {**named, "name": plan}, "addon_service": named, "config_vars": []}
    )


@pytest.mark.parametrize(
    ("plan", "known", "has"),
    [
        ("heroku-postgresql:private-4", True, True),
        ("heroku-postgresql:shield-0", True, True),
        ("heroku-postgresql:private-l-x", True, True),
        ("heroku-postgresql:advanced-private-1", True, False),
        ("heroku-postgresql:performance-4", True, False),
        ("heroku-postgresql:standard-0", False, True),
        ("heroku-redis:private-3", False, True),
    ],
)
def test_postgres_advanced_is_known_and_has_no_way_in(plan: str, known: bool, has: bool) -> None:
    assert is_private_postgres(addon(plan)) is known
    assert has_mtls(plan) is has
