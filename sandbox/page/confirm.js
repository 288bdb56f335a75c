/** Slack's confirmation dialog: what an element's `confirm` asks before anything is sent. */

import { el } from "./dom.js";
import { written } from "./text.js";

/**
 * Ask, if there is something to ask; resolves to whether to go on.
 *
 * @param {object|undefined} confirm - the confirmation object of Block Kit
 * @param {import("./viewer.js").Viewer} viewer
 * @returns {Promise<boolean>}
 */
export function confirmed(confirm, viewer) {
  return confirm ? new Promise((resolve) => open(confirm, viewer, resolve)) : Promise.resolve(true);
}

function open(confirm, viewer, resolve) {
  const { words } = viewer;
  const choice = (answer, text, style) =>
    el(
      "button",
      {
        type: "button",
        class: `button ${style}`,
        "data-testid": `confirm-${answer}`,
        on: { click: () => dialog.close(answer) },
      },
      text,
    );
  const dialog = el(
    "dialog",
    { class: "dialog confirm", "aria-labelledby": "confirm-title", "data-testid": "confirm" },
    el("h2", { id: "confirm-title" }, confirm.title?.text ?? words("confirm.title")),
    el("div", { class: "dialog-body" }, written(confirm.text, viewer)),
    el(
      "div",
      { class: "dialog-foot" },
      choice("no", confirm.deny?.text ?? words("confirm.no"), "default"),
      choice(
        "yes",
        confirm.confirm?.text ?? words("confirm.yes"),
        confirm.style === "danger" ? "danger" : "primary",
      ),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  });
  document.body.append(dialog);
  dialog.showModal(); // the browser keeps the focus inside and gives it back afterwards
}
