"""What pgaccess says, in Japanese. Refusals have a catalogue of their own."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {
    # The card.
    "card.text": "{requester} さんが {network} から {app} への接続を申請しました({length})",
    "card.title": "*{network} → {app}*  ·  mTLS  ·  {length}",
    "card.who": "申請者 {requester}、{asked}",
    "card.mine": "*あなたの申請 #{id}:* {network} → {app}  ·  mTLS  ·  {length}",
    "card.database": "データベース",
    "card.place": "場所",
    "card.place.space": "{space}({region})",
    "card.place.shield": "{space}({region}、Shield)",
    "card.width": "範囲",
    "card.width.one": "1 アドレス",
    "card.width.many": "{count} アドレス",
    "card.length": "期間",
    "card.length.duration": "開通から {duration}",
    "card.length.until": "{until} まで",
    "card.short.until": "{until} まで",
    "card.reason": "> {reason}",
    "card.reason.none": "_理由の記入はありません。_",
    "card.change.add": "{app} にルールを 1 つ追加します({limit} 個中 {used} 個を使用中)。",
    "card.change.unseen": "{app} にルールを 1 つ追加します(現在の状態は未確認です)。",
    "card.change.ours": "追加はありません: {network} は pgaccess によりすでに開いており、遅いほうの終了時刻まで開いたままです。",
    "card.change.foreign": "追加はありません: pgaccess 以外が作ったルールで同じ範囲がすでに開いており、終了後もそのまま残ります。",
    "card.change.covered": "すでに {cover} に含まれています。",
    "card.documentation": "このアドレスは文書用に予約された範囲のものです。",
    "card.approve": "承認",
    "card.deny": "却下",
    "card.details": "詳細",
    # The grey line that owns the state.
    "state.pending": ":hourglass_flowing_sand: #{id} は {approvers} の判断待ちです",
    "state.denied": ":no_entry: #{id} は {at} に {person} さんが却下しました",
    "state.denied.why": ":no_entry: #{id} は {at} に {person} さんが却下しました: {reason}",
    "state.cancelled": ":leftwards_arrow_with_hook: #{id} は {at} に取り下げられました",
    "state.lapsed": ":zzz: #{id} は判断されないまま {at} に失効しました",
    "state.applying": ":gear: #{id} は {at} に {person} さんが承認しました。Heroku で開通作業中です(15 分ほどかかることがあります)",
    "state.in_force": ":unlock: #{id} は {since} から有効、{ends} に終了します。承認者は {person} さんです",
    "state.interrupted": ":warning: #{id} は Heroku 側で誰かに閉じられました({at} に検知)。再び開くことはありません",
    "state.ending": ":lock: #{id} を閉じています",
    "state.ended": ":lock: #{id} は {at} に終了しました({why})",
    "state.failed": ":x: #{id} は開通しませんでした: {why}",
    # Why.
    "why.expired": "期限が来たため",
    "why.deadline": "Heroku が 20 分以内にルールを作成しなかったため",
    "why.full": "このデータベースにはこれ以上ルールを追加できないため",
    "why.closed_elsewhere": "Heroku 側で誰かがルールを削除したため",
    "why.not_enabled": "このデータベースでは mTLS が有効になっていないため",
    "why.refused": "Heroku が拒否したため",
    "why.refused.detail": "Heroku の回答: {detail}",
    # Notices.
    "notice.decided.approved": (
        ":white_check_mark: *#{id} は承認されました*(承認者 {person} さん)。{network} → {app} を開いています。"
        "使えるようになったらすぐお知らせします。"
    ),
    "notice.decided.denied": ":no_entry: *#{id} は却下されました*({person} さん)。{network} → {app} は閉じたままです。",
    "notice.decided.denied.why": (
        ":no_entry: *#{id} は却下されました*({person} さん)。{network} → {app} は閉じたままです。\n> {reason}"
    ),
    "notice.in_force": ":unlock: *{network} から {app} に接続できます*({ends} まで)。",
    "notice.in_force.connect": "クライアント証明書の 3 つのファイルを手元に置いて、次のコマンドで接続してください:",
    "notice.ending": ":hourglass_flowing_sand: *#{id} は {ends} に終了します。* その後、{network} から {app} には接続できません。",
    "notice.ending.how": "まだ必要な場合は、判断が間に合うよう今のうちに申請してください: `{command}`",
    "notice.ended": ":lock: *#{id} は終了しました。* {network} から {app} へは、pgaccess 経由では接続できません({why})。",
    "notice.ended.shared": (
        ":lock: *#{id} は終了しました*({why})。ほかの申請や pgaccess 以外のルールが必要としている場合、"
        "このアドレスは開いたままのことがあります。"
    ),
    "notice.failed": ":x: *#{id} は開通しませんでした。* {network} から {app} には接続できません。{why}。",
    "notice.failed.how": "開いたままのものはありません。もう一度試すには: `{command}`",
    "notice.interrupted": (
        ":warning: *#{id} は Heroku 側で誰かに閉じられました。* {network} から {app} にはもう接続できません。"
        "誰かが閉じたものを、pgaccess が再び開くことはありません。"
    ),
    "notice.interrupted.how": "手違いであれば、もう一度申請してください: `{command}`",
    "notice.heroku_denied": (
        ":rotating_light: *Heroku がトークンを拒否しています*({status} {id}、最初の検知は {app})。`HEROKU_API_KEY` を"
        "更新するまで、開くことも閉じることもできません。1 時間ごとに再試行します。"
    ),
    "notice.heroku_trouble": (
        ":warning: *{app} を同期できません:* Heroku の応答は {status} {id} です。応答が戻るまで、開いているものは開いたままで、"
        "終了が遅れます。再試行を続けます。"
    ),
    "notice.stray": (
        ":mag: *pgaccess の印が付いた見覚えのないルールがあります:* {app} の {network}({rule})。変更はしません。"
        "誰が作ったものか確認してください。"
    ),
    # Private answers.
    "asked.title": ":memo: *申請しました(#{id}):* {network} → {app}  ·  mTLS  ·  {length}",
    "asked.next": "<#{channel}> で {approvers} が判断します。進み具合は Slack でお知らせします。",
    "asked.reason": "理由: {reason}",
    "decided.approved": ":white_check_mark: #{id} を承認しました。{network} → {app} を開いています。",
    "decided.denied": ":no_entry: #{id} を却下しました。{network} → {app} は閉じたままです。",
    "list.title": "*現在の一覧*",
    "list.none": "開いているもの、判断待ちのものはありません。申請するには: `/pgaccess mtls add 203.0.113.4`",
    "list.line": "*{network} → {app}*  ·  {length}  ·  {requester}",
    "list.more": "新しいものから {count} 件だけを表示しています。",
    "show.history": "*経緯*",
    "show.asked": "{at}  {person} さんが申請",
    "show.approve": "{at}  {person} さんが承認",
    "show.deny": "{at}  {person} さんが却下",
    "show.verified": "{at}  有効(Heroku で確認済み)",
    "show.closed": "{at}  {state}",
    "closed.ended": "終了(Heroku で確認済み)",
    "closed.failed": "開通せず",
    "closed.interrupted": "Heroku 側で誰かが閉じた",
    "not_yet": "`{words}` はまだ使えません。使えるもの: {known}。例: `/pgaccess mtls add 203.0.113.4`",
    "trouble": (
        ":cloud: 記録に接続できなかったため、何も記録されていません。少し待ってからもう一度お試しください。"
        "(照会番号 `{reference}`)"
    ),
    "trouble.bug": (
        ":boom: こちらで問題が発生し、何も記録されていません。繰り返す場合は、照会番号 `{reference}` を pgaccess の"
        "運用担当者に伝えてください。"
    ),
    "foreign_team": "このワークスペースは、pgaccess が設定されたワークスペースではありません。",
    # Help.
    "help.title": "*pgaccess は、リードの承認を得て、Heroku のデータベースをあなたのアドレスに一定期間だけ開きます。*",
    "help.mtls": "*データベースの IP ルール(mTLS)*",
    "help.mtls.add": "`/pgaccess mtls add <アドレス> [to <データベース>] [for 8h | until 18:00] [because <理由>]`",
    "help.reading": "*確認する*",
    "help.list": "`/pgaccess list`  開いているものと判断待ちのもの",
    "help.show": "`/pgaccess show 17`  1 件の申請とその経緯",
    "help.form": "`/pgaccess`  同じことをフォームで",
    "help.help": "`/pgaccess help mtls`  1 つの言葉について詳しく",
    "help.examples": "*例*",
    "help.example.short": "`/pgaccess mtls add 203.0.113.4`",
    "help.example.long": "`/pgaccess mtls add 203.0.113.0/28 to billing for 2d because 四半期の移行作業`",
    "help.example.list": "`/pgaccess list`",
    "help.example.show": "`/pgaccess show 17`",
    "help.limits": "`for` がなければ {default}、最長で {longest} です。接続にはクライアント証明書も必要です。",
    # Forms.
    "form.add.title": "接続の申請",
    "form.add.submit": "申請",
    "form.cancel": "キャンセル",
    "form.address": "アドレス",
    "form.address.hint": "IPv4 のアドレスまたはネットワーク。例: 203.0.113.4、203.0.113.0/28",
    "form.target": "データベース",
    "form.target.hint": "所有するアプリとスペース",
    "form.target.option": "{app}({space})",
    "form.duration": "期間",
    "form.duration.hint": "例: 90m、8h、2d、または 18:00 のような時刻。空欄なら {default} です。",
    "form.reason": "理由",
    "form.reason.hint": "直接の接続が必要な理由。リードが読みます",
    "form.deny.title": "#{id} を却下",
    "form.deny.submit": "却下",
    "form.deny.about": "*{network} → {app}*、申請者 {requester}",
    "form.deny.reason": "理由",
    "form.deny.hint": "申請者が読みます",
}
