/** Slack's two kinds of text as nodes: `mrkdwn` with all its references, and `plain_text` with emoji only. */

import { el } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { formatted } from "./moments.js";
import { read } from "./mrkdwn.js";

const STYLE_TAGS = { bold: "strong", italic: "em", strike: "s" };

/**
 * Return the nodes of a text object, or of a bare string, which is mrkdwn.
 *
 * @param {{type: string, text: string}|string|null} text
 * @param {import("./viewer.js").Viewer} viewer - who reads it
 */
export function written(text, viewer) {
  if (!text) return [];
  if (text.type === "plain_text") return [emojied(text.text)];
  return read(text.text ?? text).map((paragraph) => paragraphNode(paragraph, viewer));
}

/** Return a plain text with its emoji. */
export function emojied(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (name, inside) => EMOJI.get(inside) ?? name);
}

/** Return mrkdwn as one line of plain words, for a screen reader. */
export function spoken(text, viewer) {
  return written(text, viewer)
    .map((node) => node.textContent)
    .join(" ");
}

function paragraphNode(paragraph, viewer) {
  if (paragraph.kind === "pre") return el("pre", { tabindex: "0" }, paragraph.text);
  const tag = paragraph.kind === "quote" ? "blockquote" : "p";
  return el(
    tag,
    {},
    paragraph.children.map((span) => spanNode(span, viewer)),
  );
}

function spanNode(span, viewer) {
  switch (span.kind) {
    case "break":
      return el("br");
    case "bold":
    case "italic":
    case "strike":
      return el(
        STYLE_TAGS[span.kind],
        {},
        span.children.map((child) => spanNode(child, viewer)),
      );
    case "code":
      return el("code", {}, span.text);
    case "emoji":
      return el(
        "span",
        { role: "img", "aria-label": span.name.replaceAll("_", " "), class: "emoji" },
        span.text,
      );
    case "link":
      return linkNode(span.href, span.text);
    case "date":
      return dateNode(span, viewer);
    case "text":
      return span.text;
    default:
      return el("span", { class: mentionClass(span, viewer) }, mentioned(span, viewer));
  }
}

function linkNode(href, text) {
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

function dateNode(span, viewer) {
  const moment = new Date(span.unix * 1000);
  if (Number.isNaN(moment.getTime())) return span.fallback; // farther away than a date can be
  const text = formatted(span.format, span.unix, viewer.at());
  const time = el("time", { datetime: moment.toISOString(), title: span.fallback }, text);
  return span.href ? linkNode(span.href, time) : time;
}

function mentioned(span, viewer) {
  if (span.kind === "user") return `@${viewer.nameOf(span.id)}`;
  if (span.kind === "channel") return `#${span.label || viewer.channelName(span.id)}`;
  const name = span.label || viewer.nameOf(span.id.split("|")[0]);
  return name.startsWith("@") ? name : `@${name}`;
}

function mentionClass(span, viewer) {
  const mine = span.kind === "everyone" || (span.kind === "user" && span.id === viewer.me);
  return mine ? "mention mine" : "mention";
}
