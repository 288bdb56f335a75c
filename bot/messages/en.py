"""What pgaccess says, in English. Refusals have a catalogue of their own."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    # The card.
    "card.text": "{requester} asks to reach {app} from {network} for {length}",
    "card.title": "*{network} → {app}*  ·  mTLS  ·  {length}",
    "card.who": "Asked by {requester}, {asked}",
    "card.mine": "*Your request #{id}:* {network} → {app}  ·  mTLS  ·  {length}",
    "card.database": "Database",
    "card.place": "Where",
    "card.place.space": "{space} ({region})",
    "card.place.shield": "{space} ({region}, Shield)",
    "card.width": "How wide",
    "card.width.one": "1 address",
    "card.width.many": "{count} addresses",
    "card.length": "How long",
    "card.length.duration": "{duration}, from when it is open",
    "card.length.until": "until {until}",
    "card.short.until": "until {until}",
    "card.reason": "> {reason}",
    "card.reason.none": "_No reason given._",
    "card.change.add": "Adds one rule to {app}; {used} of {limit} used.",
    "card.change.unseen": "Adds one rule to {app}; it was not looked at yet.",
    "card.change.ours": "Adds nothing: {network} is already open through us and stays so until the later end.",
    "card.change.foreign": "Adds nothing: a rule not made by us opens exactly this already, and stays after the end.",
    "card.change.covered": "Already covered by {cover}.",
    "card.documentation": "This is an address from a range kept for documentation.",
    "card.approve": "Approve",
    "card.deny": "Deny",
    "card.details": "Details",
    # The grey line that owns the state.
    "state.pending": ":hourglass_flowing_sand: #{id} waits for {approvers}",
    "state.denied": ":no_entry: #{id} denied by {person}, {at}",
    "state.denied.why": ":no_entry: #{id} denied by {person}, {at}: {reason}",
    "state.cancelled": ":leftwards_arrow_with_hook: #{id} taken back, {at}",
    "state.lapsed": ":zzz: #{id} lapsed undecided, {at}",
    "state.applying": ":gear: #{id} approved by {person}, {at}; being opened at Heroku, which may take 15 minutes",
    "state.in_force": ":unlock: #{id} in force since {since}, ends {ends}; approved by {person}",
    "state.interrupted": ":warning: #{id} was closed at Heroku by somebody else, noticed {at}; it is not opened again",
    "state.ending": ":lock: #{id} is being closed",
    "state.ended": ":lock: #{id} ended {at} ({why})",
    "state.failed": ":x: #{id} was not opened: {why}",
    # Why.
    "why.expired": "its time was up",
    "why.deadline": "Heroku did not make the rule within 20 minutes",
    "why.full": "the database has no room for another rule",
    "why.closed_elsewhere": "somebody else removed the rule at Heroku",
    "why.not_enabled": "mTLS is not enabled on this database",
    "why.refused": "Heroku said no",
    "why.refused.detail": "Heroku said: {detail}",
    # Notices.
    "notice.decided.approved": (
        ":white_check_mark: *#{id} is approved* by {person}. {network} → {app} is being opened; I write again as soon as it "
        "works."
    ),
    "notice.decided.denied": ":no_entry: *#{id} is denied* by {person}: {network} → {app} stays closed.",
    "notice.decided.denied.why": (
        ":no_entry: *#{id} is denied* by {person}: {network} → {app} stays closed.\n> {reason}"
    ),
    "notice.in_force": ":unlock: *{network} can reach {app}* until {ends}.",
    "notice.in_force.connect": "With your client certificate's three files beside you, connect with:",
    "notice.ending": ":hourglass_flowing_sand: *#{id} ends {ends}:* then {network} can no longer reach {app}.",
    "notice.ending.how": "Still needed? Ask again now, so that it is decided in time: `{command}`",
    "notice.ended": ":lock: *#{id} has ended:* {network} can no longer reach {app} through us ({why}).",
    "notice.ended.shared": (
        ":lock: *#{id} has ended* ({why}). The address may stay open where another request or somebody's own rule needs it."
    ),
    "notice.failed": ":x: *#{id} was not opened:* {network} cannot reach {app}. {why}.",
    "notice.failed.how": "Nothing is left open. To try again: `{command}`",
    "notice.interrupted": (
        ":warning: *#{id} was closed at Heroku by somebody else:* {network} can no longer reach {app}. "
        "I do not open again what somebody closed."
    ),
    "notice.interrupted.how": "If that was a mistake, ask again: `{command}`",
    "notice.heroku_denied": (
        ":rotating_light: *Heroku refuses our token* ({status} {id}), first seen at {app}. Nothing can be opened or closed "
        "until `HEROKU_API_KEY` is renewed; I try hourly."
    ),
    "notice.heroku_trouble": (
        ":warning: *{app} cannot be kept in step:* Heroku answers {status} {id}. What is open stays open, and ends late, "
        "until it answers; I keep trying."
    ),
    "notice.stray": (
        ":mag: *A rule with our mark that I do not know:* {network} on {app} ({rule}). I leave it alone; please check "
        "who made it."
    ),
    # Private answers.
    "asked.title": ":memo: *Asked, as #{id}:* {network} → {app}  ·  mTLS  ·  {length}",
    "asked.next": "{approvers} will decide in <#{channel}>; I write to you here in Slack as it moves on.",
    "asked.reason": "Reason: {reason}",
    "decided.approved": ":white_check_mark: You approved #{id}. {network} → {app} is being opened.",
    "decided.denied": ":no_entry: You denied #{id}. {network} → {app} stays closed.",
    "list.title": "*Open now*",
    "list.none": "Nothing is open or waiting. To ask: `/pgaccess mtls add 203.0.113.4`",
    "list.line": "*{network} → {app}*  ·  {length}  ·  {requester}",
    "list.more": "Only the newest {count} are shown.",
    "show.history": "*What happened*",
    "show.asked": "{at}  {person} asked",
    "show.approve": "{at}  {person} approved",
    "show.deny": "{at}  {person} denied",
    "show.verified": "{at}  in force, read back from Heroku",
    "show.closed": "{at}  {state}",
    "closed.ended": "ended, read back from Heroku",
    "closed.failed": "not opened",
    "closed.interrupted": "closed at Heroku by somebody else",
    "not_yet": "`{words}` is not there yet. What is: {known}. For example: `/pgaccess mtls add 203.0.113.4`",
    "trouble": (
        ":cloud: I could not reach my own records, so nothing was recorded. Please try again in a moment. "
        "(reference `{reference}`)"
    ),
    "trouble.bug": (
        ":boom: Something went wrong on my side, and nothing was recorded. If it happens again, tell whoever runs pgaccess "
        "the reference `{reference}`."
    ),
    "foreign_team": "This workspace is not the one that pgaccess was set up for.",
    # Help.
    "help.title": "*pgaccess opens Heroku databases to your address, for a while, once a lead agrees.*",
    "help.mtls": "*IP rules of a database (mTLS)*",
    "help.mtls.add": "`/pgaccess mtls add <address> [to <database>] [for 8h | until 18:00] [because <reason>]`",
    "help.reading": "*Looking*",
    "help.list": "`/pgaccess list`  what is open or waiting",
    "help.show": "`/pgaccess show 17`  one request with its history",
    "help.form": "`/pgaccess`  the same as a form",
    "help.help": "`/pgaccess help mtls`  more about one word",
    "help.examples": "*For example*",
    "help.example.short": "`/pgaccess mtls add 203.0.113.4`",
    "help.example.long": "`/pgaccess mtls add 203.0.113.0/28 to billing for 2d because quarterly migration`",
    "help.example.list": "`/pgaccess list`",
    "help.example.show": "`/pgaccess show 17`",
    "help.limits": "Without `for`, it lasts {default}; at most {longest}. You also need a client certificate to connect.",
    # Forms.
    "form.add.title": "Ask for access",
    "form.add.submit": "Ask",
    "form.cancel": "Cancel",
    "form.address": "Address",
    "form.address.hint": "An IPv4 address or network, for example 203.0.113.4 or 203.0.113.0/28",
    "form.target": "Database",
    "form.target.hint": "The app that owns it, and its space",
    "form.target.option": "{app} ({space})",
    "form.duration": "For how long",
    "form.duration.hint": "For example 90m, 8h or 2d; or a time such as 18:00. Empty means {default}.",
    "form.reason": "Reason",
    "form.reason.hint": "Why a direct connection is needed; the lead reads this",
    "form.deny.title": "Deny #{id}",
    "form.deny.submit": "Deny",
    "form.deny.about": "*{network} → {app}*, asked by {requester}",
    "form.deny.reason": "Why",
    "form.deny.hint": "The requester reads this",
}
