/**
 * Block Kit's interactive elements: what is pressed, chosen and typed, in messages, forms and the home tab.
 *
 * Values are raw, as the server takes them: a text, an option's value, a list of those, "YYYY-MM-DD", "HH:MM",
 * unix seconds, a person's id; null or an empty list when there is nothing.
 * Fact: Slack developer documentation, Block Kit elements, 2026-11.
 */

import { confirmed } from "./confirm.js";
import { el } from "./dom.js";
import { unixOf, wallOf } from "./moments.js";
import { searched } from "./search.js";
import { emojied, written } from "./text.js";

const PAUSE = 400; // milliseconds without a key until on_character_entered is sent
const readers = new WeakMap(); // element → function that returns its raw value
let serial = 0; // makes ids and names that are unique on the page

const MAKERS = {
  button,
  overflow,
  static_select: (element, wiring) => choice(element, wiring, groupsOf(element)),
  external_select: sought,
  users_select: (element, wiring) => choice(element, wiring, [{ options: peopleOf(wiring.viewer) }]),
  radio_buttons: (element, wiring) => several(element, wiring, "radio"),
  checkboxes: (element, wiring) => several(element, wiring, "checkbox"),
  multi_static_select: (element, wiring) => several(element, wiring, "checkbox", "boxed"),
  plain_text_input: typed,
  number_input: typed,
  datepicker: (element, wiring) => dated(element, wiring, "date", element.initial_date),
  timepicker: (element, wiring) => dated(element, wiring, "time", element.initial_time),
  datetimepicker: moment,
};

/**
 * Make an interactive element.
 *
 * @param {object} element - as the bot sent it
 * @param {object} wiring
 * @param {object} wiring.block - the block it stands in
 * @param {import("./viewer.js").Viewer} wiring.viewer
 * @param {function(object, object, *): Promise} wiring.act - sends a press or a choice: block, element, value
 * @param {function(object, object, string): Promise} [wiring.suggest] - asks the bot for options: block, element, text
 * @param {boolean} wiring.sends - whether a choice is sent at once, not only with the form
 * @param {Map<string, *>} [wiring.kept] - what was typed before, by `nameOf`; it outlives the bot's initial values
 * @param {object} [wiring.aria] - attributes that tie it to its label, hint and error
 * @returns {HTMLElement|null} null for an element that the page does not know
 */
export function interactive(element, wiring) {
  return MAKERS[element.type]?.(element, { kept: new Map(), aria: {}, ...wiring }) ?? null;
}

/** Return the raw values below a node, by block and action. */
export function valuesIn(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-action]")) {
    const read = readers.get(node);
    if (read) (values[node.dataset.block] ??= {})[node.dataset.action] = read();
  }
  return values;
}

/** Return the name by which a typed value is kept while a form is rendered again. */
export function nameOf(blockId, actionId) {
  return JSON.stringify([blockId, actionId]);
}

function button(element, wiring) {
  const { block, viewer, act } = wiring;
  const press = async () => {
    if (!(await confirmed(element.confirm, viewer))) return;
    if (/^https?:\/\//i.test(element.url ?? "")) window.open(element.url, "_blank", "noopener,noreferrer");
    await act(block, element, undefined, node);
  };
  const node = el(
    "button",
    {
      ...marks(element, wiring),
      type: "button",
      class: `button ${element.style ?? "default"}`,
      "aria-label": element.accessibility_label,
      on: { click: press },
    },
    emojied(element.text.text),
  );
  return node;
}

function overflow(element, wiring) {
  const { viewer } = wiring;
  const node = el(
    "select",
    { ...marks(element, wiring), class: "select overflow", "aria-label": viewer.words("element.more") },
    el("option", { value: "" }, "⋯"),
    options(element.options, []),
  );
  node.addEventListener("change", async () => {
    const value = node.value;
    node.value = "";
    if (await confirmed(element.confirm, viewer)) await wiring.act(wiring.block, element, value, node);
  });
  return node;
}

function choice(element, wiring, groups) {
  const { viewer } = wiring;
  const initial = kept(element, wiring, element.initial_option?.value ?? element.initial_user ?? null);
  const empty = element.type === "users_select" ? "element.person" : "element.choose";
  const node = el(
    "select",
    { ...marks(element, wiring), class: "select" },
    el("option", { value: "" }, element.placeholder?.text ?? viewer.words(empty)),
    groups.map((group) =>
      group.label
        ? el("optgroup", { label: emojied(group.label.text) }, options(group.options, [initial]))
        : options(group.options, [initial]),
    ),
  );
  return answering(node, element, wiring, () => node.value || null);
}

function sought(element, wiring) {
  if (!wiring.suggest) return null; // only a form can ask the bot for options
  const { node, input, read } = searched(element, {
    marks: marks(element, wiring),
    initial: kept(element, wiring, element.initial_option?.value ?? null),
    viewer: wiring.viewer,
    ask: (text) => wiring.suggest(wiring.block, element, text),
  });
  answering(input, element, wiring, read);
  return node;
}

function several(element, wiring, type, look = "open") {
  const chosen = new Set(
    [
      kept(
        element,
        wiring,
        initialOf(element).map((option) => option.value),
      ),
    ].flat(),
  );
  const name = `several-${(serial += 1)}`;
  const focus = nameOf(wiring.block.block_id, element.action_id);
  const listed = groupsOf(element).flatMap((group) => group.options);
  const boxes = listed.map((option) =>
    el("input", {
      type,
      name,
      value: option.value,
      checked: chosen.has(option.value),
      "data-focus": `${focus}${option.value}`,
    }),
  );
  const node = el(
    "div",
    { ...marks(element, wiring), role: type === "radio" ? "radiogroup" : "group", class: `several ${look}` },
    listed.map((option, place) => optionLine(boxes[place], option, wiring.viewer)),
  );
  const picked = () => boxes.filter((box) => box.checked).map((box) => box.value);
  return answering(node, element, wiring, () => (type === "radio" ? (picked()[0] ?? null) : picked()));
}

function optionLine(box, option, viewer) {
  const description =
    option.description && el("span", { class: "description" }, written(option.description, viewer));
  return el("label", { class: "option" }, box, el("span", {}, written(option.text, viewer), description));
}

function typed(element, wiring) {
  const node = el(element.multiline ? "textarea" : "input", {
    ...marks(element, wiring),
    class: "typed",
    type: element.multiline ? null : "text",
    rows: element.multiline ? "4" : null,
    inputmode: element.type === "number_input" ? "decimal" : null,
    maxlength: element.max_length,
    placeholder: element.placeholder?.text,
    autocomplete: "off",
    value: kept(element, wiring, element.initial_value ?? "") ?? "",
  });
  readers.set(node, () => node.value || null);
  if (wiring.sends) dispatchTyped(node, element, wiring);
  return node;
}

/** Send what is typed: on Enter, or after a pause where the bot wants each character. */
function dispatchTyped(node, element, wiring) {
  const wanted = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const send = () => wiring.act(wiring.block, element, node.value, node);
  let pause = 0;
  node.addEventListener("input", () => {
    clearTimeout(pause);
    if (wanted.includes("on_character_entered")) pause = setTimeout(send, PAUSE);
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || node.tagName === "TEXTAREA") return;
    event.preventDefault();
    if (wanted.includes("on_enter_pressed")) send();
  });
}

function dated(element, wiring, type, initial) {
  const node = el("input", {
    ...marks(element, wiring),
    class: "typed short",
    type,
    value: kept(element, wiring, initial ?? "") ?? "",
  });
  return answering(node, element, wiring, () => node.value || null);
}

function moment(element, wiring) {
  const { zone } = wiring.viewer;
  const initial = kept(element, wiring, element.initial_date_time ?? null);
  const value = initial === null ? "" : wallOf(initial, zone);
  const node = el("input", {
    ...marks(element, wiring),
    class: "typed short",
    type: "datetime-local",
    value,
  });
  return answering(node, element, wiring, () => (node.value ? unixOf(node.value, zone) : null));
}

/** Make an element's value readable, and send it when it changes where that is wanted. */
function answering(node, element, wiring, read) {
  readers.set(node, read);
  if (wiring.sends) {
    node.addEventListener("change", async () => {
      if (await confirmed(element.confirm, wiring.viewer))
        await wiring.act(wiring.block, element, read(), node);
    });
  }
  return node;
}

function marks(element, { block, aria }) {
  const { block_id: blockId } = block;
  const { action_id: actionId } = element;
  return {
    ...aria,
    "data-block": blockId,
    "data-action": actionId,
    "data-testid": `action-${actionId}`,
    "data-focus": nameOf(blockId, actionId),
    autofocus: element.focus_on_load,
  };
}

function kept(element, { block, kept: values }, initial) {
  const name = nameOf(block.block_id, element.action_id);
  return values.has(name) ? values.get(name) : initial;
}

function initialOf(element) {
  return element.initial_options ?? (element.initial_option ? [element.initial_option] : []);
}

function groupsOf(element) {
  return element.option_groups ?? [{ options: element.options ?? [] }];
}

function options(list, chosen) {
  return list.map((option) =>
    el("option", { value: option.value, selected: chosen.includes(option.value) }, emojied(option.text.text)),
  );
}

function peopleOf(viewer) {
  return viewer.people.map((person) => ({ value: person.id, text: { text: person.real_name } }));
}
