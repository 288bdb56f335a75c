/** The channel in the middle: its messages with their threads, and the bot's home tab. */

import { rendered } from "./blocks.js";
import { el, reconcile, say } from "./dom.js";
import { shown } from "./moments.js";
import { initial, robot } from "./rail.js";
import { written } from "./text.js";

const NEAR = 80; // pixels from the end that still count as reading the newest message

/** One channel at a time; scrolls along with new messages only for who is at the end. */
export class Channel {
  #scroll = document.getElementById("scroll");
  #name = document.getElementById("channel-name");
  #empty = document.getElementById("empty");
  #messages = document.getElementById("messages");
  #home = document.getElementById("home");
  #tabs = document.getElementById("channel-tabs");
  #tabButtons = {
    messages: document.getElementById("tab-messages"),
    home: document.getElementById("tab-home"),
  };
  #hooks;
  #emptySaid = "";
  #shown = ""; // whose channel and which one is on the screen
  #contents = new Map(); // what each thread said at the last look, by ts
  #atEnd = true; // whether the newest message is to stay in view
  #top = 0; // how far one has scrolled, in pixels
  #unfolded = new Set(); // threads that are open, by channel and ts

  /**
   * @param {{click: function, tab: function(string), redraw: function}} hooks - `click` takes where, block,
   *   element, value and node
   */
  constructor(hooks) {
    this.#hooks = hooks;
    for (const [tab, button] of Object.entries(this.#tabButtons)) {
      button.addEventListener("click", () => hooks.tab(tab));
    }
    this.#scroll.addEventListener("scroll", () => this.#scrolled());
    const sizes = new ResizeObserver(() => this.#stay());
    sizes.observe(this.#scroll);
    sizes.observe(this.#messages);
  }

  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {object} channel
   * @param {object[]} messages - of this channel, oldest first
   * @param {{blocks: object[]}|null} home - the bot's home tab, where it belongs to this channel
   * @param {"messages"|"home"} tab
   */
  draw(viewer, channel, messages, home, tab) {
    const place = `${viewer.me}/${channel.id}/${tab}`;
    const moved = this.#shown !== place;
    this.#atEnd ||= moved;
    this.#shown = place;
    this.#head(channel, home, tab);
    this.#emptiness(viewer, channel, messages, tab);
    this.#list(viewer, channel, tab === "messages" ? messages : [], moved);
    this.#homeTab(viewer, tab === "home" ? home : null);
    if (tab === "messages") this.#stay();
    else if (moved) this.#scroll.scrollTop = 0;
  }

  /** Keep the newest message in view for who was reading it, whatever grew or shrank around. */
  #stay() {
    if (this.#atEnd && !this.#messages.hidden) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  /** Only scrolling up leaves the end; content that grows does not. */
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#atEnd = near || (this.#atEnd && scrollTop >= this.#top);
    this.#top = scrollTop;
  }

  #head(channel, home, tab) {
    say(this.#name, channel.is_im ? channel.name : `# ${channel.name}`);
    this.#tabs.hidden = !home;
    for (const [name, button] of Object.entries(this.#tabButtons)) {
      button.setAttribute("aria-pressed", String(name === tab));
    }
  }

  #emptiness(viewer, channel, messages, tab) {
    this.#empty.hidden = messages.length > 0 || tab === "home";
    const key = channel.is_im ? "channel.empty.direct" : "channel.empty";
    const text = viewer.words(key, { name: viewer.name });
    if (text !== this.#emptySaid) this.#empty.replaceChildren(...written(text, viewer));
    this.#emptySaid = text;
  }

  #list(viewer, channel, messages, moved) {
    this.#messages.hidden = messages.length === 0;
    const all = threads(messages);
    reconcile(this.#messages, all, {
      key: ({ root }) => root.ts,
      sign: (thread) => [channel.id, thread, this.#isUnfolded(channel, thread), viewer.stamp()],
      make: (thread) => this.#thread(viewer, channel, thread),
    });
    this.#pointOut(all, moved, viewer);
  }

  /** Light up what somebody else wrote or changed since the last look at this very channel. */
  #pointOut(all, moved, viewer) {
    const contents = new Map(all.map((thread) => [thread.root.ts, JSON.stringify(thread)]));
    for (const [place, { root, replies }] of all.entries()) {
      const changed = contents.get(root.ts) !== this.#contents.get(root.ts);
      const own = (replies.at(-1) ?? root).user === viewer.me;
      if (changed && !moved && !own) this.#messages.children[place].classList.add("fresh");
    }
    this.#contents = contents;
  }

  #homeTab(viewer, home) {
    this.#home.hidden = !home;
    const act = (block, element, selected, node) =>
      this.#hooks.click({ view_id: home.id }, block, element, selected, node);
    reconcile(this.#home, home?.blocks ?? [], {
      key: (block) => block.block_id,
      sign: (block) => [block, viewer.stamp()],
      make: (block) => rendered([block], { viewer, act, sends: true })[0],
    });
  }

  #thread(viewer, channel, thread) {
    const { root, replies } = thread;
    const node = el("li", {
      class: root.ephemeral ? "message ephemeral" : "message",
      "data-testid": "message",
      "data-ts": root.ts,
    });
    node.append(...this.#message(viewer, channel, root));
    if (replies.length) node.lastElementChild.append(...this.#replies(viewer, channel, thread));
    return node;
  }

  #message(viewer, channel, message) {
    const { words } = viewer;
    const isBot = message.user === viewer.bot.user_id;
    const name = viewer.nameOf(message.user);
    const at = Number(message.ts);
    const time = el(
      "time",
      {
        datetime: new Date(at * 1000).toISOString(),
        title: shown(at, viewer, { dateStyle: "full", timeStyle: "medium" }),
      },
      shown(at, viewer, { hour: "numeric", minute: "2-digit" }),
    );
    const only =
      message.ephemeral &&
      el("p", { class: "only" }, el("span", { "aria-hidden": "true" }, "👁 "), words("channel.only"));
    const head = el(
      "p",
      { class: "message-head" },
      el("b", {}, name),
      isBot ? el("span", { class: "app" }, words("channel.app")) : null,
      time,
    );
    const edited = message.edited && el("span", { class: "edited" }, words("channel.edited"));
    const content = el(
      "div",
      { class: "message-content" },
      this.#content(viewer, channel, message),
      edited || null,
    );
    return [
      isBot ? robot() : initial(message.user, name),
      el("div", { class: "message-body" }, only || null, head, content),
    ];
  }

  #content(viewer, channel, message) {
    if (!message.blocks?.length) return written(message.text, viewer);
    const where = { channel: channel.id, ts: message.ts };
    const act = (block, element, selected, node) => this.#hooks.click(where, block, element, selected, node);
    return rendered(message.blocks, { viewer, act, sends: true });
  }

  #replies(viewer, channel, thread) {
    const { replies } = thread;
    const open = this.#isUnfolded(channel, thread);
    const count = replies.length;
    const text = viewer.words(count === 1 ? "channel.reply" : "channel.replies", { count });
    const fold = el(
      "button",
      {
        type: "button",
        class: "quiet fold",
        "aria-expanded": String(open),
        "data-testid": "thread",
        "data-focus": "fold",
        on: { click: () => this.#fold(channel, thread) },
      },
      text,
    );
    if (!open) return [fold];
    const list = replies.map((reply) =>
      el("li", { class: "message reply", "data-ts": reply.ts }, this.#message(viewer, channel, reply)),
    );
    return [fold, el("ol", { class: "replies" }, list)];
  }

  #isUnfolded(channel, { root }) {
    return this.#unfolded.has(`${channel.id}/${root.ts}`);
  }

  #fold(channel, { root }) {
    const name = `${channel.id}/${root.ts}`;
    if (!this.#unfolded.delete(name)) this.#unfolded.add(name);
    this.#atEnd = false; // the thread is what one wants to see now
    this.#hooks.redraw();
  }
}

/** Put replies below the message they answer; a reply whose message is not visible stands by itself. */
export function threads(messages) {
  const found = new Map();
  for (const message of messages.filter((one) => !one.deleted)) {
    const parent = message.thread_ts !== message.ts && found.get(message.thread_ts);
    if (parent) parent.replies.push(message);
    else found.set(message.ts, { root: message, replies: [] });
  }
  return [...found.values()];
}
