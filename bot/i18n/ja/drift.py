"""What pgaccess says about drift, and about entries that somebody else made, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {
    # The card.
    "card.change.rule": "Heroku での状態は {status} 、説明は次のとおりです: {text}",
    "card.change.rule.bare": "Heroku での状態は {status} で、説明はありません。",
    "card.change.rule.more": "… 同じネットワークにあと {count} 件",
    "why.needed": "利用中の申請がこれを必要としているため (先にそちらを終了してください)",
    "notification.done.back": "後で削除するには: `{command}`",
    # What operations hears.
    "notification.rule_unmanaged": ":mag: *{network} から {app} への接続が pgaccess 以外によって許可されました。* このままにしておきます。削除するには: `/pgaccess mtls remove {network} from {app}` 。管理を引き継ぐには: `/pgaccess mtls adopt {network} on {app}`",
    "notification.rules_unmanaged": ":mag: *{app} への接続が pgaccess 以外によって {count} 件許可されました。* {networks} 。このままにしておきます。すべて見るには: `/pgaccess status {app}` 。1 件ずつ削除するか管理を引き継ぐには: `/pgaccess mtls remove 203.0.113.4 from {app}` 、 `/pgaccess mtls adopt 203.0.113.4 on {app}`",
    "notification.rule_back": ":rotating_light: *pgaccess が削除したのに、{network} から {app} への接続がまた許可されています。* 申請はありませんでした。削除するには: `/pgaccess mtls remove {network} from {app}`",
    "notification.rule_missing": ":mag: *{network} から {app} への接続が許可されなくなりました。* pgaccess が管理を引き継いだルールですが、他の人が削除しました。このままにしておきます。",
    "notification.rule_unapplied": ":warning: *{app} の {network} は一覧にありますが、有効になっていません。* 以前は許可されていましたが、Heroku の状態は {status} です。確認を続けます。変わらなければ Heroku サポートに問い合わせてください。",
    "notification.link_missing": ":mag: *AWS `{account}` から {app} への許可がなくなりました。* pgaccess が管理を引き継いだアカウントですが、他の人が削除しました。このままにしておきます。",
    "notification.link_unapplied": ":warning: *{app} の AWS `{account}` は一覧にありますが、有効になっていません。* 以前は接続できましたが、Heroku の状態は {status} です。確認を続けます。変わらなければ Heroku サポートに問い合わせてください。",
    # As status.
    "drift.title": "*想定と異なる点*",
    "drift.interrupted": ":warning: `{entry}` がありません。他の人が閉じました ({requests})",
    "drift.missing": ":warning: `{entry}` がありません。pgaccess が管理を引き継いでいましたが、他の人が削除しました",
    "drift.back": ":rotating_light: `{entry}` が戻っています。pgaccess が削除した後で、申請はありませんでした",
    "drift.unapplied": ":warning: `{entry}` は一覧にありますが、有効になっていません",
    "drift.more": "… ほか {count} 件",
    # The space's ranges, on a database's status and in `why`.
    "status.trusted": "*スペース {space} の信頼済み範囲* (Web トラフィックも対象)、{limit} 個中 {used} 個 ({at} 現在): {ranges}",
    "status.trusted.none": "*スペース {space} の信頼済み範囲*: まだ確認していません。",
    "status.trusted.more": "{ranges} … ほか {count} 個: `/pgaccess trusted status {space}`",
    "why.range.title": "*スペース {space} に接続できない理由* ({at} 現在)",
    "why.range.none": ":x: スペース {space} には、開いているものも承認待ちのものもありません。申請するには: `/pgaccess trusted add 203.0.113.4 to {space}`",
    "why.range.missing": ":x: {network} はスペース {space} の一覧にありません (#{id}): {state}",
    "why.range.unapplied": ":x: {network} はスペース {space} の一覧にありますが (#{id})、その一覧は保存されているだけで有効になっていません。",
    "why.range.services": ":x: {network} からスペース {space} に接続できるのは Web トラフィックだけです (#{id})。Heroku サポートがデータサービスへの適用を有効にしていないため、データベースには接続できません。",
    "why.range.open": ":white_check_mark: {network} からスペース {space} 全体に接続できます (#{id})。今の接続元が別のアドレスなら、そのアドレスを申請してください。",
    # The form for a range.
    "form.trusted.title": "範囲を申請する",
    "form.trusted.about": ":warning: *スペース全体* への接続を許可します。すべてのアプリの Web トラフィックも対象です。クライアントが対応していれば mTLS を、同じリージョンの Amazon VPC からなら PrivateLink を使ってください。",
    "form.trusted.space": "スペース",
    "form.trusted.space.hint": "Private Space のみ。Shield と Fir のスペースには範囲を設定できません",
    "form.trusted.option": "{space} ({region})",
    # Help.
    "help.mtls.adopt": "`/pgaccess mtls adopt &lt;アドレス&gt; on &lt;データベース&gt;`  ほかの人が作成したルールの管理を引き継ぐ",
    "help.link.adopt": "`/pgaccess privatelink adopt &lt;アカウント&gt; on &lt;データベース&gt;`  ほかの人が許可したアカウントの管理を引き継ぐ",
}
