/** What Heroku has, right now: spaces, databases, the rules of each, and the latest API calls. */

import { el, reconcile } from "./dom.js";
import { adding } from "./folded.js";
import { shown } from "./moments.js";
import * as network from "./network.js";
import { tone } from "./network.js";

const LINGER = 6000; // milliseconds that a new rule counts as new, and a removed one stays visible

/** The right panel; it remembers which rules it showed, to point at what came and what went. */
export class Heroku {
  #section = document.getElementById("heroku");
  #spaces = document.getElementById("heroku-spaces");
  #calls = document.getElementById("heroku-calls");
  #noCalls = document.getElementById("heroku-calls-none");
  #hooks;
  #known = null; // rules by id, as of the look before; null before the first one
  #fresh = new Set(); // ids of rules that appeared while we watched
  #gone = new Map(); // removed rules that are still shown, by id

  /** @param {{act: function(object), redraw: function}} hooks - `act` makes an external change at Heroku */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  /** @param {object|undefined} heroku - the snapshot; without one the panel is hidden */
  draw(heroku, viewer) {
    this.#section.hidden = !heroku;
    if (!heroku) return;
    this.#compare(heroku.databases);
    reconcile(this.#spaces, grouped(heroku), {
      key: (space) => space.name,
      sign: ({ databases, ...space }) => [bareSpace(space), databases.map(bare), viewer.language],
      make: (space) => this.#space(space, viewer),
    });
    for (const database of heroku.databases) this.#rules(database, viewer);
    this.#fillFolded(heroku, viewer);
    this.#drawCalls(heroku.calls ?? [], viewer);
  }

  /** Find out which rules came and which went since the last look. */
  #compare(databases) {
    const now = new Map(
      databases.flatMap(({ name, rules }) => rules.map((rule) => [rule.id, { ...rule, database: name }])),
    );
    for (const id of now.keys()) if (this.#known && !this.#known.has(id)) this.#welcome(id);
    for (const [id, rule] of this.#known ?? []) if (!now.has(id)) this.#farewell(id, rule);
    this.#known = now;
  }

  #welcome(id) {
    this.#fresh.add(id);
    setTimeout(() => this.#fresh.delete(id), LINGER);
  }

  #farewell(id, rule) {
    this.#fresh.delete(id);
    this.#gone.set(id, rule);
    setTimeout(() => {
      this.#gone.delete(id);
      this.#hooks.redraw();
    }, LINGER);
  }

  #space(space, viewer) {
    const kind = space.shield === null ? "common" : space.shield ? "shield" : "private";
    const about = [viewer.words(`heroku.${kind}`), space.region].filter(Boolean).join(" · ");
    const head = el("h3", { class: "space-name" }, space.name ?? "", el("small", {}, about));
    const ranges = space.ruleset && network.rangesOf(space, viewer, this.#hooks.act);
    if (ranges) ranges.dataset.rangesOf = space.name;
    return el(
      "section",
      { class: "space" },
      head,
      ranges,
      space.databases.map((database) => this.#database(database, kind === "common", viewer)),
    );
  }

  #database(database, outside, viewer) {
    const { words } = viewer;
    const plan = database.plan.replace(/^heroku-postgresql:/, "");
    const about = el("p", { class: "database-about" }, el("code", {}, database.name), ` ${plan}`);
    const marks = { "data-testid": `database-${database.name}` };
    if (outside)
      return el("article", { class: "database outside", ...marks }, el("h4", {}, database.app), about);
    const state = database.tls_endpoint ?? words("heroku.mtls.off");
    const mtls = el(
      "span",
      { class: `pill ${tone(database.tls_endpoint)}` },
      `${words("heroku.mtls")} ${state}`,
    );
    const head = el("div", { class: "database-head" }, el("h4", {}, database.app), mtls);
    const rules = el("div", { class: "rules-of", "data-database": database.name });
    if (database.tls_endpoint !== null)
      rules.append(
        this.#table(database, viewer),
        el("p", { class: "rules-count" }),
        this.#adding(database, viewer),
      );
    return el("article", { class: "database", ...marks }, head, about, rules, this.#folded(database, viewer));
  }

  /** Make the lists of a database that are folded at first, as far as the snapshot has what stands in them. */
  #folded(database, viewer) {
    const lists = [];
    if (database.certificates && database.tls_endpoint !== null) {
      lists.push(el("div", { "data-certificates-of": database.name }, network.certificatesOf(database)));
    }
    if ("privatelink" in database) {
      const list = network.privatelinkOf(database, viewer, this.#hooks.act);
      lists.push(el("div", { "data-privatelink-of": database.name }, list));
    }
    return lists;
  }

  #fillFolded({ spaces, databases }, viewer) {
    const act = this.#hooks.act;
    const found = (kind, name) =>
      this.#spaces.querySelector(`[data-${kind}-of="${CSS.escape(name)}"]`)?.closest("details, div");
    for (const space of spaces) {
      const list = found("ranges", space.name);
      if (list) network.fillRanges(list, space, viewer, act);
    }
    for (const database of databases) {
      const certificates = found("certificates", database.name);
      if (certificates) network.fillCertificates(certificates, database, viewer, act);
      const link = found("privatelink", database.name);
      if (link) network.fillPrivatelink(link, database, viewer, act);
    }
  }

  #table(database, viewer) {
    const { words } = viewer;
    const heads = ["heroku.address", "heroku.status"].map((key) => el("th", { scope: "col" }, words(key)));
    return el(
      "table",
      { class: "rules" },
      el("caption", { class: "unseen" }, words("heroku.rules", { database: database.app })),
      el("thead", { class: "unseen" }, el("tr", {}, heads)),
      el("tbody"),
    );
  }

  #rules(database, viewer) {
    const place = this.#spaces.querySelector(`[data-database="${CSS.escape(database.name)}"]`);
    const body = place?.querySelector("tbody");
    if (!body) return;
    const lingering = [...this.#gone.values()].filter((rule) => rule.database === database.name);
    const all = [...database.rules, ...lingering].sort((a, b) => a.created_at.localeCompare(b.created_at));
    reconcile(body, all, {
      key: (rule) => rule.id,
      sign: (rule) => [rule, this.#gone.has(rule.id), viewer.language],
      make: (rule) => this.#rule(rule, database, viewer),
    });
    const count = database.rules.length;
    place.querySelector(".rules-count").textContent =
      count || lingering.length ? viewer.words("heroku.count", { count }) : viewer.words("heroku.rules.none");
  }

  #rule(rule, database, viewer) {
    const { words } = viewer;
    const gone = this.#gone.has(rule.id);
    const status = gone ? words("heroku.gone") : rule.status;
    const look = gone ? "gone" : this.#fresh.has(rule.id) ? "fresh" : null;
    const remove = () => this.#hooks.act({ do: "delete_rule", database: database.name, rule: rule.id });
    const button = el(
      "button",
      {
        type: "button",
        class: "quiet small",
        "aria-label": words("heroku.delete.label", { cidr: rule.cidr }),
        "data-testid": `delete-rule-${rule.id}`,
        on: { click: remove },
      },
      words("heroku.delete"),
    );
    return el(
      "tr",
      { class: look, "data-testid": "rule", "data-cidr": rule.cidr, "data-status": status },
      el("td", {}, el("code", { class: "cidr" }, rule.cidr), el("small", {}, rule.description)),
      el(
        "td",
        {},
        el("span", { class: `pill ${gone ? "off" : tone(rule.status)}` }, status),
        gone ? null : button,
      ),
    );
  }

  #adding(database, { words }) {
    const fields = [
      { name: "cidr", label: words("heroku.add.cidr"), example: "192.0.2.7/32" },
      { name: "description", label: words("heroku.add.description"), example: "vpn", optional: true },
    ];
    const add = (given) => this.#hooks.act({ do: "add_rule", database: database.name, ...given });
    return el(
      "details",
      {},
      el("summary", { "data-testid": `add-rule-${database.name}` }, words("heroku.add")),
      adding(fields, words("heroku.add.do"), add),
    );
  }

  #drawCalls(calls, viewer) {
    this.#calls.hidden = calls.length === 0;
    this.#noCalls.hidden = calls.length > 0;
    const seen = new Map(); // equal calls in one moment need names of their own
    const named = calls.map((call) => {
      const name = JSON.stringify(call);
      seen.set(name, (seen.get(name) ?? 0) + 1);
      return { call, name: `${name}${seen.get(name)}` };
    });
    reconcile(this.#calls, named.reverse(), {
      key: ({ name }) => name,
      sign: () => [viewer.locale, viewer.zone],
      make: ({ call }) => callLine(call, viewer),
    });
  }
}

function callLine(call, viewer) {
  const at = Date.parse(call.at) / 1000;
  const time = Number.isNaN(at) ? call.at : shown(at, viewer, { timeStyle: "medium", hourCycle: "h23" });
  const good = call.status > 0 && call.status < 400; // without a status the connection was cut
  const absent = call.status === 404 && call.method === "GET"; // how Heroku says that there is none
  const said = call.status > 0 ? String(call.status) : viewer.words("heroku.cut");
  const status = el("span", { class: `status ${good ? "good" : absent ? "" : "bad"}` }, said);
  return el(
    "li",
    {},
    el("time", {}, time),
    el("b", {}, call.method),
    el("span", { class: "path", title: call.path }, short(call.path)),
    status,
  );
}

/** Shorten what repeats in a path: the prefix of the Data API with its database, and all but the start of a UUID. */
function short(path) {
  return path
    .replace(/^\/postgres\/v0\/databases\/[^/]+/, "…")
    .replace(/\b([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f-]{27}/g, "$1…");
}

/** Put databases below their spaces; those in no space come last. */
function grouped({ spaces, databases }) {
  const inside = spaces.map((space) => ({
    ...space,
    databases: databases.filter((one) => one.space === space.name),
  }));
  const names = new Set(spaces.map((space) => space.name));
  const outside = databases.filter((one) => !names.has(one.space));
  return outside.length
    ? [...inside, { name: null, region: null, shield: null, databases: outside }]
    : inside;
}

/** Leave out what is filled in by itself, so that the rest need not be made anew when it changes. */
function bare({ rules: _rules, certificates, privatelink, ...database }) {
  return { ...database, certificates: Boolean(certificates), privatelink: privatelink !== undefined };
}

function bareSpace({ ruleset, in_force: _force, history: _history, ...space }) {
  return { ...space, ruleset: Boolean(ruleset) };
}
