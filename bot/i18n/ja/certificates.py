"""What pgaccess says about certificates and mTLS as a whole, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {
    # The card.
    "card.certificate": "証明書",
    "card.certificate.ours": "`#{handle}` (所有者: {owner}、期限: {until})",
    "card.certificate.unmanaged": "`{handle}` (pgaccess が作成したものではありません。期限: {until})",
    "card.certificate.purpose": "用途",
    "card.until.unknown": "不明",
    "card.change.enables": "先に {app} の mTLS を有効にします (通常 5〜10 分かかります)。",
    "card.change.disable.requests": "次の申請による接続も終了します: {closes}。",
    "card.change.disable.others": "ほかに、pgaccess 以外が作成したルール {rules} 個と、クライアント証明書 {certificates} 個も無効になります。",
    "card.change.discard.last": ":warning: {app} で使える最後の証明書です。許可されているアドレスからも、証明書がなければ接続できなくなります。",
    # The grey line that owns the state.
    "state.doing.enable": ":gear: #{id} は {person} さんが承認しました。{since} から mTLS を有効にしています (通常 5〜10 分かかります)",
    "state.doing.issue": ":gear: #{id} は {person} さんが承認しました。{since} から発行しています (通常 5〜10 分かかります)",
    "state.enabling": ":gear: #{id} は {person} さんが承認しました。{since} から mTLS を有効にしています (通常 5〜10 分かかります)。その後アドレスを許可します",
    # Why.
    "why.deadline.change": "Heroku での処理が 20 分以内に終わらなかったため",
    "why.closed_elsewhere.change": "その間に誰かが mTLS を無効にしたため",
    "why.not_made": "Heroku からの応答が失われ、新しい証明書も見つからなかったため",
    "why.several": "Heroku からの応答が失われ、新しい証明書が複数見つかったため",
    # Notices.
    "notification.certificate_ready": ":key: *{app} のクライアント証明書 #{id} ができました。* 期限は {until} です。ファイルはボタンから受け取ってください。Slack 上には送信されません。",
    "notification.certificate_ready.enable": ":key: *{app} の mTLS が有効になり、最初のクライアント証明書ができました* (#{id})。期限は {until} です。ファイルはボタンから受け取ってください。Slack 上には送信されません。",
    "notification.certificate_gone": ":lock: *{app} のクライアント証明書 #{id} は使えなくなりました。* 証明書が削除されたか、mTLS が無効になりました。まだ必要な場合: `/pgaccess mtls certificate new on {app}`",
    "notification.certificate_unmanaged": ":mag: *{app} に pgaccess 以外でクライアント証明書が作成されました:* {name} ( `{handle}` )。こちらでは変更しません。誰が作成したか確認してください。 `/pgaccess mtls certificate list {app}`",
    "notification.done.enable": "あなたのための証明書は作成されていません。接続には証明書が必要です: `/pgaccess mtls certificate new on {app}`",
    "several.ask": "*#{id} のために作成されたのは、次のうちどの証明書ですか。* どれでもないことが確かなら *もう一度試す* を押してください。",
    "several.one": "`{handle}`  {name}、期限: {until}",
    "button.pick": "これです",
    "done.picked": ":white_check_mark: 承知しました。#{id} の証明書が使えるようになったらお知らせします。",
    # All certificates.
    "stock.title": "*クライアント証明書*",
    "stock.none": "確認できるクライアント証明書はありません。申請するには: `/pgaccess mtls certificate new on {app}`",
    "stock.database": "*{app}* ({at} 時点)",
    "stock.database.unread": "*{app}*: まだ確認していません",
    "stock.database.off": "*{app}*: mTLS は有効になっていません",
    "stock.ours": "`#{handle}`  {owner}  ·  {purpose}\n{status}、発行: {made}、期限: {until}、最終確認: {seen}",
    "stock.unmanaged": "`{handle}`  pgaccess 以外が作成  ·  {name}\n{status}、初回確認: {made}、期限: {until}、最終確認: {seen}",
    "stock.purpose.none": "用途の記載なし",
    "stock.more": "… ほか {count} 件。データベースを指定すると、そのすべてを表示します。",
    # Forms.
    "form.enables": ":information_source: *{app} の mTLS はまだ有効になっていません。* この申請で両方を依頼します。先に mTLS を有効にし (通常 5〜10 分かかり、あなたの最初のクライアント証明書も作成されます)、その後アドレスを許可します。",
    "form.disable.title": "mTLS を無効にする",
    "form.disable.submit": "申請",
    "form.disable.about": "*{app}* の mTLS を無効にする申請です。承認されると次のものが直ちに使えなくなり、元に戻せません:",
    "form.disable.rules": "• ルール {count} 個: {networks}",
    "form.disable.requests": "• 申請による接続: {closes}",
    "form.disable.certificates": "• クライアント証明書 {count} 個: {handles}",
    "form.disable.nothing": "• 確認できる範囲では、ありません",
    "form.disable.more": "ほか {count} 個",
    "form.disable.name": "アプリ名を入力",
    "form.disable.name.hint": "{app} と入力してください (取り違えを防ぐためです)",
    # Help.
    "help.certificates": "*クライアント証明書 (mTLS)*",
    "help.mtls.enable": "`/pgaccess mtls enable|disable &lt;データベース&gt;`  データベースの mTLS を有効または無効にする",
    "help.certificates.new": "`/pgaccess mtls certificate new on &lt;データベース&gt; [because &lt;用途&gt;]`  証明書を申請する",
    "help.certificates.list": "`/pgaccess mtls certificate list [&lt;データベース&gt;]`  証明書の一覧、所有者、期限",
    "help.certificates.get": "`/pgaccess mtls certificate get 17`  自分の証明書のファイルを受け取る",
    "help.certificates.rotate": "`/pgaccess mtls certificate rotate 17`  新しい証明書に置き換える",
    "help.certificates.remove": "`/pgaccess mtls certificate remove 17`  証明書を使えなくする",
    # Why somebody may not get through.
    "why.step.certificate.mine": ":key: あなたのクライアント証明書 #{handle} は、あと {days} 日、{until} まで有効です。",
    "why.step.certificate.mine.soon": ":warning: あなたのクライアント証明書 #{handle} は、あと {left} ({until}) で期限が切れます: `/pgaccess mtls certificate rotate {handle}`",
    "why.step.certificate.mine.expired": ":x: あなたのクライアント証明書 #{handle} は期限切れです ({until}): `/pgaccess mtls certificate rotate {handle}`",
    "why.step.certificate.mine.pending": ":hourglass_flowing_sand: あなたのクライアント証明書 #{handle} はまだ発行中です。使えるようになったらお知らせします。",
}
