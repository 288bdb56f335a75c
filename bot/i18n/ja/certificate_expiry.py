"""What pgaccess says about certificates that grow old, and about rotating them, in Japanese."""

from collections.abc import Mapping
from typing import Final

JAPANESE: Final[Mapping[str, str]] = {
    # Reminders of an end: to the owner, to those who approve, and where nobody owns it.
    "notification.expiry": ":hourglass_flowing_sand: *あなたの {app} のクライアント証明書 #{id} は {left}以内に期限切れになります。* 期限: {until}",
    "notification.expiry.over": ":x: *あなたの {app} のクライアント証明書 #{id} は期限切れになりました。* 期限: {until}。これを使う接続は今後すべて拒否されます (`sslv3 alert certificate expired`)。",
    "notification.expiry_copy": ":hourglass_flowing_sand: {people} *{app} のクライアント証明書 #{id} は {left}以内に期限切れになります。* 期限: {until}。所有者: {owner}",
    "notification.expiry_copy.over": ":x: {people} *{app} のクライアント証明書 #{id} は期限切れになりました。* 期限: {until}。これを使う接続は今後すべて拒否されます (`sslv3 alert certificate expired`)。所有者: {owner}",
    "notification.expiry_orphan": ":hourglass_flowing_sand: {people} *{app} のクライアント証明書 #{id} は {left}以内に期限切れになります。* 期限: {until}。所有者の {owner} はすでに有効なメンバーではなく、担当者がいません。",
    "notification.expiry_orphan.over": ":x: {people} *{app} のクライアント証明書 #{id} は期限切れになりました。* 期限: {until}。所有者の {owner} はすでに有効なメンバーではなく、担当者がいませんでした。これを使う接続は今後すべて拒否されます (`sslv3 alert certificate expired`)。",
    "expiry.purpose": "> {purpose}",
    "expiry.how": "Heroku が自動で更新することはありません。期限までに新しい証明書を発行し、設置してください: `/pgaccess mtls certificate rotate {id}`",
    "expiry.how.over": "新しい証明書を発行してください: `/pgaccess mtls certificate rotate {id}`",
    "expiry.reminded": "期限の {left}前に通知済み。",
    "expiry.reminded.end": "期限切れを通知済み。",
    "expiry.noted": ":eyes: {person} さんが確認しました ({at})。",
    "expiry.unnoted": "まだ誰も確認していません。",
    "expiry.snoozed": ":zzz: {until} にもう一度お知らせします。",
    "expiry.gone": ":lock: {app} のクライアント証明書 #{id} はすでになくなっています。期限について必要な対応はありません。",
    "button.acknowledge": "確認しました",
    "button.snooze": "後で通知",
    "button.rotate": "更新を申請",
    # Answers to the buttons.
    "answer.acknowledged": ":eyes: 承知しました。{app} の証明書 #{id} については、次の通知の時期までお知らせしません。",
    "answer.snoozed": ":zzz: {app} の証明書 #{id} については、{until} にもう一度お知らせします。",
    "answer.installed": ":white_check_mark: 承知しました。{app} の古い証明書は {until} まで使えます。その後 #{id} が削除します。まだ使っているものがあれば、それまでに *古い証明書を残す* を押してください。",
    "answer.kept_old": ":key: 承知しました。{app} の証明書は両方とも残します。古い証明書を使うものがなくなったら *設置しました* を押してください。#{id} はそれを待ちます。",
    "answer.testing": ":gear: #{id} の新しい証明書で {app} に接続しています。結果は通常 30 秒以内に、ダイレクトメッセージのボタンの上に表示されます。",
    # Once a week: what nobody owns.
    "notification.unowned": ":card_index: *所有者のいないクライアント証明書* ({at} 時点)",
    "unowned.line.unmanaged": "`{handle}`  {name} (pgaccess が発行したものではありません): 期限 {until}",
    "unowned.line.orphan": "`#{handle}`  {owner} のために発行 (すでに有効なメンバーではありません): 期限 {until}",
    "unowned.unknown": "不明",
    "unowned.more": "… ほか {count} 件: `/pgaccess mtls certificate list`",
    "unowned.how": "まだ必要なら更新を申請してください。申請した人が新しい証明書の所有者になります: `/pgaccess mtls certificate rotate {handle}` 不要なら: `/pgaccess mtls certificate remove {handle}`",
    # Rotating.
    "state.rotating.making": ":gear: #{id} は {person} さんが承認しました。{since} から Heroku で新しい証明書を発行しています (通常 5〜10 分かかります)",
    "state.rotating.installing": ":key: #{id}: 新しい証明書は {ready} に用意できました。設置の報告があるまで古い証明書も使えます",
    "state.rotating.resting": ":hourglass_flowing_sand: #{id}: {installed} に設置済み。古い証明書は {remove} に削除されます",
    "state.rotating.removing": ":lock: #{id}: 新しい証明書は設置済み。古い証明書を削除しています",
    "notification.rotation_ready": ":key: *{app} の新しいクライアント証明書が用意できました (#{id})。* ファイルを受け取り、古いファイルと置き換えてから *設置しました* を押してください。古い証明書は、押すまでと、押してから {grace}の間は引き続き使えます。",
    "notification.install": ":bell: *{app} の新しいクライアント証明書は設置しましたか?* #{id} は {since} から報告を待っています。報告があるまでは古い証明書も使えます。{over} に待つのをやめ、その場合は両方とも残ります。",
    "notification.install.over": ":bell: #{id} は先に進みました。{app} の新しいクライアント証明書の設置は、もう待っていません。",
    "button.installed": "設置しました",
    "button.keep_old": "古い証明書を残す",
    "button.test": "接続テスト",
    # What came of connecting with the new certificate from where the bot runs.
    "rotation.test.under_way": ":gear: 新しい証明書で接続しています ({since} から)",
    "rotation.test.connected": ":white_check_mark: {at} にテスト: 新しい証明書でデータベースに接続できました。実際に使う場所に設置されているかどうかは、こちらでは確認できません。",
    "rotation.test.not_accepted": ":x: {at} にテスト: データベースが新しい証明書を受け付けません。設置せずに、古い証明書を使い続けてください。この表示がある間、古い証明書は削除しません。",
    "rotation.test.not_let_in": ":warning: {at} にテスト: pgaccess の接続元アドレスが許可されていないため、証明書については何もわかりません。そのアドレスを許可して再度テストするか、実際に使う場所から試してください。",
    "rotation.test.unreachable": ":warning: {at} にテスト: データベースから応答がなかったため、証明書については何もわかりません。Heroku は許可されていないアドレスには応答しません。pgaccess の接続元アドレスがおそらく許可されていないので、許可して再度テストするか、実際に使う場所から試してください。",
    "rotation.test.not_asked": ":warning: {at} にテスト: pgaccess からは証明書なしで {app} に接続できるため、証明書については何もわかりません。実際に使う場所から試してください。",
    "rotation.test.not_fetched": ":warning: {at} にテスト: Heroku から証明書と接続先を取得できず、接続しませんでした。1 分ほど待ってから再度テストしてください。",
    "rotation.test.other": ":warning: {at} にテスト: 接続できず、原因もわかりませんでした。ファイルに付属の README にあるコマンドで、実際に使う場所から試してください。",
    "rotation.test.off": ":warning: テストは行いませんでした。この機能は無効になっています (`PGACCESS_PROBE`)。実際に使う場所から試してください。",
    "why.new_gone": "新しい証明書が使えなくなっています。誰かが Heroku で削除しました",
    "why.old_gone": "新しい証明書が設置される前に、ほかの誰かが Heroku で古い証明書を削除しました",
    "why.not_installed": "2 週間以内に新しい証明書の設置が報告されませんでした。証明書は両方とも残っています",
    "why.not_accepted": "最後のテストで、データベースが新しい証明書を受け付けませんでした。証明書は両方とも残っています。それでも古い証明書を削除するには *もう一度試す* を押してください",
}
