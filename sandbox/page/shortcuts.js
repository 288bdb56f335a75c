/**
 * The app's global shortcuts: a button by the composer, and a menu of what the app has.
 *
 * Arrow keys walk through the menu, Enter takes, Esc closes it and gives the focus back.
 * Fact: WAI-ARIA Authoring Practices, menu button.
 */

import { el, reconcile } from "./dom.js";

/** Shows the button where the app has shortcuts, and starts what is chosen. */
export class Shortcuts {
  #box = document.getElementById("shortcuts");
  #button = document.getElementById("shortcuts-open");
  #menu = document.getElementById("shortcuts-menu");
  #start;

  /** @param {function(object)} start - starts a shortcut */
  constructor(start) {
    this.#start = start;
    this.#button.addEventListener("click", () => this.#open(this.#menu.hidden));
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.#box.contains(relatedTarget)) this.#open(false);
    });
  }

  /** @param {{callback_id: string, name: string}[]} shortcuts - of the app */
  draw(shortcuts, viewer) {
    this.#box.hidden = shortcuts.length === 0;
    reconcile(this.#menu, shortcuts, {
      key: (one) => one.callback_id,
      sign: (one) => [one, viewer.me],
      make: (one) => this.#item(one),
    });
  }

  #item(shortcut) {
    const chosen = () => {
      this.#open(false);
      this.#button.focus();
      this.#start(shortcut);
    };
    const attributes = { type: "button", role: "menuitem", class: "hint-line", tabindex: "-1" };
    const test = { "data-testid": `shortcut-${shortcut.callback_id}` };
    return el("button", { ...attributes, ...test, on: { click: chosen } }, el("b", {}, shortcut.name), " pgaccess");
  }

  #open(open) {
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) this.#menu.firstElementChild.focus();
  }

  #key(event) {
    if (this.#menu.hidden) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#move(event, () => this.#open(true));
      return;
    }
    const items = [...this.#menu.children];
    const place = items.indexOf(document.activeElement);
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) this.#move(event, () => items.at(to % items.length).focus());
    else if (event.key === "Escape") {
      this.#move(event, () => this.#open(false));
      this.#button.focus();
    }
  }

  #move(event, act) {
    event.preventDefault();
    act();
  }
}
