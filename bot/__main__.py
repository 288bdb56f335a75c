"""The command line: ``pgaccess web``, ``worker``, ``run`` and others, the same as ``python -m bot …``."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.cli import audit as audit_commands
from bot.cli import audit_review, audit_who, watch_options
from bot.cli import policy as policy_commands
from bot.cli.answer import Answer
from bot.domain.timings import DEFAULT, Timings
from bot.errors import MisconfiguredError, PgaccessError
from bot.ports import Clock

if TYPE_CHECKING:
    from bot.app import App

USAGE: Final = 2
"""Exit status when a setting, an argument or the policy is wrong."""

WRONG: Final = 1
"""Exit status of a check that found a problem."""


def main(
    arguments: Sequence[str] | None = None, *, clock: Clock | None = None, timings: Timings = DEFAULT
) -> int:
    """Runs one command and returns its exit status.

    An error that the operator has to fix is one sentence on standard error, never a traceback.

    Args:
        arguments: of the command line; the process's own unless given.
        clock: business time, as in ``open_app``; for tests that start real processes.
        timings: of leases, calls and retries; likewise.
    """
    parser = argparse.ArgumentParser(
        prog="pgaccess", description="External access to Heroku Postgres, through Slack."
    )
    parser.set_defaults(clock=clock, timings=timings)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in _COMMANDS.items():
        command.options(commands.add_parser(name, help=command.does, description=command.does))
    chosen = parser.parse_args(arguments)
    try:
        return _COMMANDS[chosen.command].run(chosen)
    except PgaccessError as error:
        print(f"pgaccess: {error}", file=sys.stderr)
        return USAGE


def _web(chosen: argparse.Namespace) -> int:
    _run_loop(_serve(web=True, worker=False, clock=chosen.clock, timings=chosen.timings))
    return 0


def _worker(chosen: argparse.Namespace) -> int:
    _run_loop(
        _serve(
            web=False,
            worker=True,
            clock=chosen.clock,
            timings=chosen.timings,
            health_port=chosen.health_port,
        )
    )
    return 0


def _worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--health-port",
        type=_port,
        metavar="PORT",
        help="serve /healthz, /readyz and /metrics on this port, on all interfaces; without it, on none",
    )


def _port(text: str) -> int:
    """Reads a port of the command line; argparse prints the sentence."""
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535, such as 9090")
    return int(text)


def _run(chosen: argparse.Namespace) -> int:
    _run_loop(_serve(web=True, worker=True, clock=chosen.clock, timings=chosen.timings))
    return 0


def _watch(chosen: argparse.Namespace) -> int:
    from bot.cli.watch import run

    answer = run(chosen)
    if answer.lines:
        print(*answer.lines, sep="\n")
    return WRONG if answer.wrong else 0


def _migrate(_: argparse.Namespace) -> int:
    # Imported here: Alembic takes a quarter of a second and 10 MiB that serving does not need.
    from bot.config import database_url
    from storage.migrate import migrate

    migrate(
        database_url(), waiting=lambda what: print(f"pgaccess: {what}: waiting", file=sys.stderr, flush=True)
    )
    return 0


def _release(chosen: argparse.Namespace) -> int:
    # Before anything is changed: a release that fails leaves the old one running.
    policy_commands.current_policy()
    return _migrate(chosen)


def _check(chosen: argparse.Namespace) -> int:
    return asyncio.run(_examine(page=chosen.page))


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--page", action="store_true", help="send a page to whoever is on call, and resolve it at once"
    )


async def _examine(*, page: bool) -> int:
    from bot.cli.check import CheckStatus, check_installation
    from bot.log_config import configure

    configure()
    verdicts = set()
    async for line in check_installation(os.environ, page=page):
        # Printed one by one: the check of an unreachable service takes its time.
        print(line, flush=True)
        verdicts.add(line.verdict)
    return 0 if verdicts <= {CheckStatus.OK, CheckStatus.NOTE} else WRONG


def _rebuild(chosen: argparse.Namespace) -> int:
    asyncio.run(_rebuild_store(apply=chosen.apply, clock=chosen.clock, timings=chosen.timings))
    return 0


async def _rebuild_store(*, apply: bool, clock: Clock | None, timings: Timings) -> None:
    from bot.app import open_app
    from bot.cli.rebuild import ask_terminal
    from bot.config import read_settings
    from bot.log_config import configure

    settings, policy = read_settings(), policy_commands.current_policy()
    configure(settings.redactor())
    async with open_app(settings, policy, clock=clock, timings=timings) as app:
        async for line in app.rebuilder().run(apply=apply, ask=ask_terminal):
            print(line, flush=True)


def _rebuild_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--apply",
        action="store_true",
        help="record again what is within its end, and have removed what is past it once you confirm that",
    )


def _manifest(chosen: argparse.Namespace) -> int:
    from bot.cli.manifest import PLACEHOLDER, manifest
    from bot.config import public_url

    url = public_url()
    print(json.dumps(manifest(public_url=url, socket=chosen.socket), indent=2))
    if url is None and not chosen.socket:
        print(f"pgaccess: PGACCESS_PUBLIC_URL is not set, so {PLACEHOLDER} is used instead", file=sys.stderr)
    return 0


def _manifest_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--socket", action="store_true", help="for Socket Mode, in which Slack does not call the bot"
    )


def _policy(chosen: argparse.Namespace) -> int:
    return _printed(policy_commands.run(chosen))


def _printed(answer: Answer) -> int:
    print(*answer.lines, sep="\n")
    return WRONG if answer.wrong else 0


def _audit(chosen: argparse.Namespace) -> int:
    try:
        status: int = chosen.audit_run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        # A reader such as `head` has what it wants. Python flushes once more at its end, and would say so
        # (Python documentation, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG
    return status


def _audit_options(parser: argparse.ArgumentParser) -> None:
    commands = audit_commands.add_commands(parser)
    parser.set_defaults(audit_run=lambda chosen: 0 if audit_commands.run(chosen) else WRONG)
    who = commands.add_parser("who", help=audit_who.SUMMARY, description=audit_who.SUMMARY)
    audit_who.add_arguments(who)
    who.set_defaults(audit_run=lambda chosen: _printed(audit_who.run(chosen)))
    audit_review.add_command(commands)


def _no_options(_: argparse.ArgumentParser) -> None:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class _Command:
    """One command: what it runs, its help text, and its options."""

    run: Callable[[argparse.Namespace], int]
    does: str
    options: Callable[[argparse.ArgumentParser], None] = _no_options


_COMMANDS: Final = {
    "web": _Command(run=_web, does="serve Slack and browsers"),
    "worker": _Command(
        run=_worker, does="keep Heroku and Slack in step with the store", options=_worker_options
    ),
    "run": _Command(run=_run, does="both in one process"),
    "watch": _Command(run=_watch, does=watch_options.SUMMARY, options=watch_options.add_arguments),
    "migrate": _Command(run=_migrate, does="migrate the database to the current schema"),
    "release": _Command(
        run=_release, does="validate the policy, then migrate: for a platform's release phase"
    ),
    "check": _Command(
        run=_check, does="check settings, policy, tokens, scopes and hosts", options=_check_options
    ),
    "policy": _Command(run=_policy, does=policy_commands.SUMMARY, options=policy_commands.add_arguments),
    "audit": _Command(run=_audit, does=audit_commands.SUMMARY, options=_audit_options),
    "rebuild": _Command(
        run=_rebuild,
        does="after the loss or restore of the store: show what is at Heroku, and record it again",
        options=_rebuild_options,
    ),
    "manifest": _Command(run=_manifest, does="print the Slack app manifest", options=_manifest_options),
}


def _run_loop(serving: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end, on uvloop if available: everything here waits for sockets."""
    try:
        import uvloop
    except ImportError:  # not available on Windows
        asyncio.run(serving)
    else:
        uvloop.run(serving)


async def _serve(
    *, web: bool, worker: bool, clock: Clock | None, timings: Timings, health_port: int | None = None
) -> None:
    """Serves until SIGTERM or SIGINT, then finishes the work in progress: loops and requests at once."""
    import structlog

    from bot.app import open_app, stand_in_policy
    from bot.config import read_settings
    from bot.lifecycle import run_until, stop_signals
    from bot.log_config import configure
    from bot.telemetry.start import start_telemetry

    settings = read_settings()
    redactor = settings.redactor()
    process = "run" if web and worker else "web" if web else "worker"
    started = start_telemetry(os.environ, redactor=redactor, process=process, stream=sys.stdout)
    configure(redactor, reporting=started.log_processors)
    try:
        policy = policy_commands.current_policy()
    except MisconfiguredError as error:
        structlog.get_logger(__name__).error("policy.unreadable", error=str(error))
        policy = await stand_in_policy(settings, problem=str(error), timings=timings)
    stopping = stop_signals()
    async with (
        started,
        open_app(settings, policy, clock=clock, timings=timings, telemetry=started.telemetry) as app,
    ):
        # Side by side: a worker that waits for the store leaves `/readyz` to say so.
        parts = [part(app) for part, chosen in ((_run_worker, worker), (_run_web, web)) if chosen]
        if health_port is not None:
            parts.append(_run_health(app, health_port))
        await run_until(stopping, *parts)


async def _run_worker(app: "App") -> None:
    async with app.working():
        await asyncio.Event().wait()


async def _run_web(app: "App") -> None:
    # Imported here: a worker serves nothing.
    from handlers.transport.http_server import serve

    async with app.serving() as pages:
        await serve(pages, host="0.0.0.0", port=app.settings.port)


async def _run_health(app: "App", port: int) -> None:
    from handlers.transport.http_server import serve

    await serve(app.health(), host="0.0.0.0", port=port)


if __name__ == "__main__":
    sys.exit(main())
