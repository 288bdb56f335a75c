/** The open modal: rendered from the view on top of the person's stack, filled in, submitted, closed. */

import { rendered, showErrors } from "./blocks.js";
import { say } from "./dom.js";
import { nameOf, valuesIn } from "./elements.js";

/** One native dialog, which keeps the focus inside and closes on Esc. */
export class Modal {
  #dialog = document.getElementById("modal");
  #form = document.getElementById("modal-form");
  #title = document.getElementById("modal-title");
  #body = document.getElementById("modal-body");
  #error = document.getElementById("modal-error");
  #closeButton = document.getElementById("modal-close");
  #submitButton = document.getElementById("modal-submit");
  #api;
  #view = null; // the view that is shown
  #signature = "";
  #stated = "null"; // the errors that the server said last, as JSON
  #kept = new Map(); // by view id: what was typed, by nameOf; a view below the front one keeps its fields
  #dismissed = null; // the id of a view closed here, which the server has not taken away yet

  /** @param {{submit: function, close: function, click: function, suggest: function}} api - how a form's acts reach the server */
  constructor(api) {
    this.#api = api;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    for (const button of this.#dialog.querySelectorAll("[data-close]")) {
      button.addEventListener("click", () => this.#dialog.close());
    }
    this.#dialog.addEventListener("close", () => this.#closed());
  }

  /** Show this view, or none; what was typed stays as long as its block and action do. */
  draw(view, viewer) {
    if (!view || view.id === this.#dismissed) {
      this.#hide(view);
      return;
    }
    const { title, submit, close, blocks } = view;
    const signature = JSON.stringify([view.id, title, submit, close, blocks, viewer.stamp()]);
    if (signature !== this.#signature) this.#build(view, viewer);
    this.#signature = signature;
    this.#view = view;
    this.#showStated(view.errors ?? null);
  }

  #hide(view) {
    this.#dismissed = view?.id ?? null;
    if (!view) this.#kept.clear();
    this.#view = null;
    this.#signature = "";
    if (this.#dialog.open) this.#dialog.close();
  }

  #build(view, viewer) {
    this.#keep();
    const focus = this.#focused();
    const kept = this.#kept.get(view.id) ?? new Map();
    this.#title.textContent = view.title.text;
    this.#closeButton.textContent =
      view.close?.text ?? viewer.words(view.submit ? "modal.cancel" : "modal.close");
    this.#submitButton.textContent = view.submit?.text ?? "";
    this.#submitButton.hidden = !view.submit;
    say(this.#error, "");
    const act = (...press) => this.#click(view, viewer, ...press);
    const suggest = (...search) => this.#api.suggest(view, ...search);
    this.#body.replaceChildren(...rendered(view.blocks, { viewer, act, suggest, kept, sends: true }));
    this.#stated = "null";
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#focus(focus, view.id === this.#view?.id);
  }

  /** Remember what is typed in the view that is shown now. */
  #keep() {
    if (!this.#view) return;
    const typed = new Map();
    for (const [block, actions] of Object.entries(valuesIn(this.#body))) {
      for (const [action, value] of Object.entries(actions)) typed.set(nameOf(block, action), value);
    }
    this.#kept.set(this.#view.id, typed);
  }

  #focused() {
    const active = document.activeElement;
    if (!this.#body.contains(active)) return null;
    const { selectionStart: start, selectionEnd: end } = active;
    return { name: active.dataset.focus, start, end };
  }

  #focus(before, same) {
    const old = same && before?.name && this.#body.querySelector(`[data-focus="${CSS.escape(before.name)}"]`);
    const wanted = this.#body.querySelector("[autofocus]");
    const first = this.#body.querySelector("input, textarea, select");
    const target =
      old || wanted || first || (this.#submitButton.hidden ? this.#closeButton : this.#submitButton);
    target.focus({ preventScroll: Boolean(old) });
    if (old && typeof before.start === "number") old.setSelectionRange(before.start, before.end);
  }

  /** Show the server's errors; while a form is under way it has none, and those of before stay in place. */
  #showStated(errors) {
    if (this.#dialog.ariaBusy === "true") return;
    const stated = JSON.stringify(errors);
    if (stated !== this.#stated) this.#showErrors(errors ?? {});
    this.#stated = stated;
  }

  #showErrors(errors) {
    showErrors(this.#body, errors);
    this.#body.querySelector(".wrong [data-focus]")?.focus();
  }

  async #submit() {
    if (this.#submitButton.hidden || this.#dialog.ariaBusy === "true") return;
    const view = this.#view;
    say(this.#error, "");
    this.#busy(true);
    const answer = await this.#api.submit(view, valuesIn(this.#body));
    this.#busy(false);
    if (this.#view?.id !== view.id) return;
    this.#stated = JSON.stringify(answer.errors ?? null);
    this.#showErrors(answer.errors ?? {});
    if (answer.error) say(this.#error, answer.said);
  }

  async #click(view, viewer, block, element, selected, node) {
    const answer = await this.#api.click(view, block, element, selected, node);
    if (!answer.ok && this.#view?.id === view.id) say(this.#error, answer.said);
  }

  async #closed() {
    const view = this.#view;
    if (!view) return; // the server took the view away first
    this.#dismissed = view.id;
    this.#view = null;
    this.#signature = "";
    this.#kept.delete(view.id);
    const answer = await this.#api.close(view);
    if (!answer.ok && this.#dismissed === view.id) this.#dismissed = null;
  }

  #busy(on) {
    this.#dialog.ariaBusy = String(on);
    this.#submitButton.classList.toggle("busy", on);
  }
}
