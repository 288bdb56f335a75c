"""Coverage-guided fuzzing of every parser of untrusted input: ``python -m tests.unit.guided NAME``.

Requires Google's atheris, which is in none of our locks: ``pip install atheris`` into another environment.
Arguments after the name are libFuzzer's, such as ``-max_total_time=300`` and a folder for the inputs. An
input that raises an undocumented exception ends the run and is printed.
"""

import asyncio
import contextlib
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx

from bot.errors import HerokuError, MisconfiguredError, Refused
from bot.heroku.client import HerokuClient
from bot.policy.loader import parse_policy
from bot.views import action_ids
from handlers.parsing.command_table import parse
from handlers.transport.payload_model import MalformedError
from handlers.transport.payload_validation import validate_payload
from handlers.transport.payloads import SlashCommand
from handlers.transport.request_verification import check_body
from tests.unit.factories import database
from tests.unit.handlers.test_fuzz import click
from tests.unit.handlers.test_fuzz import submission as form
from tests.unit.handlers.test_parsing import RIGHT
from tests.unit.heroku.test_fuzz import TRUE

REJECTED = importlib.import_module("handlers.transport.request_verification")._RejectedError


def gate(data: bytes) -> None:
    """A signed body: accepted or refused."""
    with contextlib.suppress(REJECTED):
        check_body(data[1:], is_json=bool(data[:1] > b"\x7f"))


def incoming(data: bytes) -> None:
    """A payload: validated, or malformed."""
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(payload, dict):
        return
    for validate in (validate_payload, SlashCommand.of):
        with contextlib.suppress(MalformedError):
            validate(payload)


def grammar(data: bytes) -> None:
    """A typed command: parsed or refused with a reason."""
    with contextlib.suppress(Refused):
        parse(data.decode(errors="replace"))


def button(data: bytes) -> None:
    """A button's value: ours or not."""
    with contextlib.suppress(ValueError):
        action_ids.read_button(data.decode(errors="replace"))


def policy(data: bytes) -> None:
    """A policy file: rules or a sentence about what is wrong."""
    with contextlib.suppress(MisconfiguredError):
        parse_policy(data.decode(errors="replace"), source="fuzz")


def heroku() -> Callable[[bytes], None]:
    """A response of Heroku: a value or a known error."""
    answer = httpx.Response(200)
    client = HerokuClient(
        token="t",
        platform_url="http://heroku.test",
        data_url="http://heroku.test",
        transport=httpx.MockTransport(lambda _: answer),
    )
    runner, id = asyncio.Runner(), UUID(int=7)
    calls = (
        client.databases,
        client.spaces,
        lambda: client.ruleset(id),
        lambda: client.rulesets(id),
        lambda: client.rules(database()),
        lambda: client.certificates(database()),
        lambda: client.credential(database(), id),
        lambda: client.authority(database()),
        lambda: client.privatelink(database()),
        lambda: client.config_var_names("a"),
    )
    statuses = (200, 200, 200, 201, 206, 403, 404, 422, 429, 503)

    def one(data: bytes) -> None:
        nonlocal answer
        which, status = (data[0] % len(calls), data[1] % len(statuses)) if len(data) > 1 else (0, 0)
        answer = httpx.Response(statuses[status], content=data[2:])

        async def made() -> Any:
            return await calls[which]()

        with contextlib.suppress(HerokuError):
            runner.run(made())

    return one


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "gate": gate,
    "incoming": incoming,
    "grammar": grammar,
    "button": button,
    "policy": policy,
    "heroku": heroku(),
}


def ours() -> Iterator[FunctionType]:
    """Yields every function and method under test, whose branches guide the fuzzer."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("bot", "handlers"):
            for thing in list(vars(module).values()):
                inside = vars(thing).values() if isinstance(thing, type) else [thing]
                unwrapped = (getattr(each, "__func__", each) for each in inside)
                yield from (each for each in unwrapped if isinstance(each, FunctionType))


def seeds(name: str) -> Iterator[bytes]:
    """Yields valid inputs for the fuzzer to mutate."""
    if name == "grammar":
        yield from (line.encode() for line, _ in RIGHT)
    if name == "policy":
        yield (Path(__file__).parents[2] / "pgaccess.example.toml").read_bytes()
    if name in ("gate", "incoming"):
        payloads = (
            click(action_ids.APPROVE, "1.1", "U0LEAD", "1.2"),
            form(action_ids.FORM_DENY, "1.1", {}, "U0LEAD", "V"),
        )
        for payload in payloads:
            said = json.dumps(payload)
            yield said.encode() if name == "incoming" else b"\x00" + urlencode({"payload": said}).encode()
    if name == "heroku":
        yield from (bytes((which, 0)) + json.dumps(true).encode() for which in range(10) for true in TRUE)


def main() -> None:
    """Runs one target until it is stopped, or an undocumented exception is raised."""
    atheris = importlib.import_module("atheris")
    name, *rest = sys.argv[1:]
    for folder in (Path(each) for each in rest if not each.startswith("-")):
        folder.mkdir(exist_ok=True)
        for number, seed in enumerate(seeds(name)):
            (folder / f"seed-{number}").write_bytes(seed)
    for function in set(ours()):
        atheris.instrument_func(function)
    atheris.Setup([sys.argv[0], *rest], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
