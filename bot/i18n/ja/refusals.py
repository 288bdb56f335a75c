"""What was wrong and how to say it right, in Japanese: one sentence for every refusal, and an example."""

from collections.abc import Mapping
from typing import Final

from bot.errors import Refusal

REFUSALS: Final[Mapping[str, str]] = {
    Refusal.LINE_TOO_LONG: (
        "入力が {limit} 文字を超えています。理由は簡潔にお書きください。例: "
        "`/pgaccess mtls add 203.0.113.4 to billing for 8h because 移行の確認`"
    ),
    Refusal.LINE_CONTROL: (
        "目に見えない制御文字({code})が含まれています。貼り付けではなく、手で入力してください。例: "
        "`/pgaccess mtls add 203.0.113.4`"
    ),
    Refusal.UNKNOWN_WORD: "`{word}` は分かりません。 `{suggestion}` のことでしょうか。例: `{example}`",
    Refusal.UNKNOWN_HERE: (
        "ここでは `{word}` を使えません。使えるのは次のとおりです: {known}。例: `{example}`"
    ),
    Refusal.WORD_TOO_MANY: "`{word}` は余分な語です。例: `{example}`",
    Refusal.NUMBER_UNREADABLE: (
        "`{word}` は申請の番号ではありません。カードに表示されている番号を指定してください。例: `{example}`"
    ),
    Refusal.NUMBER_MISSING: "どの申請でしょうか。カードに表示されている番号を `{verb}` の後に入力してください。例: `{example}`",
    Refusal.CLAUSE_EMPTY: "`{word}` の後に内容がありません。例: `{example}`",
    Refusal.CLAUSE_TWICE: (
        "`{word}` の内容はすでに指定されています。一度だけ指定してください。例: `{example}`"
    ),
    Refusal.CLAUSE_BOTH_ENDS: (
        "期間と終了時刻の両方が指定されています。どちらか一方にしてください。例: `for 8h` または "
        "`until 18:00`"
    ),
    Refusal.ADDRESS_EMPTY: (
        "アドレスがありません。IPv4 アドレスまたはネットワークを指定してください。例: `203.0.113.4`"
    ),
    Refusal.ADDRESS_UNREADABLE: (
        "`{given}` は IPv4 アドレスでもネットワークでもありません。0 から 255 までの数字を 4 つ並べてくださ"
        "い。例: `203.0.113.4` 、ネットワークなら `203.0.113.0/24`"
    ),
    Refusal.ADDRESS_ME: (
        "`me` で自分のアドレスを指定することはまだできません。アドレスを入力してください。例: `{example}`"
    ),
    Refusal.ADDRESS_SEVERAL: (
        "`{given}` には複数のアドレスがあります。1 回の申請につき、アドレスまたはネットワークを 1 つだけ指"
        "定してください。例: `203.0.113.4` 、連続する 16 個なら `203.0.113.0/28`"
    ),
    Refusal.ADDRESS_HOST_NAME: (
        "`{given}` はホスト名で、指す先が変わることがあります。IPv4 アドレスそのものを指定してください。例"
        ": `203.0.113.4`"
    ),
    Refusal.ADDRESS_IPV6: (
        "`{given}` は IPv6 アドレスですが、Heroku のルールは IPv4 のみに対応しています。接続元の IPv4 アド"
        "レスを指定してください。例: `203.0.113.4`"
    ),
    Refusal.ADDRESS_PORT: (
        "`{given}` にはポート番号が付いていますが、ルールはアドレス全体が対象です。 `{suggestion}` と入力し"
        "てください。"
    ),
    Refusal.ADDRESS_LEADING_ZERO: (
        "`{given}` には先頭に 0 の付いた数字があり、8 進数と読まれることがあります。10 進数であれば "
        "`{suggestion}` と入力してください。"
    ),
    Refusal.ADDRESS_NETMASK: (
        "`{given}` はネットマスク形式です。代わりにプレフィックス長で指定してください。例: `{suggestion}`"
    ),
    Refusal.ADDRESS_PREFIX: (
        "`{given}` の `{prefix}` はプレフィックス長ではありません。スラッシュの後には 1 から 32 までの数字"
        "を入力してください。例: `203.0.113.0/24`"
    ),
    Refusal.ADDRESS_HOST_BITS: (
        "`{given}` はネットワークの中の 1 つのアドレスです。ネットワーク全体なら `{suggestion}` 、そのアドレ"
        "スだけなら `{single}` と入力してください。"
    ),
    Refusal.ADDRESS_EVERYWHERE: (
        "インターネット全体からの接続を許可することになります。接続元のアドレスを指定してください。例: "
        "`203.0.113.4`"
    ),
    Refusal.ADDRESS_TOO_WIDE: (
        "`{given}` は広すぎて、公開インターネットではない {range} を含んでいます。必要最小限のネットワーク"
        "を指定してください。例: `203.0.113.0/28`"
    ),
    Refusal.ADDRESS_PRIVATE: (
        "`{given}` はプライベートアドレス({range})で、Heroku からは見えません。外向き通信の公開アドレスを指"
        "定してください。例: `203.0.113.4`"
    ),
    Refusal.ADDRESS_LOOPBACK: (
        "`{given}` はお使いの端末自身({range})です。外向き通信の公開アドレスを指定してください。例: "
        "`203.0.113.4`"
    ),
    Refusal.ADDRESS_LINK_LOCAL: (
        "`{given}` はリンクローカルアドレス({range})で、同じ回線の中でしか使えません。外向き通信の公開アド"
        "レスを指定してください。例: `203.0.113.4`"
    ),
    Refusal.ADDRESS_CGNAT: (
        "`{given}` は通信事業者の共用内部アドレス({range})で、Heroku からは見えません。外向き通信の公開アド"
        "レスを指定してください。例: `203.0.113.4`"
    ),
    Refusal.ADDRESS_MULTICAST: (
        "`{given}` はマルチキャストアドレス({range})で、接続元にはなりません。外向き通信の公開アドレスを指"
        "定してください。例: `203.0.113.4`"
    ),
    Refusal.ADDRESS_RESERVED: (
        "`{given}` は予約済みの範囲({range})で、接続元にはなりません。外向き通信の公開アドレスを指定してく"
        "ださい。例: `203.0.113.4`"
    ),
    Refusal.ADDRESS_WIDER_THAN_POLICY: (
        "`{given}` はポリシーで認められた範囲より広く、ここでは `/{widest}` までです。必要最小限のネットワーク"
        "を指定してください。例: `203.0.113.4`"
    ),
    Refusal.ACCOUNT_EMPTY: "AWS アカウントを指定してください。例: `123456789012`",
    Refusal.ACCOUNT_UNREADABLE: (
        "`{given}` は AWS アカウントとして読み取れません。例: `123456789012` 、 `123456789012:user/etl` 、 "
        "`arn:aws:iam::123456789012:root`"
    ),
    Refusal.ACCOUNT_DIGITS: (
        "`{given}` は {count} 桁です。AWS アカウントの番号は 12 桁です。例: `123456789012`"
    ),
    Refusal.ACCOUNT_ROLE: (
        "`{given}` はロール、グループまたはセッションです。Heroku の文書にあるのはアカウント全体とユーザーだけです。"
        "アカウント (例: `123456789012` ) を許可し、どのロールに使わせるかは IAM で決めてください。"
    ),
    Refusal.ACCOUNT_OTHER: (
        "`{given}` は AWS のサービス {service} のもので、アカウントではありません。アカウントを指定してください。例: "
        "`123456789012` 、 `arn:aws:iam::123456789012:root`"
    ),
    Refusal.ACCOUNT_PARTITION: (
        "`{given}` は AWS のパーティション {partition} のものです。Heroku のデータベースはパーティション aws にあり、"
        "PrivateLink はパーティションをまたげません。aws のアカウント (例: `arn:aws:iam::123456789012:root` ) か "
        "mTLS を使ってください。"
    ),
    Refusal.DURATION_UNREADABLE: (
        "`{given}` は期間として読み取れません。日、時間、分の順に入力してください。例: `8h` , `1h30m` , `2日`"
    ),
    Refusal.DURATION_NO_UNIT: (
        "`{given}` に単位がありません。時間であれば、例えば `{suggestion}` と入力してください。"
    ),
    Refusal.DURATION_TOO_SHORT: "`{given}` は短すぎます。最短は {least} です。例: `8h`",
    Refusal.DURATION_TOO_LONG: "期間が長すぎます。最長は {longest} です。例: `8h`",
    Refusal.DURATION_FOREVER: (
        "ここでは無期限のアクセスは認められておらず、最長は {longest} です。必要な期間を指定してください。例: "
        "`for 8h`"
    ),
    Refusal.END_UNREADABLE: (
        "`{given}` は時刻として読み取れません。例: `18:00` , `明日 9:00` , `2026-11-25 18:00`"
    ),
    Refusal.END_PAST: "その終了時刻はすでに過ぎています。これからの時刻を指定してください。例: `明日 9:00`",
    Refusal.REASON_SHORT: (
        "理由を {least} 文字以上でお書きください。例: `because 請求チームの移行作業の確認`"
    ),
    Refusal.TARGET_NONE: (
        "接続を許可できるデータベースがありません。Heroku の Private Space と Shield Space に Heroku "
        "Postgres が見つかりませんでした。例えばプラン `heroku-postgresql:private-0` で作成してから、もう一"
        "度お試しください。"
    ),
    Refusal.TARGET_UNKNOWN: (
        "`{word}` というデータベースはありません。次のものがあります: {known}。例: `to {example}`"
    ),
    Refusal.TARGET_MISSING: "どのデータベースでしょうか。次のものがあります: {known}。例: `to {example}`",
    Refusal.TARGET_AMBIGUOUS: (
        "`{word}` には複数のデータベースがあります: {known}。1 つ指定してください。例: `to {example}`"
    ),
    Refusal.PERSON_UNKNOWN: (
        "Slack であなたの情報を確認できなかったため、何も記録していません。少し待って、もう一度お試しくださ"
        "い。例: `/pgaccess`"
    ),
    Refusal.GROUPS_UNKNOWN: (
        "Slack のユーザーグループを確認できなかったため、何も記録されていません。少し待ってから、コマンドまたはクリックを"
        "もう一度お試しください。例: `/pgaccess mtls add 203.0.113.4`"
    ),
    Refusal.PERSON_INACTIVE: (
        "有効なアカウントの方だけが操作でき、ボットや停止中のアカウントではできません。同僚の方にご依頼くだ"
        "さい。例: `/pgaccess`"
    ),
    Refusal.PERSON_OUTSIDE: (
        "ゲストや他の組織の方は操作できません。このワークスペースの正式なメンバーにご依頼ください。例: "
        "`/pgaccess`"
    ),
    Refusal.APPROVER_SELF: (
        "申請 {id} はご自身のもので、自分の申請は決裁できません。別の承認者にご依頼ください。"
        "状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.APPROVER_NOT: (
        "申請 {id} を決裁できるのは承認者だけです。状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.ALREADY_VOTED: (
        "申請 {id} はすでにあなたが決裁しており、承認者 1 人につき 1 回だけ数えます。残りの承認の状況は "
        "`/pgaccess show {id}` で確認できます。"
    ),
    Refusal.NOT_YOURS: (
        "{id} 番はほかの方のもので、この操作は申請者本人だけができます。承認者がアクセスを終了するには "
        "`/pgaccess revoke {id}` と入力してください。"
    ),
    Refusal.REQUESTER_GONE: (
        "申請 {id} の申請者は有効な正式メンバーではなくなったため、承認できません。却下するか、 `/pgaccess show "
        "{id}` で内容をご確認ください。"
    ),
    Refusal.POLICY_DENIES: (
        "ポリシーのルール「{rule}」により、あなたは {app} へのアクセスをこの方法では申請できません。申請できる"
        "方にご依頼ください。例: `/pgaccess mtls add 203.0.113.4 to {app}`"
    ),
    Refusal.POLICY_SILENT: (
        "ポリシーに該当するルールがないため、あなたは {app} へのアクセスをこの方法では申請できません。申請でき"
        "る方にご依頼ください。例: `/pgaccess mtls add 203.0.113.4 to {app}`"
    ),
    Refusal.POLICY_CHANGED: (
        "申請 {id} に適用されていたルールがポリシーからなくなったため、決裁できません。改めて申請してください。"
        "例: `/pgaccess mtls add 203.0.113.4 for 8h`"
    ),
    Refusal.REQUEST_DECIDED: (
        "申請 {id} は {at} に {person} さんがすでに決裁しています。状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.REQUEST_CLOSED: (
        "申請 {id} は {at} に取り下げられたか失効したため、もう決裁を待っていません。経過は `/pgaccess show {id}` "
        "で確認できます。"
    ),
    Refusal.REQUEST_CHANGED: (
        "申請 {id} は表示された後に変更されたため、何も決定していません。 `/pgaccess show {id}` でもう一度ご"
        "確認ください。"
    ),
    Refusal.REQUEST_OVER: (
        "申請 {id} の終了時刻を過ぎたため、決裁できません。改めて申請してください。例: "
        "`/pgaccess mtls add 203.0.113.4 for 8h`"
    ),
    Refusal.REQUEST_UNKNOWN: "申請 {id} はありません。 `/pgaccess list` で一覧を確認できます。",
    Refusal.TERMS_WIDER: (
        "承認者は、申請 {id} の内容を短くするか狭めることしかできません。例: `8h` の代わりに `4h`"
    ),
    Refusal.GRANT_CLOSING: (
        "{id} 番のアクセスはすでに終了処理中のため、変更できません。改めて申請してください: `{command}`"
    ),
    Refusal.GRANT_OVER: (
        "{id} 番のアクセスはすでに終了しています。経過は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.GRANT_NOT_OPEN: (
        "{id} 番で許可されたアクセスはないため、終了も延長もできません。状況は `/pgaccess show {id}` で確認でき"
        "ます。"
    ),
    Refusal.GRANT_NOT_FAILED: (
        "{id} 番は失敗していないため、やり直すものがありません。状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.GRANT_NOT_INTERRUPTED: (
        "{id} 番は中断されていないため、元に戻すものがありません。状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.EXTEND_NOT_TIMED: (
        "{id} 番のアクセスは無期限のため、延長するものがありません。不要になったら `/pgaccess done {id}` と入力"
        "してください。"
    ),
    Refusal.EXTEND_PAST_LONGEST: (
        "ポリシーで認められた長さを超えます。合計で最長 {longest} です。短く延長するか(例: `for 1h`)、終了後に"
        "改めて申請してください。"
    ),
    Refusal.CLOSING_ALREADY: (
        "{address} → {app} はすでに閉じているところです。完了したらお知らせします。状況は "
        "`/pgaccess status {app}` で確認できます。"
    ),
    Refusal.SPACE_MISSING: (
        "どのスペースか指定してください: {known}。例: `/pgaccess trusted add 203.0.113.4 to {example}`"
    ),
    Refusal.SPACE_UNKNOWN: (
        "`{word}` というスペースは見つかりません。あるのは {known} です。例: `/pgac"
        "cess trusted add 203.0.113.4 to {example}`"
    ),
    Refusal.SPACE_NONE: (
        "Heroku 上のスペースがまだ見つかりません。あるはずの場合は、pgaccess の管理者が `p"
        "gaccess check` で原因を確認できます。"
    ),
    Refusal.TRUSTED_SHIELD: (
        "{space} は Shield Space のため、信頼済み IP 範囲ではデータベースに接続でき"
        "ません。代わりに mTLS (例: `/pgaccess mtls add 203.0.113.4`"
        ")、または AWS VPC からの PrivateLink をご利用ください。"
    ),
    Refusal.TRUSTED_FIR: (
        "{space} は Fir 世代のスペースのため、Heroku では信頼済み IP 範囲を変更できま"
        "せん。代わりに mTLS をご利用ください。例: `/pgaccess mtls add 203.0"
        ".113.4`"
    ),
    Refusal.TRUSTED_ONLY: (
        "{space} にはほかの範囲がなく、これが終了すると誰も接続できなくなります。一覧を空にすることは"
        "ありません。先に恒久的な範囲を設定するか、無期限で申請してください: `/pgaccess trus"
        "ted add 203.0.113.4 to {space} permanently`"
    ),
    Refusal.RANGES_FULL: (
        "{space} には Heroku の上限である {limit} 個の範囲がすでにあります。不要なも"
        "のを削除してもらってください。一覧は `/pgaccess trusted status {spac"
        "e}` で確認できます。"
    ),
    Refusal.RANGES_FULL_UNTIL: (
        "このスペースには Heroku の上限である {limit} 個の範囲がすでにあります。次に終了する"
        "のは #{id} ({at}) です。その後に再申請するか、不要なものを削除してもらってください。一"
        "覧は `/pgaccess list` で確認できます。"
    ),
    Refusal.RANGE_OURS: (
        "{space} の `{address}` は、すでに pgaccess が管理しています。確認するには: `/pgaccess trusted list {space}`"
    ),
    Refusal.RANGE_NOT_THERE: (
        "`{address}` は {space} の範囲にありません。一覧は `/pgaccess tru"
        "sted status {space}` で確認できます。"
    ),
    Refusal.SUPPORT_ADMINS: (
        "Heroku サポートの対応結果を記録できるのは pgaccess の管理者だけです。#{id} の"
        "状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.SUPPORT_SETTLED: (
        "{space} についてはすでに記録されています。状況は `/pgaccess trusted status {space}` で確認できます。"
    ),
    Refusal.NOTHING_THERE: (
        "`{address}` から {app} への接続を許可しているものは、ここで申請されたものの中にありません。現在の一覧"
        "は `/pgaccess mtls list {app}` で確認できます。"
    ),
    Refusal.RULE_OURS: (
        "{app} の `{address}` のルールは、すでに pgaccess が管理しています。確認するには: `/pgaccess mtls list {app}`"
    ),
    Refusal.LINK_PLAN: (
        "{app} のプランは {plan} です。Heroku Postgres Advanced に PrivateLink はありません。ほかのデータベースを"
        "指定してください。一覧: `/pgaccess list`"
    ),
    Refusal.LINK_NONE: (
        "{app} に PrivateLink はありません。申請するには: `/pgaccess privatelink open {app} account 123456789012`"
    ),
    Refusal.LINK_CLOSING: (
        "{app} の PrivateLink は閉じている途中です。なくなってからもう一度申請してください。状態: `/pgaccess privatelink "
        "status {app}`"
    ),
    Refusal.LINK_SOME: (
        "#{id} はほかのアカウントも許可しており、まとめて終了します。すべて指定してください: `/pgaccess privatelink "
        "remove {accounts} from {app}`"
    ),
    Refusal.LINK_NAME: (
        "アプリ名が違います。このアプリの PrivateLink を閉じる場合は `{app}` と入力してください。"
    ),
    Refusal.LINK_UNSEEN: (
        "{app} の PrivateLink はまだ確認していません。数秒後にもう一度お試しください。状態: `/pgaccess privatelink "
        "status {app}`"
    ),
    Refusal.LINK_OURS: (
        "AWS {accounts} には、{app} で pgaccess 以外が許可したのではないものが含まれるため、引き継げません。誰が許可したかは "
        "`/pgaccess privatelink status {app}` で確認できます。"
    ),
    Refusal.LINK_NOBODY: (
        "AWS {accounts} から {app} への接続は許可されていません。許可されているものは `/pgaccess privatelink status "
        "{app}` で確認できます。"
    ),
    Refusal.MTLS_NOT_ENABLED: (
        "{app} では mTLS が有効になっていないため、アドレスを許可できません。次のように入力すると、両方をまとめて申請できます: "
        "`/pgaccess mtls add {address} to {app}`"
    ),
    Refusal.MTLS_PLAN: (
        "{app} は Heroku Postgres Advanced ({plan}) のため、mTLS を使えません。代わりの方法は `/pgaccess advise "
        "{app}` で確認できます。"
    ),
    Refusal.MTLS_ENABLED: (
        "{app} の mTLS はすでに有効です。アドレスの申請: `/pgaccess mtls add 203.0.113.4 to {app}` 、証明書の申請: "
        "`/pgaccess mtls certificate new on {app}`"
    ),
    Refusal.MTLS_ENABLING: (
        "{app} の mTLS は有効化の途中です。アドレスはもう申請できます。例: `/pgaccess mtls add 203.0.113.4 to {app}`"
    ),
    Refusal.MTLS_CLOSING: (
        "{app} の mTLS は無効化の途中です。完了してからもう一度申請してください。状態: `/pgaccess status {app}`"
    ),
    Refusal.MTLS_OFF: (
        "{app} の mTLS は有効になっていないため、無効にするものがありません。状態: `/pgaccess status {app}`"
    ),
    Refusal.MTLS_UNSEEN: (
        "{app} はまだ確認していません。数秒後にもう一度お試しください。状態: `/pgaccess status {app}`"
    ),
    Refusal.MTLS_NAME: (
        "アプリ名が違います。mTLS を無効にするのがこのデータベースで間違いなければ `{app}` と入力してください。"
    ),
    Refusal.CERTIFICATE_OFF: (
        "{app} では mTLS が有効になっていません。有効にすると、あなたの最初の証明書も作成されます: "
        "`/pgaccess mtls enable {app}`"
    ),
    Refusal.CERTIFICATE_REMOVING: (
        "証明書 `{handle}` の削除はすでに #{id} で申請されています。 `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.CERTIFICATE_NOT_OFFERED: (
        "#{id} には、選択できる証明書がありません (すでに選択済みの可能性があります)。 `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.CERTIFICATE_MISSING: (
        "どの証明書ですか。番号を指定してください。例: `17` 。一覧は `/pgaccess mtls certificate list` で確認できます。"
    ),
    Refusal.CERTIFICATE_UNKNOWN: (
        "証明書 `{handle}` は存在しないか、すでに削除されています。一覧は `/pgaccess mtls certificate list` で確認できます。"
    ),
    Refusal.CERTIFICATE_AMBIGUOUS: (
        "`{handle}` に当てはまる証明書が複数あります: {known} 。 `/pgaccess mtls certificate list` "
        "に表示されるとおり、全体を指定してください。"
    ),
    Refusal.FILES_NOT_YOURS: (
        "証明書 `{handle}` は別の人のものです。ファイルを受け取れるのは所有者だけです。自分の証明書を申請してください。例: "
        "`/pgaccess mtls certificate new on billing`"
    ),
    Refusal.FILES_FOREIGN: (
        "証明書 `{handle}` は pgaccess が作成したものではなく、所有者がわからないため、ファイルはお渡しできません。"
        "自分の証明書を申請してください。例: `/pgaccess mtls certificate new on billing`"
    ),
    Refusal.FILES_NO_ADDRESS: (
        "ブラウザーから pgaccess に接続するアドレスが設定されていないため、ファイルをお渡しできません。運用担当者に "
        "`PGACCESS_PUBLIC_URL` の設定を依頼してください。例: `https://pgaccess.example.com`"
    ),
    Refusal.FILES_UNSENT: (
        "リンクのメッセージを Slack に送れなかったため、リンクを無効にしました。1 分ほどしてからもう一度試してください: "
        "`/pgaccess mtls certificate get {handle}`"
    ),
    Refusal.CERTIFICATE_NOT_READY: (
        "証明書 `{handle}` は発行中、削除中、またはすでに削除されているため、接続には使えません。状況は "
        "`/pgaccess mtls certificate list` で確認できます。"
    ),
    Refusal.SNOOZE_SPENT: (
        "この通知はこれ以上先送りできません。次の通知は自動で届きます。代わりに新しい証明書への更新を申請してください: "
        "`/pgaccess mtls certificate rotate {handle}`"
    ),
    Refusal.SNOOZE_LATE: (
        "期限が近いため、この通知は先送りできません。新しい証明書への更新を申請してください: "
        "`/pgaccess mtls certificate rotate {handle}`"
    ),
    Refusal.ROTATION_OPEN: (
        "この証明書はすでに #{id} で更新中です。状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.ROTATION_NOT_WAITING: (
        "#{id} は新しい証明書の設置待ちではありません。状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.ROTATION_OLD_GOING: (
        "間に合いませんでした。#{id} はすでに古い証明書を削除中か、終了しています。状況は `/pgaccess show {id}` で、"
        "新しい証明書のファイルは `/pgaccess mtls certificate get {id}` で確認できます。"
    ),
    Refusal.ROTATION_NO_TEST: (
        "#{id} には今テストできる新しい証明書がありません。状況は `/pgaccess show {id}` で確認できます。"
    ),
    Refusal.RULES_FULL_UNTIL: (
        "このデータベースのルールは、Heroku の上限の {limit} 件に達しています。次に終了するのは #{id} で、{at} です。"
        "その後にもう一度申請するか、不要なルールを削除してください。一覧は `/pgaccess list` で確認できます。"
    ),
    Refusal.RULES_FULL: (
        "このデータベースのルールは、Heroku の上限の {limit} 件に達しています。不要なルールを削除してから、"
        "もう一度お試しください。一覧は `/pgaccess list` で確認できます。"
    ),
}
"""Slack mrkdwn; the placeholders are filled from the refusal's params, escaped."""
