"""What is read of Heroku's add-ons, apps and spaces."""

from uuid import UUID

import pytest

from bot.heroku.schemas.platform import Addon, HerokuApp

ID, SPACE = UUID(int=1), UUID(int=900)


def named(name: str, id: UUID = ID) -> dict[str, str]:
    return {"id": str(id), "name": name}


def addon(*config_vars: str) -> Addon:
    return Addon.model_validate(
        named("postgresql-a")
        | {
            "app": named("billing"),
            "plan": named("heroku-postgresql:private-4"),
            "addon_service": named("heroku-postgresql"),
            "config_vars": list(config_vars),
        }
    )


APP = HerokuApp.model_validate(
    named("billing") | {"space": named("acme", SPACE) | {"shield": True}, "region": named("virginia")}
)


@pytest.mark.parametrize(
    ("config_vars", "attachment"),
    [
        (("DATABASE_URL",), "DATABASE"),
        (("ANALYTICS_URL",), "ANALYTICS"),
        (("HEROKU_POSTGRESQL_PINK_URL", "DATABASE_URL"), "DATABASE"),
        (("DATABASE_URL", "HEROKU_POSTGRESQL_PINK_URL"), "DATABASE"),
        (("REPORTS_URL", "HEROKU_POSTGRESQL_PINK_URL"), "REPORTS"),
        (("DATABASE_CONNECTION_POOL", "REPORTS_URL"), "REPORTS"),
        ((), "DATABASE"),
    ],
)
def test_a_promoted_database_is_named_by_its_primary_attachment(
    config_vars: tuple[str, ...], attachment: str
) -> None:
    database = addon(*config_vars).database(APP)
    assert database is not None
    assert database.attachment == attachment


def test_a_database_is_in_the_space_of_its_app_by_herokus_uuid() -> None:
    database = addon().database(APP)
    assert database is not None
    assert (database.space, database.space_id, database.shield) == ("acme", SPACE, True)
    assert addon().database(None) is None
