/** What each person has read, per channel; kept for the browser tab, so that a reload invents no news. */

const SHELF = "pgaccess.read"; // the key in the tab's storage

/** Remembers the newest message that a person saw in a channel. Message times only rise, also after a restart. */
export class ReadMarks {
  #marks = load();

  /** Return whether somebody else's message is newer than what the person saw. */
  unread(person, channel, messages) {
    const seen = this.#marks[`${person}/${channel}`] ?? "";
    return messages.some((message) => message.user !== person && message.ts > seen);
  }

  /** Note that a person saw all of these, oldest first. */
  saw(person, channel, messages) {
    const newest = messages.at(-1)?.ts;
    const name = `${person}/${channel}`;
    if (!newest || newest <= (this.#marks[name] ?? "")) return;
    this.#marks[name] = newest;
    sessionStorage.setItem(SHELF, JSON.stringify(this.#marks));
  }
}

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(SHELF)) ?? {};
  } catch {
    return {}; // somebody else's text under our key
  }
}
