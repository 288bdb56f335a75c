/**
 * The page of the emulated Slack: polls the server, renders the state, and sends what people do.
 *
 * `?as=<person>&channel=<channel>` says who one is and where one looks at first; both follow one's choices.
 */

import { Channel } from "./channel.js";
import { Clock } from "./clock.js";
import { Composer } from "./composer.js";
import { Refused, act, poll } from "./api.js";
import { say } from "./dom.js";
import { Guide } from "./guide.js";
import { Heroku } from "./heroku.js";
import { Modal } from "./modal.js";
import { Rail } from "./rail.js";
import { ReadMarks } from "./read.js";
import { Shortcuts } from "./shortcuts.js";
import { spoken } from "./text.js";
import { Viewer } from "./viewer.js";
import { Outages } from "./outages.js";
import { languageOf, sentences } from "./words.js";

const FIRST_PERSON = "U0ENGINEER"; // who asks first in the simulated workspace
const FIRST_CHANNEL = "general";
const RETRY_DELAYS = [500, 1000, 2000, 5000]; // milliseconds between tries while the server does not answer

/** Holds what the server said last and what this reader chose, and draws both. */
class Page {
  #state = null;
  #viewer = null;
  #me;
  #open; // id of the channel that was chosen
  #tab = "messages";
  #waiting = new AbortController();
  #marks = new ReadMarks();
  #offered = null; // a line that waits for its person to be shown
  #heard = ""; // newest message that was announced
  #clock = new Clock((change) => this.#act("clock", change));
  #heroku = new Heroku({ act: (change) => this.#atTheWorld("heroku", change), redraw: () => this.#draw() });
  #outages = new Outages((change) => this.#atTheWorld("outages", change));
  #rail = new Rail({ become: (id) => this.#become(id), open: (id) => this.#openChannel(id) });
  #channel = new Channel({
    click: (...press) => this.#click(...press),
    tab: (tab) => this.#openTab(tab),
    redraw: () => this.#draw(),
  });
  #composer = new Composer((line) => this.#sendLine(line));
  #shortcuts = new Shortcuts(({ callback_id }) => this.#startShortcut(callback_id));
  #guide = new Guide({ perform: (step) => this.#perform(step) });
  #modal = new Modal({
    submit: (view, values) => this.#act("submit", { view_id: view.id, values }),
    close: (view) => this.#act("close", { view_id: view.id }),
    click: (view, ...press) => this.#press({ view_id: view.id }, ...press),
    suggest: (view, { block_id }, { action_id }, value) =>
      this.#act("suggest", { view_id: view.id, block_id, action_id, value }),
  });
  #trouble = document.getElementById("trouble");
  #announcer = document.getElementById("announcer");

  constructor(query) {
    this.#me = query.get("as") || FIRST_PERSON;
    this.#open = query.get("channel");
    for (const button of document.querySelectorAll("#tabs button")) {
      button.addEventListener("click", () => this.#showPane(button.dataset.to));
    }
    document.addEventListener("visibilitychange", () => this.#draw());
    this.#showPane("channel");
  }

  /** Look at the server for as long as the page is open. */
  async follow() {
    for (let failures = 0; ;) {
      const { signal } = this.#waiting;
      try {
        const state = await poll(this.#me, this.#state?.version ?? -1, signal);
        failures = 0;
        if (signal.aborted) continue;
        this.#tellTrouble(null);
        if (state) this.#take(state);
      } catch (error) {
        if (signal.aborted) continue; // somebody else was chosen meanwhile
        this.#tellTrouble(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAYS[Math.min(failures, RETRY_DELAYS.length - 1)]));
        failures += 1;
        if (error instanceof Refused) this.#me = FIRST_PERSON; // whoever was asked for is not, or no longer, there
        this.#forget(); // the server may have been started anew, with versions that begin again
      }
    }
  }

  #take(state) {
    this.#state = state;
    this.#me = state.me;
    this.#clock.set(state.clock);
    this.#draw();
  }

  #forget() {
    if (this.#state) this.#state = { ...this.#state, version: -1 };
  }

  #draw() {
    const state = this.#state;
    if (!state) return;
    const viewer = new Viewer(state, () => this.#clock.now());
    this.#speak(viewer);
    this.#viewer = viewer;
    const channels = this.#channels();
    const channel = this.#current(channels);
    this.#open = channel.id;
    const messages = state.messages[channel.id] ?? [];
    const home = channel.is_im ? state.home : null;
    const tab = home ? this.#tab : "messages";
    if (!document.hidden && tab === "messages") this.#marks.saw(viewer.me, channel.id, messages);
    this.#rail.draw(
      viewer,
      channels.map((one) => this.#withUnread(one)),
      channel.id,
    );
    this.#channel.draw(viewer, channel, messages, home, tab);
    this.#composer.draw(viewer, channel, state, tab === "messages");
    this.#shortcuts.draw(state.shortcuts ?? [], viewer);
    this.#heroku.draw(state.heroku, viewer);
    this.#outages.draw(state.outages, viewer);
    this.#clock.draw(state.clock, viewer);
    this.#guide.draw(state, viewer);
    this.#modal.draw(state.view, viewer);
    this.#frame(channels);
    this.#announce(viewer, channel, messages);
    this.#remember(channel);
    this.#offerLine();
  }

  /** Return the channels, with a place for the bot's direct messages also before there is one. */
  #channels() {
    const { channels, bot } = this.#state;
    if (channels.some((channel) => channel.is_im)) return channels;
    return [...channels, { id: bot.user_id, name: bot.name, is_im: true }];
  }

  #current(channels) {
    const wanted = (one) => one.id === this.#open || one.name === this.#open;
    const direct = this.#open === this.#state.bot.user_id && channels.find((one) => one.is_im);
    return (
      direct || channels.find(wanted) || channels.find((one) => one.name === FIRST_CHANNEL) || channels[0]
    );
  }

  #withUnread(channel) {
    const messages = this.#state.messages[channel.id] ?? [];
    return { ...channel, unread: this.#marks.unread(this.#state.me, channel.id, messages) };
  }

  /** Put the page's own words in the reader's language where that has changed. */
  #speak(viewer) {
    if (this.#viewer?.language === viewer.language) return;
    document.documentElement.lang = viewer.language;
    document.title = viewer.words("app.title");
    for (const node of document.querySelectorAll("[data-word]"))
      node.textContent = viewer.words(node.dataset.word);
    for (const node of document.querySelectorAll("[data-label]"))
      node.setAttribute("aria-label", viewer.words(node.dataset.label));
  }

  #frame(channels) {
    const { heroku, clock } = this.#state;
    const world = Boolean(heroku || clock);
    document.getElementById("world").hidden = !world;
    document.body.classList.toggle("no-world", !world);
    const news = channels.some((one) => one.id !== this.#open && this.#withUnread(one).unread);
    document.querySelector("#tabs [data-to='rail']").classList.toggle("news", news);
    const button = document.querySelector("#tabs [data-to='world']");
    button.hidden = !world;
    button.textContent = this.#viewer.words(heroku ? "tabs.world" : "tabs.world.clock");
  }

  /** Let a screen reader say what somebody else wrote in this channel since it was last rendered. */
  #announce(viewer, channel, messages) {
    const place = `${viewer.me}/${channel.id}/`;
    const newest = messages.at(-1)?.ts ?? "";
    const watched = this.#heard.startsWith(place);
    const since = this.#heard.slice(place.length);
    this.#heard = place + newest;
    if (!watched) return;
    const fresh = messages.filter((message) => message.ts > since && message.user !== viewer.me);
    if (fresh.length)
      say(
        this.#announcer,
        fresh.map((one) => `${viewer.nameOf(one.user)}: ${spoken(one.text, viewer)}`).join(" "),
      );
  }

  #remember(channel) {
    const query = new URLSearchParams({ as: this.#state.me, channel: channel.id });
    history.replaceState(null, "", `?${query}`);
  }

  /** Offer the line that a step of the guide has, once the page shows the person it is for. */
  #offerLine() {
    if (!this.#offered || this.#offered.as !== this.#state.me) return;
    this.#composer.offer(this.#offered.line);
    this.#offered = null;
  }

  #become(id) {
    if (id === this.#me) return;
    this.#me = id;
    if (this.#state?.channels.find((one) => one.id === this.#open)?.is_im)
      this.#open = this.#state.bot.user_id;
    this.#forget();
    this.#waiting.abort();
    this.#waiting = new AbortController();
  }

  #openChannel(id) {
    this.#open = id;
    this.#tab = "messages";
    // Slack tells an app when somebody comes to it; the app may then show them an updated home tab.
    if (this.#channels().find((one) => one.id === id)?.is_im) this.#act("home", {});
    this.#showPane("channel");
    this.#draw();
  }

  #openTab(tab) {
    this.#tab = tab;
    this.#draw();
  }

  #showPane(pane) {
    document.body.dataset.pane = pane;
    for (const button of document.querySelectorAll("#tabs button")) {
      button.setAttribute("aria-pressed", String(button.dataset.to === pane));
    }
  }

  /** Do what a step of the guide offers: be somebody, look somewhere, have a line ready. */
  #perform({ as, channel, offer, pane = "channel", focus }) {
    if (channel) this.#open = channel;
    if (as) this.#become(as);
    if (offer) this.#offered = { as, line: offer };
    this.#showPane(pane);
    this.#draw();
    if (focus) document.querySelector(focus)?.focus();
  }

  #sendLine(line) {
    const what = line.startsWith("/") ? "command" : "say";
    return this.#act(what, { channel: this.#open, text: line });
  }

  async #startShortcut(callback_id) {
    this.#composer.tellAnswer(await this.#act("shortcut", { callback_id }));
  }

  async #click(where, block, element, selected, node) {
    this.#composer.tellAnswer(await this.#press(where, block, element, selected, node));
  }

  /** Send a press or a choice; the element shows that it waits, and takes no second press meanwhile. */
  async #press(where, block, element, selected, node) {
    if (node.ariaBusy === "true") return { ok: true };
    node.ariaBusy = "true";
    const answer = await this.#act("click", {
      ...where,
      block_id: block.block_id,
      action_id: element.action_id,
      selected,
    });
    node.ariaBusy = "false";
    return answer;
  }

  /** Do something to the world outside of Slack; what it refuses is said there until the next thing is done. */
  async #atTheWorld(what, change) {
    const answer = await this.#act(what, change);
    const error = document.getElementById("world-error");
    error.hidden = answer.ok;
    say(error, answer.ok ? "" : this.#viewer.words("channel.failed", { error: ended(answer.said) }));
    return answer;
  }

  async #act(what, body) {
    const answer = await act(what, { as: this.#state.me, ...body }); // whoever the screen shows, not who comes next
    return answer.error ? { ...answer, said: this.#viewer.trouble(answer.error) } : answer;
  }

  #tellTrouble(error) {
    this.#trouble.hidden = !error;
    if (!error) return;
    const words = this.#viewer?.words ?? sentences(languageOf(navigator.language));
    say(
      this.#trouble,
      error instanceof Refused ? words("app.refused", { error: error.message }) : words("app.lost"),
    );
  }
}

/** Leave out a sentence's full stop: the sentence around it has one. */
function ended(sentence) {
  return sentence.replace(/[.。]$/, "");
}

new Page(new URLSearchParams(location.search)).follow();
