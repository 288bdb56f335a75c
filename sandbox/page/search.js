/**
 * A field whose options the bot finds while one types (Block Kit's external_select): a combobox with a list.
 *
 * Arrow keys walk through the list, Enter takes, Esc closes it; what was found is also said, for who cannot see it.
 * Fact: WAI-ARIA Authoring Practices, combobox with list autocomplete: the focus stays in the input.
 */

import { el, say } from "./dom.js";

const PAUSE = 150; // milliseconds without a key until the bot is asked
const LEAST = 3; // letters before the bot is asked, where it does not say (Block Kit reference)
const texts = new Map(); // option's value → its text: a form rendered again knows the value alone
let serial = 0; // makes ids that are unique on the page

/**
 * Make the field.
 *
 * @param {object} element - the external_select as the bot sent it
 * @param {object} how
 * @param {object} how.marks - attributes of the input
 * @param {string|null} how.initial - the value of the option chosen already
 * @param {import("./viewer.js").Viewer} how.viewer
 * @param {function(string): Promise<{ok: boolean, options: object[]}>} how.ask - what the bot finds for a text
 * @returns {{node: HTMLElement, input: HTMLInputElement, read: function(): (string|null)}}
 */
export function searched(element, { marks, initial, viewer, ask }) {
  if (element.initial_option) learn([element.initial_option]);
  const id = `found-${(serial += 1)}`;
  const label = viewer.words("element.found.label");
  const list = el("ul", { id, role: "listbox", class: "found", hidden: true, "aria-label": label });
  const status = el("span", { role: "status", class: "unseen" });
  const input = el("input", {
    ...marks,
    class: "typed",
    type: "text",
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-controls": id,
    "aria-expanded": "false",
    placeholder: element.placeholder?.text ?? viewer.words("element.choose"),
    value: texts.get(initial) ?? "",
  });
  let value = initial; // of the option chosen
  let at = -1; // place of the option that the keys are on
  let asked = 0; // only the last question's answer counts
  let pause = 0;

  const close = () => {
    asked += 1;
    clearTimeout(pause);
    list.hidden = true;
    input.ariaExpanded = "false";
    input.removeAttribute("aria-activedescendant");
  };
  const take = (option) => {
    const changed = option.value !== value;
    value = option.value;
    input.value = option.text.text;
    close();
    if (changed) input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const walk = (step) => {
    const lines = list.children;
    if (!lines.length) return;
    at = (at + step + lines.length + (at < 0 && step < 0 ? 1 : 0)) % lines.length;
    for (const [place, line] of [...lines].entries()) line.ariaSelected = String(place === at);
    lines[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", lines[at].id);
  };
  const show = (options) => {
    learn(options);
    at = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...options.map((option, place) => line(option, `${id}-${place}`, take)));
    list.hidden = !options.length;
    input.ariaExpanded = String(options.length > 0);
    say(status, viewer.words("element.found", { count: options.length }));
  };
  const search = async (text) => {
    if (text.length < (element.min_query_length ?? LEAST)) return;
    const question = (asked += 1);
    const answer = await ask(text);
    if (question === asked) show(answer.ok ? answer.options : []);
  };

  input.addEventListener("input", () => {
    value = null;
    close();
    pause = setTimeout(() => search(input.value), PAUSE);
  });
  input.addEventListener("click", () => list.hidden && search(value ? "" : input.value));
  input.addEventListener("blur", () => {
    close();
    input.value = texts.get(value) ?? ""; // what is not chosen is not sent, so it does not stay
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown" && !open) search(value ? "" : input.value);
    else if (event.key === "ArrowDown") walk(1);
    else if (event.key === "ArrowUp" && open) walk(-1);
    else if (event.key === "Enter" && open && at >= 0) list.children[at].click();
    else if (event.key !== "Enter" && !(event.key === "Escape" && open)) return;
    else if (event.key === "Escape") close(); // the list alone: the form stays open
    else if (!open) return;
    event.preventDefault();
    event.stopPropagation();
  });
  const node = el("div", { class: "searched" }, input, list, status);
  return { node, input, read: () => value };
}

function learn(options) {
  for (const { value, text } of options) texts.set(value, text.text);
}

function line(option, id, take) {
  const stay = (event) => event.preventDefault(); // the focus stays in the input
  const on = { mousedown: stay, click: () => take(option) };
  return el("li", { id, role: "option", "aria-selected": "false", on }, option.text.text);
}
