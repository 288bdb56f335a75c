"""What is read of Heroku's add-ons, apps and spaces."""

from uuid import UUID

import pytest

from bot.domain.outside.text import DESCRIPTION, NAME
from bot.heroku.schemas.platform import Addon, AnyRule, AnySpace, HerokuApp, read_ruleset

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
        ((), ""),
        (("DATABASE_CONNECTION_POOL",), ""),
    ],
)
def test_a_database_is_named_by_its_primary_attachment_and_by_none_that_it_does_not_list(
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


HOSTILE = "bil\r\nl\u202eing\x1b[31m\u200b" + "x" * 200


def test_names_and_descriptions_of_others_are_one_visible_line_of_a_bounded_length() -> None:
    rule = AnyRule.model_validate(
        {
            "id": str(ID),
            "cidr": "2001:db8::\n1",
            "description": "a\u2066b\n" * 300,
            "status": "Auth\x00orized",
        }
    ).rule()
    space = AnySpace.model_validate(
        named(HOSTILE, SPACE) | {"state": "allocated", "region": named("virginia\n")}
    ).space()
    ruleset = read_ruleset({"id": str(ID), "rules": [], "created_by": "ops\u202e@example.com\n"})
    assert (rule.status, rule.network) == ("Authorized", "2001:db8:: 1")
    assert (rule.description[:6], len(rule.description)) == ("ab ab ", DESCRIPTION)
    assert (space.name[:8], len(space.name), space.region) == ("bil ling", NAME, "virginia")
    assert ruleset.by == "ops@example.com"


def test_what_is_written_back_stays_as_it_is() -> None:
    line = {"action": "allow", "source": "203.0.113.0/24 \u202e"}
    (rule,) = read_ruleset({"id": str(ID), "rules": [line]}).rules
    assert rule.source == line["source"]


@pytest.mark.parametrize("name", ["A B_URL", "A\n_URL", "A`id`_URL", "1_URL", "_URL\u202e"])
def test_a_config_var_that_no_shell_would_take_is_not_used(name: str) -> None:
    database = addon(name).database(APP)
    assert database is not None
    assert database.config_var == ""
