/** The person behind the page: language, zone, the names of what they see, and what time it is for them. */

import { dayOf } from "./moments.js";
import { languageOf, sentences } from "./words.js";

const SLACKBOT = "USLACKBOT"; // says that a command failed; the same id in every workspace, and nobody's account

/** Everything that a text or a time needs to know about its reader, taken from one state of the server. */
export class Viewer {
  #state;
  #now;
  #names;

  /**
   * @param {object} state - the answer of `/_emulator/state`
   * @param {function(): number} now - business time in unix seconds
   */
  constructor(state, now) {
    const self = state.people.find((person) => person.id === state.me);
    this.me = state.me;
    this.locale = self?.locale ?? "en-US";
    this.zone = self?.tz ?? "UTC";
    this.name = self?.real_name ?? state.me;
    this.language = languageOf(this.locale);
    this.words = sentences(this.language);
    this.people = state.people;
    this.bot = state.bot;
    this.#state = state;
    this.#now = now;
    this.#names = new Map(state.people.map((person) => [person.id, person.real_name]));
    this.#names.set(state.bot.user_id, state.bot.name);
    this.#names.set(SLACKBOT, "Slackbot");
    for (const group of state.groups ?? []) this.#names.set(group.id, group.handle);
  }

  /** Return what a date needs: zone, locale, and what counts as now. */
  at() {
    return { zone: this.zone, locale: this.locale, now: this.#now() };
  }

  /** Return the name of a person or of the bot; an unknown id stays an id. */
  nameOf(id) {
    return this.#names.get(id) ?? id;
  }

  /** Return a channel's name; an unknown id stays an id. */
  channelName(id) {
    return this.#state.channels.find((channel) => channel.id === id)?.name ?? id;
  }

  /** Return all that the looks of a text depend on besides the text: "today" is another day tomorrow. */
  stamp() {
    return [this.me, this.locale, this.zone, dayOf(this.#now(), this.zone), [...this.#names]];
  }

  /** Say what went wrong, from the server's error code. */
  trouble(code) {
    return this.words(`error.${code}`) ?? code;
  }
}
