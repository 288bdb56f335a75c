/** Where one types: an ordinary message, or a slash command with hints at how it goes on. */

import { say } from "./dom.js";
import { Hints } from "./hints.js";

const PATIENT = 300; // milliseconds until waiting is worth a word
const HISTORY = 50; // lines that arrow up finds again
const NARROW = matchMedia("(max-width: 719px)"); // as in narrow.css

/** Keeps a draft per person and channel; Enter sends, Shift+Enter breaks the line, arrow up finds old lines. */
export class Composer {
  #form = document.getElementById("composer");
  #text = document.getElementById("composer-text");
  #hints = new Hints((line) => this.offer(line));
  #status = document.getElementById("composer-status");
  #send;
  #viewer = null;
  #commands = [];
  #name = ""; // of the channel
  #place = ""; // whose draft, and for which channel
  #drafts = new Map();
  #history = [];
  #back = 0; // how many lines back in the history; 0 is the draft

  /** @param {function(string): Promise<object>} send - sends a line, resolves to the server's answer */
  constructor(send) {
    this.#send = send;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    NARROW.addEventListener("change", () => this.#viewer && this.#invite());
  }

  /**
   * Show the draft that belongs to this person and channel; what is being typed is left alone.
   *
   * @param {import("./viewer.js").Viewer} viewer
   * @param {object} channel
   * @param {object} state - the server's answer, for its `commands` and, where there is one, its `usage`
   * @param {boolean} visible - nobody writes on the home tab
   */
  draw(viewer, channel, state, visible) {
    this.#form.hidden = !visible;
    this.#text.disabled = false; // until here, nobody knew whose words they would be
    this.#viewer = viewer;
    this.#commands = state.commands;
    this.#hints.know(state.commands, state.usage ?? [], viewer);
    this.#name = channel.is_im ? channel.name : `#${channel.name}`;
    this.#invite();
    const place = `${viewer.me}/${channel.id}`;
    if (place === this.#place) return;
    this.#drafts.set(this.#place, this.#text.value);
    this.#place = place;
    this.tell("");
    this.#fill(this.#drafts.get(place) ?? "");
  }

  /** Put a line into the box, ready to be sent. */
  offer(line) {
    this.#fill(line);
    this.#text.focus();
  }

  /** Say a quiet line below the box; `wrong` marks it as trouble. */
  tell(text, wrong = false) {
    say(this.#status, text);
    this.#status.classList.toggle("wrong", wrong);
  }

  /** Say how the server answered. */
  tellAnswer(answer) {
    const { words } = this.#viewer;
    if (!answer.ok) this.tell(words("channel.failed", { error: answer.said }), true);
    else this.tell(answer.ms === undefined ? "" : words("composer.answered", { ms: Math.round(answer.ms) }));
  }

  /** Say in the empty box what it is for, as far as there is room. */
  #invite() {
    const words = NARROW.matches ? "composer.placeholder.short" : "composer.placeholder";
    this.#text.placeholder = this.#viewer.words(words, { place: this.#name });
  }

  async #submit() {
    const line = this.#text.value.trim();
    if (!line) return;
    const unknown = this.#unknownCommand(line);
    if (unknown) {
      const known = this.#commands.map((one) => one.command).join(", ");
      this.tell(this.#viewer.words("composer.unknown", { command: unknown, known }), true);
      return;
    }
    this.#remember(line);
    this.#fill("");
    const place = this.#place;
    const slow = setTimeout(() => this.tell(this.#viewer.words("composer.sending")), PATIENT);
    const answer = await this.#send(line);
    clearTimeout(slow);
    if (place !== this.#place) return;
    this.tellAnswer(answer);
    if (!answer.ok && !this.#text.value) this.#fill(line);
  }

  #unknownCommand(line) {
    const word = line.split(/\s/)[0];
    const isCommand = word.startsWith("/") && word.length > 1;
    return isCommand && !this.#commands.some((one) => one.command === word) ? word : null;
  }

  #key(event) {
    if (event.isComposing) return; // the Enter that ends a Japanese conversion sends nothing
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#form.requestSubmit();
    } else if (event.key === "Tab" && !event.shiftKey && this.#hints.completion(this.#text.value)) {
      event.preventDefault();
      this.#fill(this.#hints.completion(this.#text.value));
    } else if (event.key === "ArrowUp" && this.#text.selectionEnd === 0) this.#recall(event, 1);
    else if (event.key === "ArrowUp" && this.#back > 0) this.#recall(event, 1);
    else if (event.key === "ArrowDown" && this.#back > 0) this.#recall(event, -1);
  }

  #recall(event, step) {
    const back = this.#back + step;
    if (back > this.#history.length) return;
    event.preventDefault();
    if (this.#back === 0) this.#drafts.set(this.#place, this.#text.value);
    const line = back === 0 ? (this.#drafts.get(this.#place) ?? "") : this.#history.at(-back);
    this.#fill(line);
    this.#back = back;
  }

  #remember(line) {
    if (this.#history.at(-1) !== line) this.#history.push(line);
    this.#history = this.#history.slice(-HISTORY);
  }

  #fill(line) {
    this.#text.value = line;
    this.#typed();
    this.#text.setSelectionRange(line.length, line.length);
  }

  #typed() {
    this.#back = 0;
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    this.#hints.show(this.#text.value);
  }
}
