"""Traces: a command from the gate to its commit, and the reconcile runs that follow from it."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.domain.outside.redaction import Redactor
from bot.telemetry.tracing import Tracing, open_telemetry
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, METRICS_TOKEN, SIGNING_SECRET, start_environment
from sandbox.heroku import fault_injection
from tests.flow.actions import Acts, heroku_emulator

LINE: Final = "/pgaccess mtls add 203.0.113.4 to billing for 8h because a reason of mine"
SECRETS: Final = (BOT_TOKEN, HEROKU_TOKEN, METRICS_TOKEN, SIGNING_SECRET)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    return open_telemetry(redactor=Redactor(SECRETS), version="1", process="run", exporter=exporter)


@pytest.fixture
async def acts(database_url: str, tracing: Tracing) -> AsyncIterator[Acts]:
    async with start_environment(database_url, heroku_emulator(), tracing=tracing) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


def concerned(span: ReadableSpan) -> object:
    return (span.attributes or {}).get("pgaccess.requests")


def path_to_root(span: ReadableSpan, spans: dict[int, ReadableSpan]) -> list[str]:
    """Names from a span up to the first of its trace."""
    names = [span.name]
    while span.parent is not None:
        span = spans[span.parent.span_id]
        names.append(span.name)
    return names


async def test_a_command_and_the_runs_that_follow_from_it_meet_in_the_requests_number(
    acts: Acts, tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    await acts.ask(LINE)
    # The first run meets an error, whose text is Heroku's.
    acts.environment.heroku.fault(fault_injection.status(503), on=r"GET .*/ip-rules$")
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "can reach"))
    tracing.close()
    spans = {span.context.span_id: span for span in exporter.get_finished_spans() if span.context is not None}

    recorded = [
        span for span in spans.values() if span.name == "store.transaction" and concerned(span) == (1,)
    ]
    command = ["store.transaction", "slack.action", "slack.request"]
    run = ["store.transaction", "reconcile.run"]
    paths = [path_to_root(span, spans) for span in recorded]
    # Asked and approved by people, then in force by the reconciler.
    assert paths.count(command) == 2
    assert run in paths

    actions = [span for span in spans.values() if span.name == "slack.action"]
    named = [(span.attributes or {})["pgaccess.action"] for span in actions]
    assert named == ["/pgaccess mtls add", "request.approve"]

    calls = [span for span in spans.values() if span.name == "heroku.call"]
    (addition,) = [span for span in calls if (span.attributes or {})["http.request.method"] == "POST"]
    assert path_to_root(addition, spans) == ["heroku.call", "reconcile.run"]
    assert addition.parent is not None
    assert concerned(spans[addition.parent.span_id]) == (1,)
    (failed,) = [span for span in calls if (span.attributes or {})["status"] == "503"]
    assert (failed.status.is_ok, failed.status.description) == (False, "HerokuAmbiguousError")
    assert failed.events == ()

    everything = "\n".join(span.to_json() for span in spans.values())
    for secret in (*SECRETS, "a reason of mine", "203.0.113.4"):
        assert secret not in everything
