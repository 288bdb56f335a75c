/** What can be typed next: the commands that fit the line so far, in the reader's language. */

import { el, reconcile } from "./dom.js";

/** The box above the composer: one line per command that fits, and the one command that is being typed. */
export class Hints {
  #box = document.getElementById("command-hint");
  #choose;
  #commands = [];
  #usage = [];
  #viewer = null;

  /** @param {function(string)} choose - takes the beginning of a line that was chosen */
  constructor(choose) {
    this.#choose = choose;
  }

  /**
   * @param {{command: string, hint: string}[]} commands - with Slack's own one hint each
   * @param {{line: string, example: string, help: object}[]} usage - how a line can go on; may be empty
   * @param {import("./viewer.js").Viewer} viewer
   */
  know(commands, usage, viewer) {
    this.#commands = commands;
    this.#usage = usage;
    this.#viewer = viewer;
  }

  /** Show what fits the line; nothing is shown when it is no command. */
  show(typed) {
    const found = this.#viewer ? this.#found(typed) : [];
    this.#box.hidden = found.length === 0;
    reconcile(this.#box, found, {
      key: (hint) => hint.form,
      sign: (hint) => hint,
      make: (hint) => this.#row(hint),
    });
  }

  /** Return the line as far as everything that fits agrees on how it goes on; null if it says nothing new. */
  completion(typed) {
    const line = normalized(typed);
    if (line.length < 2) return null;
    const fitting = [...this.#usage, ...this.#commands.map(({ command }) => ({ line: command }))]
      .map((one) => `${one.line} `)
      .filter((one) => one.startsWith(line));
    // The bare command agrees with everything below it, and would keep the line from going on.
    const longer = fitting.filter((one) => one.trim() !== line.trim());
    const shared = (longer.length ? longer : fitting).reduce(common, null);
    const whole = shared?.slice(0, shared.lastIndexOf(" ") + 1) ?? "";
    return whole.length > line.length ? whole : null;
  }

  #found(typed) {
    if (!typed.startsWith("/")) return [];
    const line = normalized(typed);
    const own = this.#commands.filter(({ command }) => command.startsWith(line.split(" ")[0]));
    const begun = this.#usage.filter((one) => one.line.startsWith(line) && line.includes(" "));
    const inside = this.#usage.filter((one) => line.startsWith(`${one.line} `));
    if (begun.length || inside.length) return (begun.length ? begun : inside).map((one) => this.#help(one));
    return own.map(({ command, hint }) => ({ form: command, about: hint, line: command }));
  }

  #help({ line, help }) {
    const { form, about } = help[this.#viewer.language] ?? help.en;
    return { form, about, line };
  }

  #row({ form, about, line }) {
    return el(
      "button",
      {
        type: "button",
        class: "hint-line",
        // The box must keep the focus, or the line would lose its place while one presses.
        on: { mousedown: (event) => event.preventDefault(), click: () => this.#choose(`${line} `) },
      },
      el("b", {}, form),
      about ? ` ${about}` : null,
    );
  }
}

/** Bring a line into the form in which lines are compared: single spaces, small letters. */
function normalized(typed) {
  return typed.replace(/\s+/g, " ").toLowerCase();
}

function common(before, line) {
  if (before === null) return line;
  let length = 0;
  while (length < before.length && before[length] === line[length]) length += 1;
  return before.slice(0, length);
}
