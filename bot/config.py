"""The environment, read once into a frozen value; what is wrong is named in a sentence."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bot.errors import MisconfiguredError

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts that may be spoken to without TLS: nothing leaves the machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the environment says. Secrets are left out of its ``repr``.

    Attributes:
        signing_secrets: one, or two while the secret is being rotated.
        policy_text: the policy file's text; ``policy_source`` says where it is from.
    """

    database_url: str = field(repr=False)
    slack_token: str = field(repr=False)
    signing_secrets: tuple[str, ...] = field(repr=False)
    heroku_token: str = field(repr=False)
    slack_url: str
    heroku_url: str
    heroku_data_url: str
    policy_source: str
    policy_text: str = field(repr=False)
    port: int


def database_url(environ: Mapping[str, str] = os.environ) -> str:
    """The one setting that ``pgaccess migrate`` needs.

    Raises:
        MisconfiguredError: it is missing.
    """
    return _required(environ, "DATABASE_URL", "a Postgres address such as postgres://user:password@host/name")


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads every setting.

    Raises:
        MisconfiguredError: something is missing or wrong; the sentence names the setting, not its value.
    """
    if environ.get("SLACK_APP_TOKEN"):
        raise MisconfiguredError(
            "SLACK_APP_TOKEN asks for Socket Mode, which is not there yet: unset it and let Slack reach "
            "/slack/events over HTTP"
        )
    source, text = _policy_text(environ)
    return Settings(
        database_url=database_url(environ),
        slack_token=_required(environ, "SLACK_BOT_TOKEN", "the bot token, which starts with xoxb-"),
        signing_secrets=_secrets(environ),
        heroku_token=_required(environ, "HEROKU_API_KEY", "a Heroku API token"),
        slack_url=_url(environ, "SLACK_API_URL", "https://slack.com/api/").rstrip("/") + "/",
        heroku_url=_url(environ, "HEROKU_API_URL", "https://api.heroku.com"),
        heroku_data_url=_url(environ, "HEROKU_DATA_API_URL", "https://api.data.heroku.com"),
        policy_source=source,
        policy_text=text,
        port=_port(environ),
    )


def _required(environ: Mapping[str, str], name: str, what: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise MisconfiguredError(f"{name} is not set: it has to be {what}")
    return value


def _secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    text = _required(environ, "SLACK_SIGNING_SECRET", "the app's signing secret")
    secrets = tuple(part.strip() for part in text.split(",") if part.strip())
    if not 1 <= len(secrets) <= 2:
        raise MisconfiguredError("SLACK_SIGNING_SECRET has to be one secret, or two separated by a comma")
    return secrets


def _url(environ: Mapping[str, str], name: str, default: str) -> str:
    url = environ.get(name, "").strip() or default
    wrong = MisconfiguredError(f"{name} is not a web address such as {default}")
    try:
        parts = urlsplit(url)
    except ValueError:
        # Its own sentence repeats a part of what was set, which may be a token in the wrong place.
        raise wrong from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise MisconfiguredError(
            f"{name} has to be https: a token would travel in the clear to {parts.hostname}"
        )
    return url


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT", "").strip() or "3000"
    if not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise MisconfiguredError("PORT has to be a number up to 65535")
    return int(text)


def _policy_text(environ: Mapping[str, str]) -> tuple[str, str]:
    if environ.get("PGACCESS_POLICY_TOML"):
        return "PGACCESS_POLICY_TOML", environ["PGACCESS_POLICY_TOML"]
    path = Path(environ.get("PGACCESS_POLICY") or "pgaccess.toml")
    try:
        return str(path), path.read_text(encoding="utf-8")
    except OSError as error:
        raise MisconfiguredError(
            f"the policy file {path} cannot be read ({error.strerror}): copy pgaccess.example.toml there, "
            "or put its text into PGACCESS_POLICY_TOML"
        ) from error
    except UnicodeDecodeError as error:
        raise MisconfiguredError(f"the policy file {path} is not UTF-8 text") from error
