/** Business time, which the demo may move ahead; it ticks here between two looks. */

import { shown } from "./moments.js";

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** The clock panel; `now` is what counts as now for everything on the page. */
export class Clock {
  #section = document.getElementById("clock");
  #now = document.getElementById("clock-now");
  #offset = document.getElementById("clock-offset");
  #error = document.getElementById("clock-error");
  #viewer = null;
  #ahead = 0; // seconds that business time is ahead of this machine's clock

  /** @param {function(object): Promise<object>} move - asks the server to move time */
  constructor(move) {
    for (const button of this.#section.querySelectorAll("button")) {
      const change = "next" in button.dataset ? { next: true } : { add_s: Number(button.dataset.seconds) };
      button.addEventListener("click", async () => this.#tell(await move(change)));
    }
    setInterval(() => this.#tick(), 1000);
  }

  /** Take over the server's business time, as soon as it is known. @param {object|undefined} clock */
  set(clock) {
    this.#ahead = clock ? Date.parse(clock.now) / 1000 - Date.now() / 1000 : 0;
  }

  /** Return business time in unix seconds. */
  now() {
    return Date.now() / 1000 + this.#ahead;
  }

  /** @param {object|undefined} clock - without one the panel is hidden */
  draw(clock, viewer) {
    this.#section.hidden = !clock;
    this.#viewer = viewer;
    if (!clock) return;
    const { words } = viewer;
    const moved = clock.offset_s >= 60;
    this.#offset.textContent = moved
      ? words("clock.ahead", { ahead: length(clock.offset_s, viewer.locale) })
      : words("clock.real");
    this.#section.classList.toggle("moved", moved);
    this.#tick();
  }

  #tick() {
    if (this.#section.hidden || !this.#viewer) return;
    const options = {
      weekday: "short",
      month: "short",
      day: "numeric",
      hour: "numeric",
      minute: "2-digit",
      timeZoneName: "short",
    };
    const text = shown(this.now(), this.#viewer, options);
    if (this.#now.textContent === text) return;
    this.#now.textContent = text;
    this.#now.dateTime = new Date(this.now() * 1000).toISOString();
  }

  #tell(answer) {
    this.#error.textContent = answer.ok ? "" : answer.said;
  }
}

/** Say a length of time in its two largest units, such as "1 day 8 hr". */
function length(seconds, locale) {
  let rest = seconds;
  const parts = UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return (
      count && new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(count)
    );
  });
  return parts.filter(Boolean).slice(0, 2).join(" ");
}
