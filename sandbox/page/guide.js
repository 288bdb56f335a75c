/** The first minute: a slim line of steps that tick themselves when the state shows that they are done. */

import { el, reconcile } from "./dom.js";
import { written } from "./text.js";

const COMMAND = "/pgaccess mtls add 203.0.113.4";
const APPROVALS = "approvals"; // the channel where the simulated workspace decides
const SHELF = "pgaccess.guide"; // the key in the tab's storage
const OURS = "pgaccess/"; // how the description of every rule begins that pgaccess made
const OVER = /:(no_entry|leftwards_arrow_with_hook|zzz|x):/; // on a card: denied, taken back, lapsed, failed

/** Shows the server's steps where it has some, else those of the demo; done stays done, also after a reload. */
export class Guide {
  #section = document.getElementById("guide");
  #list = document.getElementById("guide-steps");
  #over = document.getElementById("guide-over");
  #hooks;
  #show = document.getElementById("guide-show");
  #run = ""; // which start of the demo the rest is about
  #hidden = false;
  #done = new Set();

  /** @param {{perform: function(object)}} hooks - takes a step's `does`: where to go and what to offer */
  constructor(hooks) {
    this.#hooks = hooks;
    document.getElementById("guide-hide").addEventListener("click", () => this.#hide(true));
    this.#show.addEventListener("click", () => this.#hide(false));
  }

  /** @param {object} state - the server's answer */
  draw(state, viewer) {
    if (state.run !== this.#run) this.#recall(state.run);
    const steps = Array.isArray(state.steps) ? given(state.steps, viewer) : this.#own(state, viewer);
    this.#keep();
    this.#section.hidden = this.#hidden || steps.length === 0;
    this.#show.hidden = !this.#hidden || steps.length === 0;
    const current = steps.find((step) => !step.done);
    this.#section.classList.toggle("over", !current);
    this.#over.hidden = Boolean(current);
    const numbered = steps.map((step, place) => ({ ...step, number: place + 1, current: step === current }));
    reconcile(this.#list, numbered, {
      key: (step) => step.number,
      sign: (step) => [step, viewer.language],
      make: (step) => this.#step(step, steps.length, viewer),
    });
  }

  /** Fold the line away, or bring it back; whoever did so keeps the focus nearby. */
  #hide(hidden) {
    this.#hidden = hidden;
    this.#section.hidden = hidden;
    this.#show.hidden = !hidden;
    this.#keep();
    (hidden ? this.#show : document.getElementById("guide-hide")).focus();
  }

  /** Remember across a reload, in this tab, what was done since the demo was started. */
  #keep() {
    if (this.#run === undefined) return; // this server says nothing of its starts
    sessionStorage.setItem(SHELF, JSON.stringify({ run: this.#run, hidden: this.#hidden, done: [...this.#done] }));
  }

  #recall(run) {
    this.#run = run;
    const kept = load();
    const same = run !== undefined && kept.run === run;
    this.#hidden = same ? Boolean(kept.hidden) : false;
    this.#done = new Set(same ? kept.done : []);
  }

  #step(step, count, viewer) {
    const { words } = viewer;
    const about = words("guide.step", { number: step.number, count });
    const mark = el("span", { class: "tick", "aria-hidden": "true" }, step.done ? "✓" : String(step.number));
    const said = el(
      "span",
      { class: "unseen" },
      step.done ? `${about}, ${words("guide.done")}: ` : `${about}: `,
    );
    const text = el("span", { class: "step-text" }, said, written(step.text, viewer));
    const attributes = { class: "step-button", "data-testid": `step-${step.number}`, "data-focus": "step" };
    const inside = step.does
      ? el(
          "button",
          { type: "button", ...attributes, on: { click: () => this.#hooks.perform(step.does) } },
          mark,
          text,
        )
      : el("span", attributes, mark, text);
    const state = step.done ? "done" : step.current ? "current" : "later";
    return el(
      "li",
      {
        class: `step ${state}`,
        "aria-current": step.current ? "step" : null,
        "data-done": String(step.done),
      },
      inside,
    );
  }

  /** Make the steps of the demo, as far as this server has what they need. */
  #own(state, viewer) {
    this.#notice(state);
    const named = (name) => state.people.find((person) => person.name === name);
    const [asker, decider] = [named("engineer"), named("lead")];
    if (!asker || !decider) return [];
    const { words } = viewer;
    const all = [
      { name: "ask", values: { person: asker.real_name }, does: { as: asker.id, offer: COMMAND } },
      {
        name: "approve",
        values: { person: decider.real_name, channel: APPROVALS },
        does: { as: decider.id, channel: APPROVALS },
      },
      state.heroku && { name: "watch", values: {}, does: { pane: "world" } },
      state.heroku &&
        state.clock && { name: "wait", values: {}, does: { pane: "world", focus: "[data-testid='clock-next']" } },
    ];
    return all.filter(Boolean).map(({ name, values, does }) => ({
      text: words(`guide.${name}`, values),
      does,
      done: this.#done.has(name),
    }));
  }

  /** Note which steps the state shows as done. */
  #notice({ messages, channels, bot, heroku, clock }) {
    const cards = channels
      .filter((channel) => channel.name === APPROVALS)
      .flatMap((channel) => messages[channel.id] ?? [])
      .filter((message) => message.user === bot.user_id && !message.ephemeral);
    const ours = (heroku?.databases ?? [])
      .flatMap(({ rules }) => rules)
      .filter((rule) => rule.description?.startsWith(OURS));
    const approved = heroku ? ours.length > 0 : cards.some((card) => card.edited && !hasButtons(card));
    if (cards.length || approved) this.#done.add("ask");
    // Nothing is left to be approved, and nothing is open: who goes on asks once more.
    if (cards.length && cards.every(isOver) && !approved) this.#done.delete("ask");
    if (approved) this.#done.add("approve");
    if (ours.some((rule) => rule.status === "Authorized")) this.#done.add("watch");
    const closed = this.#done.has("watch") && ours.length === 0;
    if (closed && clock?.offset_s > 0) this.#done.add("wait");
  }
}

/** Read the server's own steps: a text, or a text by language, each with whether it is done. */
function given(steps, viewer) {
  return steps.map((step) => {
    const text = step.text ?? step;
    return { text: text[viewer.language] ?? text.en ?? String(text), done: Boolean(step.done), does: null };
  });
}

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(SHELF)) ?? {};
  } catch {
    return {}; // somebody else's text under our key
  }
}

function isOver(message) {
  return OVER.test(JSON.stringify(message.blocks)) && !hasButtons(message);
}

function hasButtons(message) {
  return message.blocks.some((block) => block.type === "actions");
}
