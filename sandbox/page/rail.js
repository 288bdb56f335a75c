/** The left rail: who one is, and where one can read and write. */

import { el, reconcile } from "./dom.js";

const HUES = 6; // how many colours the style sheet has for initials

/** People, channels and the direct messages with the bot. */
export class Rail {
  #people = document.getElementById("people");
  #channels = document.getElementById("channels");
  #direct = document.getElementById("direct");
  #hooks;

  /** @param {{become: function(string), open: function(string)}} hooks - what choosing does */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {object[]} channels - with `unread` on each
   * @param {string} open - the id of the channel that is shown
   */
  draw(viewer, channels, open) {
    reconcile(this.#people, viewer.people, {
      key: (person) => person.id,
      sign: (person) => [person, person.id === viewer.me],
      make: (person) => this.#person(person, person.id === viewer.me),
    });
    const how = {
      key: (channel) => channel.id,
      sign: (channel) => [channel, channel.id === open, viewer.language],
      make: (channel) => this.#channel(channel, channel.id === open, viewer),
    };
    reconcile(
      this.#channels,
      channels.filter((channel) => !channel.is_im),
      how,
    );
    reconcile(
      this.#direct,
      channels.filter((channel) => channel.is_im),
      how,
    );
  }

  #person(person, self) {
    const names = el(
      "span",
      { class: "person-names" },
      el("b", {}, person.real_name),
      el("small", {}, person.title || person.name),
    );
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "person",
          "aria-pressed": String(self),
          lang: person.locale.slice(0, 2),
          "data-testid": `person-${person.id}`,
          "data-focus": person.id,
          on: { click: () => this.#hooks.become(person.id) },
        },
        initial(person.id, person.real_name),
        names,
      ),
    );
  }

  #channel(channel, open, viewer) {
    const dot =
      channel.unread && el("span", { class: "dot", role: "img", "aria-label": viewer.words("rail.unread") });
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: channel.unread ? "place unread" : "place",
          "aria-current": open ? "page" : null,
          "data-testid": `channel-${channel.id}`,
          "data-focus": channel.id,
          on: { click: () => this.#hooks.open(channel.id) },
        },
        channel.is_im ? robot() : el("span", { class: "hash", "aria-hidden": "true" }, "#"),
        el("span", { class: "place-name" }, channel.name),
        dot || null,
      ),
    );
  }
}

/** Make the square with the first letter of a name, coloured by the id. */
export function initial(id, name) {
  const hue = [...id].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % HUES;
  return el("span", { class: `initial hue-${hue}`, "aria-hidden": "true" }, [...name][0]);
}

/** Make the bot's mark. */
export function robot() {
  return el("span", { class: "initial bot", "aria-hidden": "true" }, "🔐");
}
