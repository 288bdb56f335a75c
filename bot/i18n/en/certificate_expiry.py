"""What pgaccess says about certificates that grow old, and about rotating them, in English."""

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    # Reminders of an end: to the owner, to those who approve, and where nobody owns it.
    "notification.expiry": ":hourglass_flowing_sand: *Your client certificate #{id} of {app} expires within {left}*, {until}.",
    "notification.expiry.over": ":x: *Your client certificate #{id} of {app} has expired*, {until}. Whatever connects with it is refused from now on (`sslv3 alert certificate expired`).",
    "notification.expiry_copy": ":hourglass_flowing_sand: {people} *Client certificate #{id} of {app} expires within {left}*, {until}. It belongs to {owner}.",
    "notification.expiry_copy.over": ":x: {people} *Client certificate #{id} of {app} has expired*, {until}. Whatever connects with it is refused from now on (`sslv3 alert certificate expired`). It belongs to {owner}.",
    "notification.expiry_orphan": ":hourglass_flowing_sand: {people} *Client certificate #{id} of {app} expires within {left}*, {until}, and nobody looks after it: {owner} is no longer an active member.",
    "notification.expiry_orphan.over": ":x: {people} *Client certificate #{id} of {app} has expired*, {until}, and nobody looked after it: {owner} is no longer an active member. Whatever connects with it is refused from now on (`sslv3 alert certificate expired`).",
    "expiry.purpose": "> {purpose}",
    "expiry.how": "Heroku renews nothing. Have a new one made, and install it before then: `/pgaccess mtls certificate rotate {id}`",
    "expiry.how.over": "Have a new one made: `/pgaccess mtls certificate rotate {id}`",
    "expiry.reminded": "Reminded {left} before the end.",
    "expiry.reminded.end": "Reminded at the end.",
    "expiry.noted": ":eyes: {person} took note, {at}.",
    "expiry.unnoted": "Nobody has taken note of this yet.",
    "expiry.snoozed": ":zzz: Comes again {until}.",
    "expiry.gone": ":lock: Client certificate #{id} of {app} is gone meanwhile; there is nothing more to do about its end.",
    "button.acknowledge": "I know",
    "button.snooze": "Remind me later",
    "button.rotate": "Rotate",
    # Answers to the buttons.
    "answer.acknowledged": ":eyes: Noted. I'll say no more about certificate #{id} of {app} until the next reminder is due.",
    "answer.snoozed": ":zzz: I'll remind you of certificate #{id} of {app} again {until}.",
    "answer.installed": ":white_check_mark: Noted. The old certificate of {app} works until {until}; then #{id} removes it. Something still uses it? Press *Keep the old one* before then.",
    "answer.kept_old": ":key: Noted: both certificates of {app} stay. Press *Installed* once nothing uses the old one any more; #{id} waits for that.",
    "answer.testing": ":gear: I am connecting to {app} with the new certificate of #{id}. What comes of it stands in our direct conversation, above its buttons, usually within half a minute.",
    # Once a week: what nobody owns.
    "notification.unowned": ":card_index: *Client certificates that nobody owns*, as of {at}",
    "unowned.line.unmanaged": "`{handle}`  {name}, not made by pgaccess: ends {until}",
    "unowned.line.orphan": "`#{handle}`  made for {owner}, who is no longer an active member: ends {until}",
    "unowned.unknown": "at a time that is not known",
    "unowned.more": "… and {count} more: `/pgaccess mtls certificate list`",
    "unowned.how": "Still needed? Whoever has one rotated owns the new one: `/pgaccess mtls certificate rotate {handle}`. Not needed: `/pgaccess mtls certificate remove {handle}`",
    # Rotating.
    "state.rotating.making": ":gear: #{id} approved by {person}; the new certificate is being made at Heroku since {since}, which usually takes 5 to 10 minutes",
    "state.rotating.installing": ":key: #{id}: the new certificate is ready since {ready}; the old one works on until somebody says that the new one is installed",
    "state.rotating.resting": ":hourglass_flowing_sand: #{id}: installed since {installed}; the old certificate will be removed {remove}",
    "state.rotating.removing": ":lock: #{id}: the new certificate is installed; the old one is being removed",
    "notification.rotation_ready": ":key: *The new client certificate of {app} is ready (#{id}).* Get its files, put them where the old ones are, and press *Installed*. The old one works on until then, and for {grace} more.",
    "notification.install": ":bell: *Is the new client certificate of {app} installed?* #{id} has waited for your word since {since}; until you give it, the old one works on. I'll stop waiting {over}, and then both stay.",
    "notification.install.over": ":bell: #{id} has moved on: it no longer waits for the new client certificate of {app} to be installed.",
    "button.installed": "Installed",
    "button.keep_old": "Keep the old one",
    "button.test": "Test it",
    # What came of connecting with the new certificate from where the bot runs.
    "rotation.test.under_way": ":gear: I am connecting with the new certificate, since {since}",
    "rotation.test.connected": ":white_check_mark: Tested {at}: the database let me in with the new certificate. Whether it is installed where you use it, only you can tell.",
    "rotation.test.not_accepted": ":x: Tested {at}: the database does not accept the new certificate. Do not install it, and keep the old one; it is not removed while this stands here.",
    "rotation.test.not_let_in": ":warning: Tested {at}: the database refuses the address that I come from, so I know nothing about the certificate. Have my address let in and test again, or try it from where you use it.",
    "rotation.test.unreachable": ":warning: Tested {at}: the database did not answer, so I know nothing about the certificate. Heroku does not answer an address that is not let in, and most likely mine is not: have it let in and test again, or try it from where you use it.",
    "rotation.test.not_asked": ":warning: Tested {at}: from where I am, {app} lets me in without a certificate, so I know nothing about it. Try it from where you use it.",
    "rotation.test.not_fetched": ":warning: Tested {at}: Heroku did not give me the certificate and the address, so I did not connect. Test again in a minute.",
    "rotation.test.other": ":warning: Tested {at}: I could not connect, and cannot tell why. Try it from where you use it, with the line in the README beside the files.",
    "rotation.test.off": ":warning: Not tested: that was switched off meanwhile (`PGACCESS_PROBE`). Try it from where you use it.",
    "why.new_gone": "the new certificate is not ready any more; somebody removed it at Heroku",
    "why.old_gone": "somebody else removed the old certificate at Heroku before the new one was installed",
    "why.not_installed": "nobody said within two weeks that the new certificate is installed; both certificates are still there",
    "why.not_accepted": "the last test said that the database does not accept the new certificate; both certificates are still there. *Try again* removes the old one all the same",
}
