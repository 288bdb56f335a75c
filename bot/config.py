"""The environment, read once into a frozen value; what is wrong is named in a sentence."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from bot.domain.outside.page_address import PAGERDUTY, PAGERDUTY_HOST, PageAddress
from bot.domain.outside.redaction import Redactor
from bot.domain.outside.response_url import LOOPBACK
from bot.domain.signed_note import note_key
from bot.errors import MisconfiguredError

CONNECTIONS: Final = 6
"""Connections to Postgres of a process, at most: a web process, two workers and a release fit into the 20 of
Heroku's smallest plans (Heroku Dev Center, "Choosing the Right Heroku Postgres Plan")."""

CONNECTIONS_AT_LEAST: Final = 4
"""Two serve wake-ups and the rate budget; with one more only, each transaction would wait for the slowest."""

CONNECTIONS_AT_MOST: Final = 500
"""As many as the largest plans of Heroku allow in all."""

HOPS_AT_MOST: Final = 5
"""Proxies in a row that are believed; a content delivery network and two load balancers are three."""

TOKEN_AT_LEAST: Final = 16
"""Characters of a token that people choose: as many in hexadecimal cannot be guessed over the network."""

_INSTALLATION: Final = re.compile("[A-Za-z0-9_-]{1,40}")
"""Short, so that the rest of a description still fits; without what separates its words."""

APP_LEVEL: Final = "xapp-"
"""How an app-level token begins (Slack developer documentation, "Tokens", 2026-11)."""

PAGE_KEY_AT_LEAST: Final = 16
"""Characters of a key that is not quickly guessed; PagerDuty's integration keys have 32."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackSettings:
    """How Slack is reached, and how it reaches us.

    Attributes:
        signing_secrets: one, or two while the secret is being rotated; may be empty with an app token.
        app_token: opens Socket Mode; None is HTTP.
    """

    token: str = field(repr=False)
    signing_secrets: tuple[str, ...] = field(repr=False)
    app_token: str | None = field(repr=False)
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HerokuSettings:
    """How Heroku is reached."""

    token: str = field(repr=False)
    url: str
    data_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyText:
    """The policy file's text; ``source`` says where it is from."""

    source: str
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchSettings:
    """What ``pgaccess watch`` needs of the environment. Secrets are left out of its ``repr``.

    Attributes:
        database_url: of the role that only reads; None where it is not set: the store is then out of reach,
            as after the loss of a database that had set it.
        slack_token: None without Slack.
        installation: the marker that is set to survive the store; empty where it is not.
        page: None without a pager.
    """

    database_url: str | None = field(repr=False)
    heroku: HerokuSettings
    slack_token: str | None = field(repr=False)
    slack_url: str
    installation: str
    page: PageAddress | None

    def redactor(self) -> Redactor:
        """Returns what removes these secrets from text."""
        page = () if self.page is None else self.page.secrets
        store = () if self.database_url is None else _passwords(self.database_url)
        return Redactor((self.slack_token or "", self.heroku.token, *page, *store))


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the environment says. Secrets are left out of its ``repr``.

    Attributes:
        signing_secrets: one, or two while the secret is being rotated; may be empty with an app token.
        app_token: opens Socket Mode; None is HTTP.
        page: where escalations go; None is Slack alone.
        public_url: where browsers and Slack reach the bot, without a slash at the end; None is unknown.
        trusted_hops: proxies in front of us whose ``X-Forwarded-For`` entries are believed.
        probes: whether new certificates may be tested from here, by connecting with them.
        db_connections: the most connections to Postgres that the process opens in all.
        metrics_token: what Prometheus sends to read ``/metrics``; None serves no metrics.
        installation: what rules at Heroku carry; None leaves it to the store.
    """

    database_url: str = field(repr=False)
    slack_token: str = field(repr=False)
    signing_secrets: tuple[str, ...] = field(repr=False)
    heroku_token: str = field(repr=False)
    slack_url: str
    heroku_url: str
    heroku_data_url: str
    port: int
    app_token: str | None = field(default=None, repr=False)
    page: PageAddress | None = None
    public_url: str | None = None
    trusted_hops: int = 0
    probes: bool = False
    db_connections: int = CONNECTIONS
    metrics_token: str | None = field(default=None, repr=False)
    installation: str | None = None

    @property
    def note_keys(self) -> tuple[bytes, ...]:
        """The keys of signed notes: the first signs, and the others are those from before a rotation.

        Derived from what Slack alone knows besides, and what survives the store.
        """
        return tuple(note_key(secret) for secret in (*self.signing_secrets, self.slack_token))

    def redactor(self) -> Redactor:
        """Returns what removes these secrets from text."""
        tokens = (
            self.slack_token,
            self.app_token or "",
            self.heroku_token,
            self.metrics_token or "",
            *self.signing_secrets,
        )
        page = () if self.page is None else self.page.secrets
        return Redactor((*tokens, *page, *_passwords(self.database_url)))


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads every setting but the policy, without which access still has to end on time.

    Raises:
        MisconfiguredError: something is missing or wrong; the sentence names the setting, not its value.
    """
    database = database_url(environ)
    slack, heroku = slack_settings(environ), heroku_settings(environ)
    return Settings(
        database_url=database,
        slack_token=slack.token,
        signing_secrets=slack.signing_secrets,
        app_token=slack.app_token,
        slack_url=slack.url,
        heroku_token=heroku.token,
        heroku_url=heroku.url,
        heroku_data_url=heroku.data_url,
        port=port(environ),
        page=page_settings(environ),
        public_url=public_url(environ),
        trusted_hops=trusted_hops(environ),
        probes=probes(environ),
        db_connections=db_connections(environ),
        metrics_token=metrics_token(environ),
        installation=installation(environ),
    )


def database_url(environ: Mapping[str, str] = os.environ) -> str:
    """The one setting that ``pgaccess migrate`` needs; raises ``MisconfiguredError``."""
    return _required(environ, "DATABASE_URL", "a Postgres address such as postgres://user:password@host/name")


def slack_settings(environ: Mapping[str, str] = os.environ) -> SlackSettings:
    """The settings for Slack; raises ``MisconfiguredError``."""
    app_token = environ.get("SLACK_APP_TOKEN", "").strip() or None
    if app_token is not None and not app_token.startswith(APP_LEVEL):
        raise MisconfiguredError(
            f"SLACK_APP_TOKEN has to be an app-level token, which starts with {APP_LEVEL}; "
            "leave it out to be reached over HTTP instead of Socket Mode"
        )
    return SlackSettings(
        token=_required(environ, "SLACK_BOT_TOKEN", "the bot token, which starts with xoxb-"),
        signing_secrets=_secrets(environ, needed=app_token is None),
        app_token=app_token,
        url=_url(environ, "SLACK_API_URL", "https://slack.com/api/").rstrip("/") + "/",
    )


def heroku_settings(environ: Mapping[str, str] = os.environ) -> HerokuSettings:
    """The settings for Heroku; raises ``MisconfiguredError``."""
    return HerokuSettings(
        token=_required(environ, "HEROKU_API_KEY", "a Heroku API token"),
        url=_url(environ, "HEROKU_API_URL", "https://api.heroku.com"),
        data_url=_url(environ, "HEROKU_DATA_API_URL", "https://api.data.heroku.com"),
    )


def page_settings(environ: Mapping[str, str] = os.environ) -> PageAddress | None:
    """The settings for the pager, None without one; raises ``MisconfiguredError``."""
    name, key_name = "PGACCESS_PAGE_URL", "PGACCESS_PAGE_KEY"
    key = environ.get(key_name, "").strip()
    if not environ.get(name, "").strip():
        if key:
            raise MisconfiguredError(f"{key_name} is set and {name} is not: pages would go nowhere")
        return None
    url = _url(environ, name, f"https://events.pagerduty.com{PAGERDUTY}")
    parts = urlsplit(url)
    if "@" in parts.netloc or "#" in url:
        raise MisconfiguredError(
            f"{name} has to be without a user, a password and a #: the key is {key_name}"
        )
    if (parts.hostname or "").endswith(PAGERDUTY_HOST) and parts.path != PAGERDUTY:
        raise MisconfiguredError(
            f"{name} has to be that of PagerDuty's Events API v2: https://{parts.hostname}{PAGERDUTY}"
        )
    if len(key) < PAGE_KEY_AT_LEAST or not key.isascii() or not key.isprintable():
        raise MisconfiguredError(
            f"{key_name} has to have at least {PAGE_KEY_AT_LEAST} characters: PagerDuty's integration key, "
            "or what a webhook is signed with, such as `openssl rand -hex 32` prints"
        )
    return PageAddress(url=url, key=key)


def watch_settings(environ: Mapping[str, str] = os.environ, *, database: str) -> WatchSettings:
    """The settings of ``pgaccess watch``.

    Args:
        environ: of its process, which may have a role and a token of its own.
        database: name of the variable with the address of the store.

    Raises:
        MisconfiguredError: something is wrong, or nobody could be told of anything.
    """
    slack_token, page = environ.get("SLACK_BOT_TOKEN", "").strip() or None, page_settings(environ)
    if slack_token is None and page is None:
        raise MisconfiguredError(
            "SLACK_BOT_TOKEN and PGACCESS_PAGE_URL are not set: the watch has to have one of them to tell "
            "anybody of what it finds"
        )
    return WatchSettings(
        database_url=environ.get(database, "").strip() or None,
        heroku=heroku_settings(environ),
        slack_token=slack_token,
        slack_url=_url(environ, "SLACK_API_URL", "https://slack.com/api/").rstrip("/") + "/",
        installation=environ.get("PGACCESS_INSTALLATION", "").strip(),
        page=page,
    )


def policy_text(environ: Mapping[str, str] = os.environ) -> PolicyText:
    """The policy's text, from the environment or a file; raises ``MisconfiguredError``."""
    if environ.get("PGACCESS_POLICY_TOML"):
        return PolicyText(source="PGACCESS_POLICY_TOML", text=environ["PGACCESS_POLICY_TOML"])
    path = Path(environ.get("PGACCESS_POLICY") or "pgaccess.toml")
    try:
        return PolicyText(source=str(path), text=path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MisconfiguredError(
            f"the policy file {path} cannot be read ({error.strerror}): copy pgaccess.example.toml there, "
            "or put its text into PGACCESS_POLICY_TOML"
        ) from error
    except UnicodeDecodeError as error:
        raise MisconfiguredError(f"the policy file {path} is not UTF-8 text") from error


def public_url(environ: Mapping[str, str] = os.environ) -> str | None:
    """Where browsers and Slack reach the bot, without a slash at the end; raises ``MisconfiguredError``."""
    name = "PGACCESS_PUBLIC_URL"
    if not environ.get(name, "").strip():
        return None
    url = _url(environ, name, "https://pgaccess.example.com")
    if "?" in url or "#" in url:
        raise MisconfiguredError(f"{name} has to end before any ? or #: paths are put after it")
    return url.rstrip("/")


def trusted_hops(environ: Mapping[str, str] = os.environ) -> int:
    """How many proxies' ``X-Forwarded-For`` entries are believed; raises ``MisconfiguredError``."""
    name = "PGACCESS_TRUSTED_HOPS"
    text = environ.get(name, "").strip() or "0"
    if text not in {str(hops) for hops in range(HOPS_AT_MOST + 1)}:
        raise MisconfiguredError(
            f"{name} has to be a number from 0 to {HOPS_AT_MOST}, such as 1 on Heroku: how many proxies "
            "stand between browsers and the bot"
        )
    return int(text)


def probes(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether new certificates may be tested from here; raises ``MisconfiguredError``."""
    name = "PGACCESS_PROBE"
    said = environ.get(name, "").strip()
    if said not in ("", "0", "1"):
        raise MisconfiguredError(f"{name} has to be 1, to test new certificates from here, or left out")
    if said == "1" and sys.platform != "linux":
        raise MisconfiguredError(
            f"{name} works on Linux only, where a private key can be handed to libpq without writing it to a "
            "disk: leave it out"
        )
    return said == "1"


def db_connections(environ: Mapping[str, str] = os.environ) -> int:
    """The most connections to Postgres that a process opens in all; raises ``MisconfiguredError``."""
    name = "PGACCESS_DB_CONNECTIONS"
    text = environ.get(name, "").strip() or str(CONNECTIONS)
    # The length first: Python refuses to convert very long numbers.
    if not text.isdecimal() or len(text) > 5 or not CONNECTIONS_AT_LEAST <= int(text) <= CONNECTIONS_AT_MOST:
        raise MisconfiguredError(
            f"{name} has to be a number from {CONNECTIONS_AT_LEAST} to {CONNECTIONS_AT_MOST}, such as "
            f"{CONNECTIONS}: the most connections to Postgres that each process opens"
        )
    return int(text)


def metrics_token(environ: Mapping[str, str] = os.environ) -> str | None:
    """What Prometheus sends to read ``/metrics``; raises ``MisconfiguredError``."""
    name = "PGACCESS_METRICS_TOKEN"
    token = environ.get(name, "").strip()
    if not token:
        return None
    if len(token) < TOKEN_AT_LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise MisconfiguredError(
            f"{name} has to be at least {TOKEN_AT_LEAST} letters, digits and signs without a blank, such as "
            "what `openssl rand -hex 32` prints; without it /metrics is not served"
        )
    return token


def installation(environ: Mapping[str, str] = os.environ) -> str | None:
    """What this installation is called at Heroku, if that is set; raises ``MisconfiguredError``."""
    name = "PGACCESS_INSTALLATION"
    text = environ.get(name, "").strip()
    if text and _INSTALLATION.fullmatch(text) is None:
        raise MisconfiguredError(
            f"{name} has to be 1 to 40 letters, digits, hyphens or underscores, such as production: it "
            "stands in the description of every rule at Heroku"
        )
    return text or None


def port(environ: Mapping[str, str] = os.environ) -> int:
    """The port to serve on; raises ``MisconfiguredError``."""
    text = environ.get("PORT", "").strip() or "3000"
    # The length first: Python refuses to convert very long numbers.
    if not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise MisconfiguredError("PORT has to be a number up to 65535")
    return int(text)


def _passwords(database: str) -> tuple[str, ...]:
    """The password of a Postgres address, as it is and as it is written there; without one, nothing."""
    try:
        password = urlsplit(database).password or ""
    except ValueError:
        # What cannot be read as an address may be a password itself.
        return (database,)
    return (password, unquote(password))


def _required(environ: Mapping[str, str], name: str, what: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise MisconfiguredError(f"{name} is not set: it has to be {what}")
    return value


def _secrets(environ: Mapping[str, str], *, needed: bool) -> tuple[str, ...]:
    """The signing secrets; in Socket Mode nothing is signed and none is needed."""
    name = "SLACK_SIGNING_SECRET"
    if not needed and not environ.get(name, "").strip():
        return ()
    text = _required(environ, name, "the app's signing secret")
    secrets = tuple(part.strip() for part in text.split(",") if part.strip())
    if not 1 <= len(secrets) <= 2:
        raise MisconfiguredError(f"{name} has to be one secret, or two separated by a comma")
    return secrets


def _url(environ: Mapping[str, str], name: str, default: str) -> str:
    url = environ.get(name, "").strip() or default
    wrong = MisconfiguredError(f"{name} is not a web address such as {default}")
    try:
        parts = urlsplit(url)
        # A port that is none is only found out by asking for it.
        host, _ = parts.hostname, parts.port
    except ValueError:
        # Its own sentence repeats a part of what was set, which may be a token in the wrong place.
        raise wrong from None
    if parts.scheme not in ("http", "https") or not host:
        raise wrong
    if parts.scheme == "http" and host not in LOOPBACK:
        raise MisconfiguredError(f"{name} has to be https: a secret would travel in the clear to {host}")
    return url
