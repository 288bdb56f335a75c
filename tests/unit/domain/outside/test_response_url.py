"""Answers are sent to Slack's hosts only."""

import pytest

from bot.domain.outside.response_url import may_be_called

SLACK = "https://slack.com/api/"
OURS = "https://slack.acme.example/api/"
HERE = "http://127.0.0.1:4000/api/"


@pytest.mark.parametrize(
    ("url", "api_url"),
    [
        ("https://hooks.slack.com/commands/T0/1/secret", SLACK),
        ("https://hooks.slack.com/actions/T0/1/secret", SLACK),
        ("https://HOOKS.slack.com:443/actions/T0/1/secret", SLACK),
        ("https://hooks.slack.com/actions/T0/1/secret", OURS),
        ("https://slack.acme.example/respond/secret", OURS),
        ("http://127.0.0.1:4000/respond/secret", HERE),
        ("http://localhost:4000/respond/secret", HERE),
        ("http://[::1]:4000/respond/secret", "http://localhost:4000/api/"),
    ],
)
def test_slacks_own_host_and_the_configured_one_are_called(url: str, api_url: str) -> None:
    assert may_be_called(url, api_url=api_url)


@pytest.mark.parametrize(
    ("url", "api_url"),
    [
        ("https://example.com/commands/secret", SLACK),
        ("http://hooks.slack.com/commands/secret", SLACK),
        ("https://hooks.slack.com:8443/commands/secret", SLACK),
        ("https://hooks.slack.com.example.com/secret", SLACK),
        ("https://hooks.slack.com@example.com/secret", SLACK),
        ("https://user:word@hooks.slack.com/secret", SLACK),
        ("https://example.com\\@hooks.slack.com/secret", SLACK),
        ("https://example.com/#hooks.slack.com", SLACK),
        ("https://files.slack.com/secret", SLACK),
        ("https://hooks.slack.com\n.example.com/", SLACK),
        ("https://hooks.slack.com /", SLACK),
        ("http://169.254.169.254/latest/meta-data", SLACK),
        ("http://127.0.0.1:5432/", SLACK),
        ("http://127.0.0.1:4001/respond/secret", HERE),
        ("http://slack.acme.example/respond/secret", OURS),
        ("https://slack.acme.example:444/respond/secret", OURS),
        ("file:///etc/passwd", SLACK),
        ("//hooks.slack.com/x", SLACK),
        ("https://[hooks.slack.com/x", SLACK),
        ("https://hooks.slack.com:99999/x", SLACK),
        ("", SLACK),
        ("nonsense", SLACK),
    ],
)
def test_nothing_else_is(url: str, api_url: str) -> None:
    assert not may_be_called(url, api_url=api_url)
