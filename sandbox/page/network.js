/** Heroku's other two access methods, and the certificates: trusted ranges of a space, PrivateLink and certificates of a database. */

import { adding, fill, folded } from "./folded.js";
import { shown } from "./moments.js";

const GOOD = new Set(["Operational", "Active", "Available", "ready"]);

/** Return the colour of a state: done, on its way, or anything else. */
export function tone(state) {
  if (state === "Authorized" || GOOD.has(state)) return "good";
  return /ing$|^pending$/i.test(state ?? "") ? "moving" : "off";
}

/**
 * Make a space's list of trusted ranges.
 *
 * @param {object} space - of the snapshot
 * @param {import("./viewer.js").Viewer} viewer
 * @param {function(object): Promise<object>} act - makes an external change
 */
export function rangesOf(space, { words }, act) {
  const field = { name: "source", label: words("heroku.add.cidr"), example: "192.0.2.0/28" };
  const add = ({ source }) => act({ do: "add_range", space: space.name, source });
  return folded(`ranges-${space.name}`, adding([field], words("heroku.add.do"), add));
}

/** Show a space's ruleset: its ranges, whether it has come into force, and who wrote it. */
export function fillRanges(list, space, viewer, act) {
  const { words } = viewer;
  const { rules, applied, created_by: by, created_at: at } = space.ruleset;
  const written = shown(Date.parse(at) / 1000, viewer, { dateStyle: "medium", timeStyle: "short" });
  fill(list, {
    title: words("heroku.ranges"),
    state: words("heroku.ranges.count", { count: rules.length }),
    about: [
      words(applied === false ? "heroku.ranges.waiting" : "heroku.ranges.applied"),
      words("heroku.ranges.by", { by, at: written }),
      words(space.data_services ? "heroku.ranges.data" : "heroku.ranges.web"),
    ].join(" "),
    things: rules.map((rule, place) => ({
      key: `${rule.source} ${place}`,
      name: rule.source,
      note: rule.action === "allow" ? null : rule.action,
      testid: "range",
      acts: [byHand("delete_range", { space: space.name, source: rule.source }, rule.source, viewer, act)],
    })),
  });
}

/** Make a database's list of client certificates. */
export function certificatesOf(database) {
  return folded(`certificates-${database.name}`, null);
}

/** Show a database's client certificates with their ends. */
export function fillCertificates(list, database, viewer, act) {
  const { words } = viewer;
  fill(list, {
    title: words("heroku.certificates"),
    state: String(database.certificates.length),
    about: database.certificates.length ? "" : words("heroku.certificates.none"),
    things: database.certificates.map((one) => ({
      key: one.id,
      name: one.name,
      note: one.expires_at && words("heroku.certificates.end", { end: day(one.expires_at, viewer) }),
      state: { text: one.status, tone: tone(one.status) },
      testid: "certificate",
      acts: ["pending", "ready"].includes(one.status)
        ? [byHand("delete_certificate", { database: database.name, certificate: one.id }, one.name, viewer, act)]
        : [],
    })),
  });
}

/** Make a database's PrivateLink. */
export function privatelinkOf(database, { words }, act) {
  const field = { name: "account", label: words("heroku.link.account"), example: "123456789012" };
  const add = ({ account }) => act({ do: "add_account", database: database.name, account });
  return folded(`privatelink-${database.name}`, adding([field], words("heroku.add.do"), add));
}

/** Show who may come through PrivateLink, and who does. */
export function fillPrivatelink(list, database, viewer, act) {
  const { words } = viewer;
  const { status, service_name: service, accounts = [], connections = [] } = database.privatelink ?? {};
  fill(list, {
    title: words("heroku.link"),
    state: status ?? words("heroku.mtls.off"),
    about: status ? (service ?? "") : words("heroku.link.none"),
    things: [
      ...accounts.map((account) => accountThing(account, database, viewer, act)),
      ...connections.map((one) => ({
        key: one.endpoint_id,
        name: one.endpoint_id,
        note: words("heroku.link.connection"),
        state: { text: one.status, tone: tone(one.status) },
        testid: "connection",
      })),
    ],
  });
}

function accountThing({ arn, status }, { name }, viewer, act) {
  const account = arn.match(/:(\d{12}):/)?.[1] ?? arn;
  const connect = {
    text: viewer.words("heroku.link.connect"),
    label: viewer.words("heroku.link.connect.label", { account }),
    testid: `connect-${account}`,
    does: () => act({ do: "connect", database: name, account }),
  };
  const remove = byHand("delete_account", { database: name, account }, account, viewer, act);
  return {
    key: arn,
    name: account,
    note: arn,
    value: account,
    state: { text: status, tone: tone(status) },
    testid: "account",
    acts: status === "Active" ? [connect, remove] : [remove],
  };
}

/** Return what deletes a thing as somebody outside pgaccess would. */
function byHand(what, names, name, { words }, act) {
  return {
    text: words("heroku.delete"),
    label: words("heroku.delete.label", { cidr: name }),
    testid: `${what.replace("_", "-")}-${name}`,
    does: () => act({ do: what, ...names }),
  };
}

function day(iso, viewer) {
  return shown(Date.parse(iso) / 1000, viewer, { dateStyle: "medium" });
}
