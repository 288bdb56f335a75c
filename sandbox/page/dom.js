/** Small tools to build and to patch the page. What anybody wrote enters through text nodes only, never as markup. */

const PROPERTIES = new Set(["checked", "disabled", "selected", "value"]);
const signatures = new WeakMap(); // node → what it was made from

/**
 * Make an element.
 *
 * @param {string} tag
 * @param {object} attributes - null, undefined and false are left out, true is an empty attribute; `on` holds
 *   listeners by event; `checked`, `disabled`, `selected` and `value` are set as properties
 * @param {...(Node|string|null|Array)} children - strings become text; null, undefined and false are left out
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  return node;
}

/**
 * Make the children of a node show these items, and keep every child whose item has not changed.
 *
 * So scroll, focus and half-typed text stay where they are while the world around them moves.
 *
 * @param {Element} parent
 * @param {Array} items
 * @param {{key: function, sign: function, make: function}} how - `key` names an item, `sign` says all that its
 *   looks depend on, `make` builds its element
 * @returns {{fresh: Element[], changed: Element[]}} the children made for new items, and those made anew
 */
export function reconcile(parent, items, { key, sign, make }) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const done = { fresh: [], changed: [] };
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const signature = JSON.stringify(sign(item));
    let node = old.get(name);
    old.delete(name);
    if (!node || signatures.get(node) !== signature) {
      const made = named(make(item), name, signature);
      if (node) {
        if (place === node) place = made;
        replace(node, made);
      }
      (node ? done.changed : done.fresh).push(made);
      node = made;
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
  return done;
}

/** Set an element's text if it is not that already: a live region speaks on each change. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Put one element in another's place; who had the focus inside keeps it, found again by `data-focus`. */
export function replace(node, made) {
  const focus = node.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  node.replaceWith(made);
  if (focus) made.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

function named(node, key, signature) {
  node.dataset.key = key;
  signatures.set(node, signature);
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
  else if (PROPERTIES.has(name)) node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}
