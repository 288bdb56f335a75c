"""What pgaccess says about drift, and about entries that somebody else made, in English."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    # The card.
    "card.change.rule": "At Heroku it is {status}, described as: {text}",
    "card.change.rule.bare": "At Heroku it is {status}, without a description.",
    "card.change.rule.more": "… and {count} more for the same network",
    "why.needed": "an open request relies on it; end that first",
    "notification.done.back": "To have it removed later: `{command}`",
    # What operations hears.
    "notification.rule_unmanaged": ":mag: *Somebody else let {network} in to {app}.* I leave it alone. To have it removed: `/pgaccess mtls remove {network} from {app}`. To have it taken over: `/pgaccess mtls adopt {network} on {app}`",
    "notification.rules_unmanaged": ":mag: *Somebody else let {count} addresses in to {app}:* {networks}. I leave them alone; `/pgaccess status {app}` shows them all. To have one removed or taken over: `/pgaccess mtls remove 203.0.113.4 from {app}`, `/pgaccess mtls adopt 203.0.113.4 on {app}`",
    "notification.rule_back": ":rotating_light: *{network} is let in to {app} again, though I had removed it.* Nobody asked me for that. To have it removed: `/pgaccess mtls remove {network} from {app}`",
    "notification.rule_missing": ":mag: *{network} is not let in to {app} any more.* pgaccess had taken the rule over, and somebody else removed it. I leave it that way.",
    "notification.rule_unapplied": ":warning: *{network} is listed on {app} and not in force:* Heroku says {status}, although it was authorised before. I keep looking; if it stays so, ask Heroku's support.",
    "notification.link_missing": ":mag: *AWS `{account}` is not let in to {app} any more.* pgaccess had taken it over, and somebody else took it out. I leave it that way.",
    "notification.link_unapplied": ":warning: *AWS `{account}` is listed on {app} and not in force:* Heroku says {status}, although it could connect before. I keep looking; if it stays so, ask Heroku's support.",
    # As status.
    "drift.title": "*Otherwise than it was left*",
    "drift.interrupted": ":warning: `{entry}` is missing: somebody else closed it ({requests})",
    "drift.missing": ":warning: `{entry}` is missing: pgaccess had taken it over, and somebody else took it away",
    "drift.back": ":rotating_light: `{entry}` is back, after pgaccess removed it; nobody asked for that",
    "drift.unapplied": ":warning: `{entry}` is listed and not in force",
    "drift.more": "… and {count} more",
    # The space's ranges, on a database's status and in `why`.
    "status.trusted": "*Trusted ranges of the space {space}* (its web traffic too), {used} of {limit}, as of {at}: {ranges}",
    "status.trusted.none": "*Trusted ranges of the space {space}*: not looked at yet.",
    "status.trusted.more": "{ranges} … and {count} more: `/pgaccess trusted status {space}`",
    "why.range.title": "*Why you may not reach the space {space}*, as of {at}",
    "why.range.none": ":x: You have nothing open or waiting in the space {space}. Ask: `/pgaccess trusted add 203.0.113.4 to {space}`",
    "why.range.missing": ":x: {network} is not in the list of the space {space} (#{id}): {state}",
    "why.range.unapplied": ":x: {network} is in the list of the space {space} (#{id}), and that list is stored and not in force.",
    "why.range.services": ":x: {network} is let in to the space {space} (#{id}), to its web traffic only: Heroku's support has not opened data services there, so no database answers.",
    "why.range.open": ":white_check_mark: {network} is let in to the whole space {space} (#{id}). If you come from another address now, ask for that one.",
    # The form for a range.
    "form.trusted.title": "Ask for a range",
    "form.trusted.about": ":warning: This lets a range in to the *whole space*, the web traffic of all its apps included. Where the client can, take mTLS, or PrivateLink from an Amazon VPC in the same region.",
    "form.trusted.space": "Space",
    "form.trusted.space.hint": "Private Spaces only: neither Shield nor Fir can have ranges",
    "form.trusted.option": "{space} ({region})",
    # Help.
    "help.mtls.adopt": "`/pgaccess mtls adopt &lt;address&gt; on &lt;database&gt;`  take over a rule that somebody else made",
    "help.link.adopt": "`/pgaccess privatelink adopt &lt;account&gt; on &lt;database&gt;`  take over an account that somebody else let in",
}
