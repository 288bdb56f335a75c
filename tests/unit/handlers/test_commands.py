"""The table of handlers beside the table of parsers."""

from typing import Any, cast

from handlers.advice import Advisor
from handlers.commands import Commands
from handlers.download_links import DownloadLinkSender
from handlers.modals import Forms
from handlers.parsing.command_table import COMMANDS

NOTHING = cast("Any", None)


def test_every_command_that_is_parsed_has_a_handler_and_no_other() -> None:
    commands = Commands(
        services=NOTHING,
        forms=Forms(services=NOTHING, interactive=NOTHING),
        live_refresh=NOTHING,
        advisor=Advisor(services=NOTHING, interactive=NOTHING, forms=NOTHING),
        download_links=DownloadLinkSender(services=NOTHING, interactive=NOTHING, public_url=None),
        presets=NOTHING,
        public_url=None,
    )
    assert set(commands.handlers) == {(), *COMMANDS}
