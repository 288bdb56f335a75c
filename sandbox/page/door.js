/** The emulated Slack's door: one look that waits for changes, and what people do. */

const WAIT = 20; // seconds a look may wait; the door allows 25
const PATIENCE = 30; // seconds until an answer counts as lost

/** The door refused: `message` is its error code. */
export class Refused extends Error {}

/**
 * Return the state as one person sees it, or null if nothing changed.
 *
 * @param {string} as - the person's id
 * @param {number} since - the version already seen; -1 sees everything at once
 * @param {AbortSignal} signal - stops the waiting
 */
export async function look(as, since, signal) {
  const query = new URLSearchParams({ as, since: String(since), wait: String(WAIT) });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE * 1000)]);
  const answer = await fetch(`/_emulator/state?${query}`, { signal: limit, cache: "no-store" });
  if (answer.status === 204) return null;
  return told(answer);
}

/**
 * Do something; returns what the door says, `ok: false` included, and never throws.
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
      signal: AbortSignal.timeout(PATIENCE * 1000),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: "network" };
  }
}

async function told(answer) {
  const body = await answer.json();
  if (!answer.ok) throw new Refused(body.error ?? String(answer.status));
  return body;
}
