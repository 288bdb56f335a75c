/** The outages: what goes wrong at Heroku and Slack, a switch for each kind, and all off at once. */

import { el, reconcile, say } from "./dom.js";

/** The outages panel. */
export class Outages {
  #section = document.getElementById("outages");
  #list = document.getElementById("outages-kinds");
  #now = document.getElementById("outages-now");
  #clear = document.getElementById("outages-clear");
  #about = document.getElementById("outages-about");
  #told = ""; // the kind whose effect is told, or none
  #viewer = null;
  #turn;

  /** @param {function(object): Promise<object>} turn - asks the server for a kind of outages, or for none */
  constructor(turn) {
    this.#turn = turn;
    this.#clear.addEventListener("click", () => turn({ clear: true }));
    this.#list.addEventListener("pointerleave", () => this.#viewer && this.#tell("", this.#viewer));
  }

  /** @param {{name: string, on: boolean}[]|undefined} kinds - without any the panel is hidden */
  draw(kinds, viewer) {
    this.#section.hidden = !kinds?.length;
    if (!kinds?.length) return;
    this.#viewer = viewer;
    const { words } = viewer;
    const count = kinds.filter(({ on }) => on).length;
    this.#now.textContent = count ? words("outages.bad", { count }) : words("outages.fair");
    this.#section.classList.toggle("bad", count > 0);
    this.#clear.hidden = count === 0;
    this.#tell(this.#told, viewer);
    reconcile(this.#list, kinds, {
      key: ({ name }) => name,
      sign: (kind) => [kind, viewer.language],
      make: (kind) => this.#kind(kind, viewer),
    });
  }

  /** Tell what a kind does, or what the panel is for. */
  #tell(name, { words }) {
    this.#told = name;
    say(this.#about, words(name ? `outages.${name}.about` : "outages.about"));
  }

  #kind({ name, on }, viewer) {
    const { words } = viewer;
    const tell = () => this.#tell(name, viewer);
    const label = el("span", { class: "switch-label", id: `outages-${name}-label` }, words(`outages.${name}`) ?? name);
    const about = el("p", { hidden: true, id: `outages-${name}-about` }, words(`outages.${name}.about`));
    const button = el(
      "button",
      {
        type: "button",
        role: "switch",
        class: "switch",
        "aria-checked": String(on),
        "aria-labelledby": `outages-${name}-label`,
        "aria-describedby": `outages-${name}-about`,
        "data-testid": `outages-${name}`,
        "data-focus": name,
        on: { click: () => this.#turn({ name, on: !on }), pointerenter: tell, focus: tell },
      },
      el("span", { class: "switch-track", "aria-hidden": "true" }),
      label,
    );
    return el("li", {}, button, about);
  }
}
