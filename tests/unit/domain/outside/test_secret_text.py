"""What counts as a credential in typed text, and what does not."""

import string
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.outside.secret_text import holds_secret

KEY = "01234567-89ab-cdef-0123-456789abcdef"
BASE64 = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"

SECRETS = [
    # connection strings and other addresses with a password
    "postgres://u:pass@host.example.com:5432/db",
    "postgresql+psycopg://u:p4ss@h/db",
    "postgres://u:pa/ss@host/db",
    "postgres://:pass@host/db",
    "see https://deploy:hunter2@git.example.com/repo",
    "redis://:abc@cache:6379",
    "接続先はpostgres://u:pass@host/dbです",
    "host=h user=u password=abc dbname=d",
    "PGPASSWORD=x psql",
    "DB_PASSWORD = 'correct horse'",
    '{"password":"hunter22"}',
    "password: hunter2",
    "the password is hunter22",
    "pwd=1",
    "パスワードはhunter22です",
    "パスワード=ひみつ",
    "ALTER ROLE u PASSWORD 'abc'",
    # blocks of keys and certificates
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY----- abc",
    "—–BEGIN CERTIFICATE—–",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    f"it begins with {BASE64}",
    # Heroku
    "HRKU-AAbbCCddEEff00112233445566778899",
    "トークンはHRKU-01234567-89ab-cdef-0123-456789abcdefです",
    f"token {KEY}",
    f"HEROKU_API_KEY={KEY}",
    f"api key: {KEY}",
    f"key is `{KEY}`",
    f"キー:{KEY}",
    f"Authorization: Bearer {KEY}",
    # Slack
    "xoxb-123456789012-abcdefghijkl",
    "xoxp-1-2-3-abcdef",
    "xoxe.xoxp-1-Mi0yLTEyMzQ",
    "xapp-1-A012-345-abcdef",
    "https://hooks.slack.com/services/T000/B000/XXXX",
    # AWS and others
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE is the key",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "client_secret=0123456789abcdef",
    "https://ci.example.com/?token=0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig",
]

ORDINARY = [
    "migration check",
    "請求チームの移行作業の確認",
    "OPS-4711",
    "fixes #17, see INC0012345",
    "password reset flow is broken",
    "forgot password: OPS-4711",
    "rotate the password of the BI tool",
    "password: see https://wiki.example.com/page1",
    "password=*** was masked",
    "password_encryption=scram-sha-256",
    "the token expires tomorrow",
    "token: expired",
    "max_tokens=50",
    "key: billing",
    "the key of ticket OPS-4711",
    "bearer of the certificate",
    "パスワードの再設定を確認",
    "トークンの期限切れの調査",
    "postgres://db.example.com:5432/billing",
    "postgres://reader@db.example.com/billing",
    "postgres://reader:***@db.example.com/billing",
    "https://example.com:8443/a/@b",
    "https://github.com/acme/billing/pull/17#issuecomment-1",
    "http://localhost:3000/users/@me",
    "ask ops@example.com at 10:00",
    "user@host:5432",
    KEY,
    f"request {KEY} failed",
    "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "revert 9fceb02",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "arn:aws:iam::123456789012:role/AKIA",
    "xoxb tokens are being rotated",
    "ec2-203-0-113-4.compute-1.amazonaws.com",
    "begin certificate rotation",
    "----- BEGINNING -----",
    "bypass=1",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_credential_is_recognized(text: str) -> None:
    assert holds_secret(text)
    assert holds_secret(f"because of this: {text}, thanks")


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_reason_is_none(text: str) -> None:
    assert not holds_secret(text)


WORDS = st.text(string.ascii_lowercase + "あ請求移行", min_size=1, max_size=12)
HOSTS = st.lists(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12), min_size=1).map(
    ".".join
)
TICKETS = st.builds("{}-{}".format, st.text(string.ascii_uppercase, min_size=2, max_size=5), st.integers(1))
HASHES = st.text("0123456789abcdef", min_size=7, max_size=64)
URLS = st.builds(
    "{}://{}{}/{}".format,
    st.sampled_from(["https", "http", "postgres", "postgresql", "redis"]),
    HOSTS,
    st.sampled_from(["", ":5432", ":443"]),
    HASHES,
)
PARTS = WORDS | HOSTS | TICKETS | HASHES | URLS | st.uuids().map(str) | st.integers().map("#{}".format)


@settings(max_examples=400)
@given(st.lists(PARTS, max_size=12).map(" ".join))
def test_reasons_of_words_tickets_hosts_addresses_hashes_and_uuids_are_none(text: str) -> None:
    names = ("key", "token", "password", "secret", "pass", "pwd", "bearer", "pat")
    assert any(name in text for name in names) or not holds_secret(text)


@given(
    st.sampled_from(["postgres", "postgresql", "mysql", "https", "amqp"]),
    WORDS,
    st.text(string.ascii_letters + string.digits + "%!$&'()+,;=_~-", min_size=1, max_size=70),
    HOSTS,
    st.lists(WORDS, max_size=3).map(" ".join),
)
def test_a_url_with_a_password_is_recognized_wherever_it_stands(
    scheme: str, user: str, password: str, host: str, before: str
) -> None:
    assert holds_secret(f"{before} {scheme}://{user}:{password}@{host}/db {before}")


@given(st.uuids(), st.sampled_from(["token", "Token:", "key", "API key =", "HEROKU_API_KEY=", "トークンは"]))
def test_a_uuid_behind_the_word_for_a_token_is_recognized(id: UUID, word: str) -> None:
    assert holds_secret(f"{word} {id}")
    assert not holds_secret(f"request {id}")


@settings(max_examples=60, deadline=timedelta(milliseconds=200))
@given(
    st.sampled_from(
        ["-", "://", "://a:", "postgres://", "password", "token ", "key=", "eyJ", "a", ":", "'", "is ", "0a"]
    ),
    st.sampled_from(["", "=", "@", " ", "password:"]),
)
def test_the_longest_line_takes_no_time(one: str, other: str) -> None:
    holds_secret(((one + other) * 2000)[:2000])
