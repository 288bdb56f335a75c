/** A folded list at Heroku: things with their state, each with its external changes. */

import { el, reconcile, say } from "./dom.js";

/**
 * Make the list, empty; what one folds open stays open while the things in it change.
 *
 * @param {string} testid - names the list to tests
 * @param {HTMLFormElement|null} form - form for an external addition
 */
export function folded(testid, form) {
  return el(
    "details",
    { class: "folded" },
    el("summary", { "data-testid": testid }, el("span", { class: "folded-title" }), el("span", { class: "folded-state" })),
    el("p", { class: "folded-about" }),
    el("ul", { class: "things" }),
    form,
  );
}

/**
 * Show what there is.
 *
 * @param {HTMLElement} list - made by `folded`
 * @param {{title: string, state: string, about: string, things: object[]}} content - a thing has `name`, `note`,
 *   `state` (text and tone), and `acts`: a text, a label for a screen reader, a test id, and what it `does`
 */
export function fill(list, { title, state, about, things }) {
  say(list.querySelector(".folded-title"), title);
  say(list.querySelector(".folded-state"), state);
  say(list.querySelector(".folded-about"), about);
  list.querySelector(".folded-about").hidden = !about;
  reconcile(list.querySelector(".things"), things, {
    key: ({ key }) => key,
    sign: (thing) => thing,
    make: thingNode,
  });
}

/**
 * Make a form for an external addition.
 *
 * @param {{name: string, label: string, example: string, optional: boolean|undefined}[]} fields
 * @param {string} button - what the button says
 * @param {function(object): Promise<object>} add - takes the fields' values; answers with the server's `ok`
 */
export function adding(fields, button, add) {
  const made = fields.map(({ name, label, example, optional }) =>
    el(
      "label",
      {},
      label,
      el("input", {
        name,
        type: "text",
        class: "typed",
        placeholder: example,
        required: !optional,
        autocomplete: "off",
        spellcheck: "false",
      }),
    ),
  );
  const form = el(
    "form",
    { class: `adding of-${fields.length}` },
    made,
    el("button", { type: "submit", class: "button default" }, button),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await add(Object.fromEntries(new FormData(form)));
    if (answer.ok) form.reset();
  });
  return form;
}

function thingNode({ name, note, state, acts = [], testid, value }) {
  const pill = state && el("span", { class: `pill ${state.tone}` }, state.text);
  const buttons = acts.map(({ text, label, does, testid: id }) =>
    el(
      "button",
      { type: "button", class: "quiet small", "aria-label": label, "data-testid": id, on: { click: does } },
      text,
    ),
  );
  return el(
    "li",
    { class: "thing", "data-testid": testid, "data-value": value ?? name, "data-status": state?.text },
    el("div", { class: "thing-name" }, el("code", { title: name }, name), note ? el("small", {}, note) : null),
    el("div", { class: "thing-state" }, pill || null, buttons),
  );
}
