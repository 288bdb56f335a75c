"""What pgaccess says about certificates and mTLS as a whole, in English."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    # The card.
    "card.certificate": "Certificate",
    "card.certificate.ours": "`#{handle}` of {owner}, ends {until}",
    "card.certificate.unmanaged": "`{handle}`, not made by pgaccess, ends {until}",
    "card.certificate.purpose": "For",
    "card.until.unknown": "at a time that is not known",
    "card.change.enables": "First enables mTLS on {app}, which usually takes 5 to 10 minutes.",
    "card.change.disable.requests": "Among them access by request: {closes}.",
    "card.change.disable.others": "Also rules that pgaccess did not make ({rules}), and client certificates ({certificates}).",
    "card.change.discard.last": ":warning: It is the last certificate of {app} that works: whoever is let in there cannot connect without one.",
    # The grey line that owns the state.
    "state.doing.enable": ":gear: #{id} approved by {person}; mTLS is being enabled since {since}, which usually takes 5 to 10 minutes",
    "state.doing.issue": ":gear: #{id} approved by {person}; being made since {since}, which usually takes 5 to 10 minutes",
    "state.enabling": ":gear: #{id} approved by {person}; mTLS is being enabled since {since}, which usually takes 5 to 10 minutes, then the address is let in",
    # Why.
    "why.deadline.change": "Heroku did not finish within 20 minutes",
    "why.closed_elsewhere.change": "somebody disabled mTLS meanwhile",
    "why.not_made": "Heroku's answer was lost, and no new certificate turned up",
    "why.several": "Heroku's answer was lost, and more than one new certificate turned up",
    # Notices.
    "notification.certificate_ready": ":key: *Your client certificate #{id} of {app} is ready*, and ends {until}. Get its files with the button: they never go through Slack.",
    "notification.certificate_ready.enable": ":key: *mTLS is enabled on {app}, and your first client certificate is ready* (#{id}). It ends {until}. Get its files with the button: they never go through Slack.",
    "notification.certificate_gone": ":lock: *Your client certificate #{id} of {app} does not work any more:* it was removed, or mTLS was disabled. Still needed? `/pgaccess mtls certificate new on {app}`",
    "notification.certificate_unmanaged": ":mag: *A client certificate of {app} was made without pgaccess:* {name} (`{handle}`). I leave it alone; please find out who made it. `/pgaccess mtls certificate list {app}`",
    "notification.done.enable": "Nobody made a certificate on your account. You need one to connect: `/pgaccess mtls certificate new on {app}`",
    "several.ask": "*Which of these is the one that was made for #{id}?* If you are sure that it is none of them, press *Try again*.",
    "several.one": "`{handle}`  {name}, ends {until}",
    "button.pick": "This one",
    "done.picked": ":white_check_mark: Noted. I'll say so once the certificate of #{id} is ready.",
    # All certificates.
    "stock.title": "*Client certificates*",
    "stock.none": "There are no client certificates that I know of. Ask for one: `/pgaccess mtls certificate new on {app}`",
    "stock.database": "*{app}*, as of {at}",
    "stock.database.unread": "*{app}*: not read yet",
    "stock.database.off": "*{app}*: mTLS is not enabled",
    "stock.ours": "`#{handle}`  {owner}  ·  {purpose}\n{status}, made {made}, ends {until}, last seen {seen}",
    "stock.unmanaged": "`{handle}`  not made by pgaccess  ·  {name}\n{status}, first seen {made}, ends {until}, last seen {seen}",
    "stock.purpose.none": "no purpose given",
    "stock.more": "… and {count} more; name a database to see its own.",
    # Forms.
    "form.enables": ":information_source: *mTLS is not enabled on {app} yet.* This request asks for both: it is enabled first, which usually takes 5 to 10 minutes and makes a first client certificate for you; then the address is let in.",
    "form.disable.title": "Disable mTLS",
    "form.disable.submit": "Ask",
    "form.disable.about": "This asks to disable mTLS on *{app}*. Once approved, all of this ends at once, and cannot be undone:",
    "form.disable.rules": "• rules ({count}): {networks}",
    "form.disable.requests": "• access by request: {closes}",
    "form.disable.certificates": "• client certificates ({count}): {handles}",
    "form.disable.nothing": "• nothing, as far as I can see",
    "form.disable.more": "and {count} more",
    "form.disable.name": "Type the app's name",
    "form.disable.name.hint": "{app}, so that nobody disables another one by a slip",
    # Help.
    "help.certificates": "*Client certificates (mTLS)*",
    "help.mtls.enable": "`/pgaccess mtls enable|disable &lt;database&gt;`  mTLS on a database as a whole",
    "help.certificates.new": "`/pgaccess mtls certificate new on &lt;database&gt; [because &lt;purpose&gt;]`  ask for one",
    "help.certificates.list": "`/pgaccess mtls certificate list [&lt;database&gt;]`  which there are, whose, and until when",
    "help.certificates.get": "`/pgaccess mtls certificate get 17`  the files of your own",
    "help.certificates.rotate": "`/pgaccess mtls certificate rotate 17`  a new one in place of an old one",
    "help.certificates.remove": "`/pgaccess mtls certificate remove 17`  make one worthless",
    # Why somebody may not get through.
    "why.step.certificate.mine": ":key: Your client certificate #{handle} is valid for {days} more days, until {until}.",
    "why.step.certificate.mine.soon": ":warning: Your client certificate #{handle} expires in {left}, on {until}: `/pgaccess mtls certificate rotate {handle}`",
    "why.step.certificate.mine.expired": ":x: Your client certificate #{handle} has expired, on {until}: `/pgaccess mtls certificate rotate {handle}`",
    "why.step.certificate.mine.pending": ":hourglass_flowing_sand: Your client certificate #{handle} is still being made; I tell you when it is ready.",
}
