"""Settings: read once, and what is wrong is named in a sentence that gives nothing away."""

from pathlib import Path

import pytest

from bot.config import (
    Settings,
    WatchSettings,
    database_url,
    policy_text,
    read_settings,
    watch_settings,
)
from bot.domain.outside.redaction import REDACTED
from bot.domain.policy.rules import Policy
from bot.errors import MisconfiguredError
from bot.policy.loader import parse_policy

SECRET = "geheim"
MINIMAL = """
approvals_channel = "C0123ABCD"
unmatched = "default"
[[rules]]
name = "all"
approvers = ["U0123ABCD"]
"""
ENVIRON = {
    "DATABASE_URL": f"postgres://pgaccess:{SECRET}1@db.example.org/main",
    "SLACK_BOT_TOKEN": f"xoxb-{SECRET}2",
    "SLACK_SIGNING_SECRET": f"{SECRET}3",
    "HEROKU_API_KEY": f"{SECRET}4",
    "PGACCESS_POLICY_TOML": MINIMAL,
}


def settings(**changed: str) -> Settings:
    return read_settings(ENVIRON | changed)


def policy_of(**changed: str) -> Policy:
    found = policy_text(ENVIRON | changed)
    return parse_policy(found.text, source=found.source)


def wrong(**changed: str) -> str:
    """The sentence that changed settings are refused with; it gives no secret away, nor do its causes."""
    with pytest.raises(MisconfiguredError) as caught:
        settings(**changed)
    sentence = str(caught.value)
    assert SECRET not in f"{sentence} {caught.value.__cause__}"
    assert "\n" not in sentence
    return sentence


# --- settings --------------------------------------------------------------------------------------


def test_the_least_that_has_to_be_set_leaves_the_rest_as_documented() -> None:
    found = settings()
    assert (found.slack_url, found.heroku_url, found.heroku_data_url) == (
        "https://slack.com/api/",
        "https://api.heroku.com",
        "https://api.data.heroku.com",
    )
    assert (found.port, found.signing_secrets) == (3000, (f"{SECRET}3",))


@pytest.mark.parametrize(("said", "tests"), [("", False), ("0", False), (" 1 ", True)])
def test_new_certificates_are_tested_from_here_only_where_that_is_switched_on(said: str, tests: bool) -> None:
    assert settings(PGACCESS_PROBE=said).probes is tests
    assert not settings().probes


def test_a_switch_that_says_neither_yes_nor_no_is_refused() -> None:
    assert "PGACCESS_PROBE has to be 1" in wrong(PGACCESS_PROBE="yes")


@pytest.mark.parametrize(
    ("said", "name"), [("", None), (" ", None), (" production ", "production"), ("a_B-9", "a_B-9")]
)
def test_an_installation_has_a_name_of_its_own_only_where_it_is_set(said: str, name: str | None) -> None:
    assert settings(PGACCESS_INSTALLATION=said).installation == name


@pytest.mark.parametrize("said", ["two words", "a/b", "é", "x" * 41, "a.b"])
def test_a_name_that_could_not_be_read_back_from_a_description_is_refused(said: str) -> None:
    assert "such as production" in wrong(PGACCESS_INSTALLATION=said)


@pytest.mark.parametrize(("said", "connections"), [("", 6), (" 4 ", 4), ("６", 6), ("500", 500)])
def test_the_most_connections_of_a_process_are_six_unless_it_is_told(said: str, connections: int) -> None:
    assert settings(PGACCESS_DB_CONNECTIONS=said).db_connections == connections


@pytest.mark.parametrize("said", ["3", "501", "many", "-6", "²"])
def test_a_number_of_connections_that_cannot_be_is_refused(said: str) -> None:
    assert "from 4 to 500, such as 6" in wrong(PGACCESS_DB_CONNECTIONS=said)


def test_secrets_do_not_print() -> None:
    assert SECRET not in repr(settings())
    assert MINIMAL not in repr(policy_text(ENVIRON))


@pytest.mark.parametrize(
    "missing", ["DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "HEROKU_API_KEY"]
)
@pytest.mark.parametrize("blank", ["", "  "])
def test_what_is_missing_is_named(missing: str, blank: str) -> None:
    assert wrong(**{missing: blank}).startswith(f"{missing} is not set: it has to be ")


def test_migrating_needs_the_database_only() -> None:
    assert (
        database_url({"DATABASE_URL": " postgres://db.example.org/main "}) == "postgres://db.example.org/main"
    )
    with pytest.raises(MisconfiguredError, match=r"^DATABASE_URL is not set"):
        database_url({})


@pytest.mark.parametrize(
    ("given", "secrets"), [("one", ("one",)), ("new,old", ("new", "old")), (" new , old,", ("new", "old"))]
)
def test_one_signing_secret_or_two_while_rotating(given: str, secrets: tuple[str, ...]) -> None:
    assert settings(SLACK_SIGNING_SECRET=given).signing_secrets == secrets


@pytest.mark.parametrize("given", [",", f"{SECRET},{SECRET},{SECRET}"])
def test_no_signing_secret_or_three_are_refused(given: str) -> None:
    assert wrong(SLACK_SIGNING_SECRET=given).startswith("SLACK_SIGNING_SECRET has to be one secret, or two")


def test_an_app_token_asks_for_socket_mode_in_which_nothing_is_signed() -> None:
    found = settings(SLACK_APP_TOKEN=f"xapp-{SECRET}", SLACK_SIGNING_SECRET="")
    assert (found.app_token, found.signing_secrets) == (f"xapp-{SECRET}", ())
    assert settings().app_token is None
    assert SECRET not in repr(found)


@pytest.mark.parametrize("given", [SECRET, f"xoxb-{SECRET}", "XAPP-1"])
def test_an_app_token_of_another_kind_is_refused(given: str) -> None:
    assert wrong(SLACK_APP_TOKEN=given).startswith("SLACK_APP_TOKEN has to be an app-level token")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", None),
        ("https://pgaccess.example.com/", "https://pgaccess.example.com"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
    ],
)
def test_where_the_bot_is_reached_is_kept_without_a_slash_at_the_end(given: str, url: str | None) -> None:
    assert settings(PGACCESS_PUBLIC_URL=given).public_url == url


@pytest.mark.parametrize(
    "given",
    ["http://pgaccess.example.com", "pgaccess.example.com", f"https://{SECRET}:x", "https://a.example/?b"],
)
def test_where_the_bot_cannot_be_reached_is_refused(given: str) -> None:
    assert wrong(PGACCESS_PUBLIC_URL=given).startswith("PGACCESS_PUBLIC_URL ")


URLS = ["SLACK_API_URL", "HEROKU_API_URL", "HEROKU_DATA_API_URL"]


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001", "https://api.example.org"]
)
def test_plain_http_is_for_this_machine_only(name: str, url: str) -> None:
    found = settings(**{name: url})
    assert url in (found.slack_url.rstrip("/"), found.heroku_url, found.heroku_data_url)


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.org",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1@api.example.org",
        "HTTP://10.0.0.1",
    ],
)
def test_plain_http_to_anywhere_else_is_refused(name: str, url: str) -> None:
    assert wrong(**{name: url}).startswith(f"{name} has to be https")


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "url", [SECRET, "ftp://api.example.org", "https://", f"xoxb-{SECRET}", f"https://[{SECRET}", "//api"]
)
def test_what_is_no_web_address_is_refused_without_being_repeated(name: str, url: str) -> None:
    assert wrong(**{name: url}).startswith(f"{name} is not a web address such as https://")


def test_slacks_address_ends_with_one_slash() -> None:
    assert settings(SLACK_API_URL="http://127.0.0.1:8001/api").slack_url == "http://127.0.0.1:8001/api/"
    assert settings(SLACK_API_URL="http://127.0.0.1:8001/api//").slack_url == "http://127.0.0.1:8001/api/"


@pytest.mark.parametrize(("given", "port"), [("0", 0), (" 8080 ", 8080), ("65535", 65535), ("", 3000)])
def test_a_port_is_a_number(given: str, port: int) -> None:
    assert settings(PORT=given).port == port


@pytest.mark.parametrize("given", ["65536", "-1", "http", "80.5", "0x50", "9" * 5000, SECRET])
def test_what_is_no_port_is_refused(given: str) -> None:
    assert wrong(PORT=given) == "PORT has to be a number up to 65535"


@pytest.mark.parametrize(("given", "hops"), [("", 0), ("0", 0), (" 1 ", 1), ("2", 2), ("5", 5)])
def test_trusted_hops_are_a_small_number(given: str, hops: int) -> None:
    assert settings(PGACCESS_TRUSTED_HOPS=given).trusted_hops == hops


@pytest.mark.parametrize("given", ["-1", "6", "1.0", "one", "01", "9" * 5000, SECRET])
def test_what_is_no_number_of_hops_is_refused(given: str) -> None:
    said = wrong(PGACCESS_TRUSTED_HOPS=given)
    assert said.startswith("PGACCESS_TRUSTED_HOPS has to be a number from 0 to 5")


# --- where the policy is from ----------------------------------------------------------------------


def unreadable(file: Path) -> str:
    """The sentence that a policy file is refused with; the settings are read all the same."""
    changed = {"PGACCESS_POLICY_TOML": "", "PGACCESS_POLICY": str(file)}
    assert settings(**changed) == settings()
    with pytest.raises(MisconfiguredError) as caught:
        policy_text(ENVIRON | changed)
    return str(caught.value)


def test_the_text_in_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("nonsense")
    assert policy_of(PGACCESS_POLICY=str(file)).rules[0].approvers == {"U0123ABCD"}


def test_the_file_is_read_and_named_in_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('language = "fr"\n' + MINIMAL, encoding="utf-8")
    with pytest.raises(MisconfiguredError, match=r"rules\.toml: language: "):
        policy_of(PGACCESS_POLICY_TOML="", PGACCESS_POLICY=str(file))


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    sentence = unreadable(tmp_path / "none.toml")
    assert "none.toml cannot be read (No such file or directory)" in sentence
    assert "copy pgaccess.example.toml" in sentence


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes("# 承認".encode("shift_jis"))
    sentence = unreadable(file)
    assert sentence.endswith("rules.toml is not UTF-8 text")


# --- secrets in what others answer -------------------------------------------------------------------


HIDDEN = {
    "SLACK_BOT_TOKEN": "xoxb-geheim-2",
    "SLACK_APP_TOKEN": "xapp-geheim-5",
    "HEROKU_API_KEY": "HRKU-geheim-4",
    "SLACK_SIGNING_SECRET": "geheim-3a,geheim-3b",
    "DATABASE_URL": "postgres://pgaccess:geheim%40%2F1@db.example.org/main",
}


@pytest.mark.parametrize(
    "secret",
    [
        *("xoxb-geheim-2", "xapp-geheim-5", "HRKU-geheim-4", "geheim-3a", "geheim-3b"),
        *("geheim@/1", "geheim%40%2F1"),
    ],
)
def test_every_secret_of_the_settings_is_removed_from_what_others_answer(secret: str) -> None:
    redactor = settings(**HIDDEN).redactor()
    assert redactor.text(f"before {secret} after") == f"before {REDACTED} after"
    assert redactor.text("pgaccess at db.example.org") == "pgaccess at db.example.org"


# --- metrics ---------------------------------------------------------------------------------------


def test_without_a_metrics_token_there_is_none() -> None:
    assert settings().metrics_token is None
    assert settings(PGACCESS_METRICS_TOKEN=" ").metrics_token is None


def test_the_metrics_token_is_a_secret_like_the_others() -> None:
    token = "0123456789abcdef"
    found = settings(PGACCESS_METRICS_TOKEN=f" {token} ")
    assert found.metrics_token == token
    assert token not in repr(found)
    assert found.redactor().text(f"Bearer {token}") == f"Bearer {REDACTED}"


@pytest.mark.parametrize("token", [f"{SECRET}", f"{SECRET} {SECRET} {SECRET}", "é" * 20, f"{SECRET}\t" * 3])
def test_a_metrics_token_that_is_no_token_is_refused(token: str) -> None:
    assert "openssl rand -hex 32" in wrong(PGACCESS_METRICS_TOKEN=f"{token}x")


# --- the pager and the watch ------------------------------------------------------------------------

ROUTING = f"{SECRET}-0123456789"
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"


def test_without_a_pager_nothing_has_to_be_set() -> None:
    assert settings().page is None


@pytest.mark.parametrize(
    ("url", "is_pagerduty"),
    [
        (PAGERDUTY, True),
        ("https://events.eu.pagerduty.com/v2/enqueue", True),
        ("https://pages.example.org/v2/enqueue", True),
        (f"https://hooks.example.org/{SECRET}?key={SECRET}", False),
        ("http://127.0.0.1:8080/hooks/pager", False),
    ],
)
def test_a_pager_is_pagerduty_or_a_webhook(url: str, is_pagerduty: bool) -> None:
    page = settings(PGACCESS_PAGE_URL=url, PGACCESS_PAGE_KEY=ROUTING).page
    assert page is not None
    assert (page.url, page.is_pagerduty) == (url, is_pagerduty)
    assert SECRET not in repr(settings(PGACCESS_PAGE_URL=url, PGACCESS_PAGE_KEY=ROUTING))


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("", ROUTING, "PGACCESS_PAGE_KEY is set and PGACCESS_PAGE_URL is not"),
        (PAGERDUTY, "", "PGACCESS_PAGE_KEY has to have at least 16 characters"),
        (PAGERDUTY, f"{SECRET}", "at least 16 characters"),
        (PAGERDUTY, f"{SECRET}-schlüssel-0123", "at least 16 characters"),
        (f"http://hooks.example.org/{SECRET}", ROUTING, "PGACCESS_PAGE_URL has to be https"),
        (f"https://{SECRET}@hooks.example.org/", ROUTING, "without a user, a password and a #"),
        (f"https://hooks.example.org/#{SECRET}", ROUTING, "without a user, a password and a #"),
        (
            SECRET,
            ROUTING,
            "PGACCESS_PAGE_URL is not a web address such as https://events.pagerduty.com/v2/enqueue",
        ),
        ("https://events.pagerduty.com/", ROUTING, "https://events.pagerduty.com/v2/enqueue"),
        ("https://events.eu.pagerduty.com/v2/change", ROUTING, "https://events.eu.pagerduty.com/v2/enqueue"),
    ],
)
def test_a_pager_that_would_reach_nobody_is_refused(url: str, key: str, said: str) -> None:
    assert said in wrong(PGACCESS_PAGE_URL=url, PGACCESS_PAGE_KEY=key)


def test_secrets_of_the_pager_are_removed_from_text() -> None:
    found = settings(
        PGACCESS_PAGE_URL=f"https://hooks.example.org/{SECRET}-0123456789", PGACCESS_PAGE_KEY=ROUTING
    )
    assert found.redactor().text(f"at {ROUTING}") == f"at {REDACTED}"


def watching(**changed: str) -> WatchSettings:
    alone = {"HEROKU_API_KEY": f"{SECRET}4", "SLACK_BOT_TOKEN": f"xoxb-{SECRET}2"}
    return watch_settings({**alone, **changed}, database="WATCH_URL")


def test_the_watch_needs_heroku_and_one_way_to_tell_and_no_store() -> None:
    found = watching()
    assert (found.database_url, found.page, found.installation) == (None, None, "")
    assert SECRET not in repr(found)
    found = watching(SLACK_BOT_TOKEN="", PGACCESS_PAGE_URL=PAGERDUTY, PGACCESS_PAGE_KEY=ROUTING)
    assert (found.slack_token, found.page is None) == (None, False)


def test_the_watch_reads_the_store_as_a_role_of_its_own() -> None:
    found = watching(
        WATCH_URL="postgres://watch@db.example.org/main", DATABASE_URL="postgres://owner@db/main"
    )
    assert found.database_url == "postgres://watch@db.example.org/main"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN and PGACCESS_PAGE_URL are not set"),
        ({"HEROKU_API_KEY": ""}, "HEROKU_API_KEY is not set"),
        ({"PGACCESS_PAGE_KEY": ROUTING}, "PGACCESS_PAGE_KEY is set and PGACCESS_PAGE_URL is not"),
    ],
)
def test_a_watch_that_could_tell_nobody_does_not_start(changed: dict[str, str], said: str) -> None:
    with pytest.raises(MisconfiguredError, match=said):
        watching(**changed)
