/** Client of the emulated Slack's JSON API: a long poll for changes, and user actions. */

const WAIT = 20; // seconds that a poll waits for a change; the server allows 25
const TIMEOUT = 30; // seconds until a response counts as lost

/** The server rejected a request: `message` is its error code. */
export class Refused extends Error {}

/**
 * Return the state as one person sees it, or null if nothing changed.
 *
 * @param {string} as - the person's id
 * @param {number} since - the version already seen; -1 sees everything at once
 * @param {AbortSignal} signal - stops the waiting
 */
export async function poll(as, since, signal) {
  const query = new URLSearchParams({ as, since: String(since), wait: String(WAIT) });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT * 1000)]);
  const answer = await fetch(`/_emulator/state?${query}`, { signal: limit, cache: "no-store" });
  if (answer.status === 204) return null;
  return parsed(answer);
}

/**
 * Do something; returns what the server says, `ok: false` included, and never throws.
 *
 * @param {string} what - `command`, `click`, `suggest`, `submit`, `close`, `say`, `clock` or `heroku`
 * @param {object} body
 */
export async function act(what, body) {
  try {
    const answer = await fetch(`/_emulator/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT * 1000),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: "network" };
  }
}

async function parsed(answer) {
  const body = await answer.json();
  if (!answer.ok) throw new Refused(body.error ?? String(answer.status));
  return body;
}
