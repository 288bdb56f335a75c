"""What pgaccess says where it hands out a certificate's files, in Slack and on its own pages, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {
    "button.files": "ファイルを受け取る",
    "files.sent": (
        ":key: 証明書 `{handle}` のファイルへのリンクをダイレクトメッセージで送りました。"
        "使えるのは一度だけ、{until} までです。"
    ),
    "files.sent.already": (
        "証明書 `{handle}` のファイルへのリンクは、すでにダイレクトメッセージで送っています。"
        "新しいリンクが必要なときは `/pgaccess mtls certificate get {handle}` と入力してください。"
    ),
    "files.unclear": (
        "リンクのメッセージが Slack に届いたか確認できませんでした。ダイレクトメッセージに届かないときは、もう一度 "
        "`/pgaccess mtls certificate get {handle}` と入力してください。"
    ),
    "notification.download_link": ":key: *{app}* の証明書 `{handle}` のファイルを受け取れます。",
    "notification.download_link.link": "ファイルをダウンロード",
    "notification.download_link.once": "このリンクが使えるのは一度だけ、{until} までです。その後はここから消えます。",
    "notification.download_link.care": (
        "開いた人に秘密鍵が渡ります。誰にも転送しないでください。ファイル自体は Slack を通りません。"
    ),
    "notification.download_link.delivered": (
        ":white_check_mark: *{app}* の証明書 `{handle}` のファイルが {at} にダウンロードされました。"
        "心当たりがなければ、すぐに証明書を交換してください: `/pgaccess mtls certificate rotate {handle}`"
    ),
    "notification.download_link.expired": (
        "*{app}* の証明書 `{handle}` のファイルへのリンクは、使われないまま期限が切れました。"
    ),
    "notification.download_link.replaced": (
        "*{app}* の証明書 `{handle}` のファイルへのこのリンクは無効になりました。新しいリンクに置き換わっています。"
    ),
    "notification.download_link.burnt": (
        ":warning: 誤った秘密の値での試行が多すぎたため、 *{app}* の証明書 `{handle}` のファイルへのリンクを"
        "無効にしました。ファイルは渡っていません。"
    ),
    "page.download_link.title": "証明書のファイル",
    "page.download_link.text": (
        "クライアント証明書、その秘密鍵、サーバーを確認するための証明書を、一つの zip ファイルで一度だけお渡しします。"
    ),
    "page.download_link.button": "ダウンロード",
    "page.download_link.field": "リンクの # より後ろの部分",
    "page.download_link.by_hand": (
        "リンクの秘密の部分が届いていません。リンクの # より後ろをコピーしてこの欄に貼り付けるか、"
        "Slack からリンクを開き直してください。"
    ),
    "page.download_link.under_way": (
        "ブラウザーが zip ファイルを保存しています。始まるまで最大 20 秒かかります。これでリンクは使用済みになるので、"
        "このページは閉じてかまいません。"
    ),
    "page.download_link.new": (
        "新しいリンクは、Slack の「ファイルを受け取る」ボタンを押すか、 `/pgaccess mtls certificate get` "
        "に続けて証明書の番号を入力すると届きます。番号は `/pgaccess mtls certificate list` で確認できます。"
    ),
    "page.download_link.wrong": "リンクが正しくありません",
    "page.download_link.wrong.text": (
        "そのようなリンクは存在しないか、秘密の部分が欠けています。Slack からもう一度開くか、全体をコピーしてください。"
        "5 回間違えるとリンクは無効になります。"
    ),
    "page.download_link.busy": "ファイルをお渡ししている途中です",
    "page.download_link.busy.text": (
        "このリンクは二重に開かれ、もう一方にお渡ししています。zip ファイルが届かないときは、"
        "30 秒後に Slack からリンクを開き直してください。"
    ),
    "page.download_link.expired": "リンクの期限が切れました",
    "page.download_link.expired.text": "有効だった 15 分の間に使われませんでした。ファイルは渡っていません。",
    "page.download_link.delivered": "このリンクは使用済みです",
    "page.download_link.delivered.text": (
        "ファイルは一度お渡ししました。リンクが使えるのは一度だけです。心当たりがなければ、"
        "すぐに証明書を交換してください: `/pgaccess mtls certificate rotate` と証明書の番号"
    ),
    "page.download_link.replaced": "このリンクは無効です",
    "page.download_link.replaced.text": "同じファイルへの新しいリンクに置き換わりました。そちらを使ってください。",
    "page.download_link.burnt": "このリンクは無効です",
    "page.download_link.burnt.text": (
        "誤った秘密の値での試行が多すぎました。このリンクではファイルは渡っていません。"
    ),
    "page.download_link.gone": "この証明書はもうありません",
    "page.download_link.gone.text": (
        "削除されたか、mTLS が無効になったため、Heroku に存在しません。別の証明書を申請してください。"
        "例: `/pgaccess mtls certificate new on billing`"
    ),
    "page.download_link.unreachable": "今はファイルを取得できません",
    "page.download_link.unreachable.text": (
        "何もお渡ししていません。リンクは 15 分の期限まで使えます。1 分ほどしてから Slack で開き直してください。"
    ),
    "readme.title": "{app} のクライアント証明書 {handle} ({at} に受け渡し)",
    "readme.files": (
        "postgresql.crt  クライアント証明書 (署名した証明書を含む)\n"
        "postgresql.key  その秘密鍵。自分だけが読めるように保管してください (chmod 600)\n"
        "root.crt        サーバーを確認するための証明書"
    ),
    "readme.connect": "接続するには、ファイルを置いたフォルダーで次を実行します:",
    "readme.beside": (
        "データベースのアドレスは変わることがあるので、毎回 Heroku から取得します。証明書のほかに、接続元アドレスの"
        "許可が必要です: /pgaccess mtls add"
    ),
}
"""Sentences by key; those below ``page.`` and ``readme.`` are plain text, backquotes mark what is typed."""
