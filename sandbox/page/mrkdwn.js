/**
 * Slack's markup, read into a tree. Nothing here touches the page: `text.js` turns the tree into nodes.
 *
 * Fact: Slack developer documentation, "Formatting text for app surfaces", 2026-11: `*bold*`, `_italic_`,
 * `~strike~`, code, quotes, `<…>` references, and the three entities `&amp;` `&lt;` `&gt;` and no others.
 */

import { EMOJI } from "./emoji.js";

const PREFORMATTED = /```\n?([\s\S]+?)\n?```/;
const QUOTED = /^(?:&gt;|>) ?/;
const REFERENCE = /<([^<>\n]+)>/y;
const CODE = /`([^`\n]+)`/y;
const NAMED = /:([a-z0-9_+-]+):/y;
// A style starts outside of a word and ends outside of one, and its end is not looked for in references or code.
const STYLED = /(?<![\p{L}\p{N}]|[^\x00-\x7F])([*_~])(?!\1|\s)((?:<[^<>]*>|`[^`]*`|[^<`])*?)(?<!\s)\1(?![\p{L}\p{N}]|[^\x00-\x7F])/uy;
const STYLES = { "*": "bold", _: "italic", "~": "strike" };
const SAFE_LINK = /^(?:https?:\/\/|mailto:|tel:)/i;

/**
 * Read a text into paragraphs.
 *
 * @param {string} text - as the Web API takes it, entities escaped
 * @returns {Array<{kind: "text"|"quote"|"pre", children?: object[], text?: string}>} for text and quotes the
 *   children are spans: `text`, `break`, `bold`, `italic`, `strike` (with children), `code`, `emoji`, `link`,
 *   `user`, `channel`, `group`, `everyone`, `date`
 */
export function read(text) {
  // Splitting by a pattern with one group puts what the group caught at the odd places.
  return text
    .split(PREFORMATTED)
    .flatMap((part, place) =>
      place % 2 ? [{ kind: "pre", text: literal(part) }] : paragraphs(part.replace(/^\n|\n$/g, "")),
    );
}

/** Read one line's markup into spans. */
export function spans(line) {
  const found = [];
  let plain = "";
  const settle = () => plain && found.push({ kind: "text", text: unescaped(plain) });
  for (let at = 0; at < line.length;) {
    const next = reference(line, at) ?? code(line, at) ?? styled(line, at) ?? emoji(line, at);
    if (next) {
      settle();
      plain = "";
      found.push(next.span);
      at = next.end;
    } else {
      plain += line[at];
      at += 1;
    }
  }
  settle();
  return found;
}

/** Turn the three entities back into characters; the ampersand last, so that `&amp;lt;` reads `&lt;`. */
export function unescaped(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function paragraphs(text) {
  const made = [];
  for (const line of text ? text.split("\n") : []) {
    const kind = QUOTED.test(line) ? "quote" : "text";
    const children = spans(kind === "quote" ? line.replace(QUOTED, "") : line);
    const last = made.at(-1);
    if (last?.kind === kind) last.children.push({ kind: "break" }, ...children);
    else made.push({ kind, children });
  }
  return made;
}

function reference(line, at) {
  const match = matched(REFERENCE, line, at);
  return match && { span: referenced(match[1]), end: at + match[0].length };
}

function code(line, at) {
  const match = matched(CODE, line, at);
  return match && { span: { kind: "code", text: literal(match[1]) }, end: at + match[0].length };
}

function styled(line, at) {
  const match = matched(STYLED, line, at);
  return match && { span: { kind: STYLES[match[1]], children: spans(match[2]) }, end: at + match[0].length };
}

function emoji(line, at) {
  const match = matched(NAMED, line, at);
  if (!match || !EMOJI.has(match[1])) return null;
  return { span: { kind: "emoji", text: EMOJI.get(match[1]), name: match[1] }, end: at + match[0].length };
}

function matched(pattern, line, at) {
  pattern.lastIndex = at;
  return pattern.exec(line);
}

/** Read what stands between angle brackets. */
function referenced(inside) {
  const [target, label] = split(inside, "|");
  if (target.startsWith("@")) return { kind: "user", id: target.slice(1), label };
  if (target.startsWith("#")) return { kind: "channel", id: target.slice(1), label };
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!subteam^")) return { kind: "group", id: target.slice("!subteam^".length), label };
  if (target.startsWith("!")) return { kind: "everyone", id: target.slice(1), label };
  return link(target, label, inside);
}

function date(target, fallback = "") {
  const [, seconds, format = "", href] = target.split("^");
  const unix = Number(seconds);
  if (!/^-?\d+$/.test(seconds ?? "") || !format) return { kind: "text", text: unescaped(fallback) };
  const linked = href && SAFE_LINK.test(href) ? unescaped(href) : null;
  return { kind: "date", unix, format: unescaped(format), href: linked, fallback: unescaped(fallback) };
}

function link(target, label, inside) {
  const href = unescaped(target);
  if (!SAFE_LINK.test(href)) return { kind: "text", text: `<${unescaped(inside)}>` };
  const text = label ? unescaped(label) : href.replace(/^(?:mailto|tel):/i, "");
  return { kind: "link", href, text };
}

/** Show references in code as Slack does: the label, or the bare target. */
function literal(text) {
  return unescaped(
    text.replace(/<([^<>\n]+)>/g, (_, inside) => split(inside, "|")[1] || split(inside, "|")[0]),
  );
}

function split(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}
