/**
 * Block Kit's blocks as elements of the page.
 *
 * Fact: Slack developer documentation, Block Kit blocks, 2026-11.
 */

import { el } from "./dom.js";
import { interactive } from "./elements.js";
import { emojied, written } from "./text.js";

const MAKERS = { section, header, divider, context, actions, image, input };
let serial = 0; // makes ids that are unique on the page

/**
 * Make the elements of some blocks.
 *
 * @param {object[]} blocks - as the bot sent them
 * @param {object} wiring - as of `interactive`, without `block`; and `errors`: what is wrong, by block id
 */
export function rendered(blocks, wiring) {
  return blocks.map((block) => {
    const make = MAKERS[block.type] ?? unknown;
    return make(block, { errors: {}, ...wiring, block });
  });
}

/** Show what is wrong at the fields of a form, and nothing at all others. */
export function showErrors(root, errors) {
  for (const field of root.querySelectorAll(".field")) {
    const text = errors[field.dataset.block] ?? "";
    field.classList.toggle("wrong", Boolean(text));
    field.querySelector(".error").textContent = text;
    const control = field.querySelector("[data-action]");
    if (text) control?.setAttribute("aria-invalid", "true");
    else control?.removeAttribute("aria-invalid");
  }
}

function section(block, wiring) {
  const { viewer } = wiring;
  const fields =
    block.fields?.length &&
    el(
      "div",
      { class: "fields" },
      block.fields.map((one) => el("div", {}, written(one, viewer))),
    );
  const text = el("div", { class: "section-text" }, written(block.text, viewer), fields || null);
  const accessory = block.accessory && el("div", { class: "accessory" }, part(block.accessory, wiring));
  return el("div", { class: "block section" }, text, accessory);
}

function header(block) {
  return el("h3", { class: "block header" }, emojied(block.text.text));
}

function divider() {
  return el("hr", { class: "block" });
}

function context(block, wiring) {
  return el(
    "div",
    { class: "block context" },
    block.elements.map((one) => el("span", {}, part(one, wiring))),
  );
}

function actions(block, wiring) {
  return el(
    "div",
    { class: "block actions" },
    block.elements.map((one) => part(one, wiring)),
  );
}

function image(block, { viewer }) {
  const title = block.title && el("figcaption", {}, emojied(block.title.text));
  return el("figure", { class: "block" }, title, picture(block, viewer));
}

function input(block, wiring) {
  const { viewer } = wiring;
  const id = `field-${(serial += 1)}`;
  const aria = { id, "aria-labelledby": `${id}-label`, "aria-describedby": `${id}-hint ${id}-error` };
  const control = interactive(block.element, { ...wiring, aria, sends: Boolean(block.dispatch_action) });
  const optional = block.optional && el("span", { class: "optional" }, ` ${viewer.words("modal.optional")}`);
  return el(
    "div",
    { class: "block field", "data-block": block.block_id, "data-testid": `field-${block.block_id}` },
    el("label", { id: `${id}-label`, for: id }, emojied(block.label.text), optional),
    control ?? unknown(block.element, wiring),
    el("p", { class: "error", id: `${id}-error`, role: "alert" }),
    el("p", { class: "hint", id: `${id}-hint` }, block.hint ? emojied(block.hint.text) : null),
  );
}

/** Make what may stand in a section's corner, in a context or in a row of actions. */
function part(element, wiring) {
  if (element.type === "mrkdwn" || element.type === "plain_text") return written(element, wiring.viewer);
  if (element.type === "image") return picture(element, wiring.viewer);
  return interactive(element, { ...wiring, sends: true }) ?? unknown(element, wiring);
}

/** Show a picture if the page may load it: it asks nobody outside. */
function picture({ image_url: source, alt_text: alt }, viewer) {
  const own = source?.startsWith("data:image/") || source?.startsWith("/");
  if (own) return el("img", { src: source, alt });
  return el("span", { class: "no-picture" }, viewer.words("channel.picture", { alt }));
}

function unknown({ type }, { viewer }) {
  return el("p", { class: "block cannot" }, viewer.words("channel.cannot", { type }));
}
