"""Settings and policy: read once, and what is wrong is named in a sentence that gives nothing away."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import Settings, database_url, read_settings
from bot.domain.policy import Policy
from bot.errors import MisconfiguredError
from bot.policy_file import parse_policy

ROOT = Path(__file__).parents[2]
SECRET = "geheim"
MINIMAL = 'approvals_channel = "C0123ABCD"\napprovers = ["U0123ABCD"]\n'
ENVIRON = {
    "DATABASE_URL": f"postgres://pgaccess:{SECRET}1@db.example.org/main",
    "SLACK_BOT_TOKEN": f"xoxb-{SECRET}2",
    "SLACK_SIGNING_SECRET": f"{SECRET}3",
    "HEROKU_API_KEY": f"{SECRET}4",
    "PGACCESS_POLICY_TOML": MINIMAL,
}


def settings(**changed: str) -> Settings:
    return read_settings(ENVIRON | changed)


def policy_of(found: Settings) -> Policy:
    return parse_policy(found.policy_text, source=found.policy_source)


def wrong(**changed: str) -> str:
    """The sentence that changed settings are refused with; it gives no secret away, nor do its causes."""
    with pytest.raises(MisconfiguredError) as caught:
        settings(**changed)
    sentence = str(caught.value)
    assert SECRET not in f"{sentence} {caught.value.__cause__}"
    assert "\n" not in sentence
    return sentence


def wrong_policy(text: str) -> str:
    """The sentence that a policy is refused with."""
    with pytest.raises(MisconfiguredError) as caught:
        parse_policy(text, source="pgaccess.toml")
    sentence = str(caught.value)
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


def test_secrets_do_not_print() -> None:
    assert SECRET not in repr(settings())
    assert MINIMAL not in repr(settings())


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


def test_socket_mode_is_refused_rather_than_ignored() -> None:
    assert wrong(SLACK_APP_TOKEN=f"xapp-{SECRET}").startswith("SLACK_APP_TOKEN asks for Socket Mode")


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


# --- where the policy is from ----------------------------------------------------------------------


def test_the_text_in_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text("nonsense")
    assert policy_of(settings(PGACCESS_POLICY=str(file))).approvers == {"U0123ABCD"}


def test_the_file_is_read_and_named_in_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text(MINIMAL + 'language = "fr"', encoding="utf-8")
    found = settings(PGACCESS_POLICY_TOML="", PGACCESS_POLICY=str(file))
    with pytest.raises(MisconfiguredError, match=r"house\.toml: language: "):
        policy_of(found)


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    sentence = wrong(PGACCESS_POLICY_TOML="", PGACCESS_POLICY=str(tmp_path / "none.toml"))
    assert "none.toml cannot be read (No such file or directory)" in sentence
    assert "copy pgaccess.example.toml" in sentence


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_bytes("# 承認".encode("shift_jis"))
    sentence = wrong(PGACCESS_POLICY_TOML="", PGACCESS_POLICY=str(file))
    assert sentence.endswith("house.toml is not UTF-8 text")


# --- the policy ------------------------------------------------------------------------------------


def test_the_example_is_a_policy_and_says_the_defaults() -> None:
    example = parse_policy((ROOT / "pgaccess.example.toml").read_text(encoding="utf-8"), source="example")
    assert example == Policy(
        approvals_channel="C0123ABCD",
        operations_channel="C0456EFGH",
        language="en",
        approvers=frozenset({"U0123ABCD", "U0456EFGH"}),
        default_duration=timedelta(hours=8),
        longest_duration=timedelta(days=5),
        warn_before=timedelta(minutes=30),
        minimum_reason=0,
    )
    least = parse_policy(MINIMAL, source="least")
    assert (least.language, least.minimum_reason) == (example.language, example.minimum_reason)
    assert (least.default_duration, least.longest_duration, least.warn_before) == (
        example.default_duration,
        example.longest_duration,
        example.warn_before,
    )


def test_operations_hears_in_the_approvals_channel_unless_it_has_its_own() -> None:
    assert parse_policy(MINIMAL, source="least").operations_channel == "C0123ABCD"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('approver = ["U0123ABCD"]', "the key approver is unknown; known are approvals_channel, "),
        ("[approval]\nvotes = 2", "the key approval is unknown"),
        ('operations_channel = "#operations"', "operations_channel must be a Slack channel id such as"),
        ("operations_channel = 1", "operations_channel: "),
        ('language = "fr"', "language: Input should be 'en' or 'ja'"),
        ("default_duration = 8", "default_duration: must be a duration such as"),
        ('default_duration = "8"', "default_duration: must be a duration such as"),
        ('longest_duration = "0m"', "longest_duration: must be a duration such as"),
        ('longest_duration = "500d"', "longest_duration: must be a duration such as"),
        ('warn_before = ["30m"]', "warn_before: must be a duration such as"),
        ('minimum_reason = "10"', "minimum_reason: "),
        ("minimum_reason = -1", "minimum_reason: "),
        ("minimum_reason = 201", "minimum_reason: "),
        ("minimum_reason = true", "minimum_reason: "),
        ('default_duration = "6d"', "default_duration (6d) is longer than longest_duration (5d)"),
        ('longest_duration = "7h"', "default_duration (8h) is longer than longest_duration (7h)"),
    ],
)
def test_a_key_that_is_wrong_is_named(line: str, named: str) -> None:
    assert wrong_policy(MINIMAL + line).startswith(f"pgaccess.toml: {named}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "the key approvals_channel is missing"),
        ('approvals_channel = "C0123ABCD"', "the key approvers is missing"),
        ('approvals_channel = "C0123ABCD"\napprovers = []', "approvers: "),
        ('approvals_channel = "C0123ABCD"\napprovers = "U0123ABCD"', "approvers: "),
        (
            'approvals_channel = "C0123ABCD"\napprovers = ["U0123ABCD", "@lead"]',
            "approvers.1 must be a Slack user",
        ),
        (
            'approvals_channel = "approvals"\napprovers = ["U0123ABCD"]',
            "approvals_channel must be a Slack channel",
        ),
    ],
)
def test_what_the_policy_cannot_do_without_is_named(text: str, named: str) -> None:
    assert wrong_policy(text).startswith(f"pgaccess.toml: {named}")


def test_what_is_no_toml_is_said_to_be_none_and_where() -> None:
    sentence = wrong_policy("approvals_channel = C0123ABCD")
    assert sentence.startswith("pgaccess.toml is not valid TOML: ")
    assert "line 1" in sentence
