/** The weather: what goes wrong at Heroku and Slack, a switch for each kind, and all off at once. */

import { el, reconcile } from "./dom.js";

/** The weather panel. */
export class Weather {
  #section = document.getElementById("weather");
  #list = document.getElementById("weather-kinds");
  #now = document.getElementById("weather-now");
  #clear = document.getElementById("weather-clear");
  #turn;

  /** @param {function(object): Promise<object>} turn - asks the door for a kind of weather, or for none */
  constructor(turn) {
    this.#turn = turn;
    this.#clear.addEventListener("click", () => turn({ clear: true }));
  }

  /** @param {{name: string, on: boolean}[]|undefined} kinds - without any the panel is hidden */
  draw(kinds, viewer) {
    this.#section.hidden = !kinds?.length;
    if (!kinds?.length) return;
    const { words } = viewer;
    const count = kinds.filter(({ on }) => on).length;
    this.#now.textContent = count ? words("weather.bad", { count }) : words("weather.fair");
    this.#section.classList.toggle("bad", count > 0);
    this.#clear.hidden = count === 0;
    reconcile(this.#list, kinds, {
      key: ({ name }) => name,
      sign: (kind) => [kind, viewer.language],
      make: (kind) => this.#kind(kind, viewer),
    });
  }

  #kind({ name, on }, { words }) {
    const label = el("span", { class: "switch-label", id: `weather-${name}-label` }, words(`weather.${name}`) ?? name);
    const about = el("p", { class: "switch-about", id: `weather-${name}-about` }, words(`weather.${name}.about`));
    const button = el(
      "button",
      {
        type: "button",
        role: "switch",
        class: "switch",
        "aria-checked": String(on),
        "aria-labelledby": `weather-${name}-label`,
        "aria-describedby": `weather-${name}-about`,
        "data-testid": `weather-${name}`,
        "data-focus": name,
        on: { click: () => this.#turn({ name, on: !on }) },
      },
      el("span", { class: "switch-track", "aria-hidden": "true" }),
      label,
    );
    return el("li", {}, button, about);
  }
}
