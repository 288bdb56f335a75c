/**
 * Moments as people read them: Slack's date tokens, clock times, and wall time in a person's zone.
 *
 * Moments are unix seconds; zones are IANA names such as "Asia/Tokyo". "Now" is always an argument.
 * Fact: Slack developer documentation, "Formatting text for app surfaces", 2026-11: the date tokens.
 */

const DAY = 86_400; // seconds
const ENGLISH_ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });
const ORDINAL_ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const STEPS_AGO = [
  ["day", DAY],
  ["hour", 3_600],
  ["minute", 60],
];

const TOKENS = {
  date_num: (unix, at) => wallOf(unix, at.zone).slice(0, 10),
  date_slash: (unix, at) => shown(unix, at, { year: "numeric", month: "2-digit", day: "2-digit" }),
  date: (unix, at) => ordinal(shown(unix, at, { year: "numeric", month: "long", day: "numeric" }), at),
  date_short: (unix, at) => shown(unix, at, { year: "numeric", month: "short", day: "numeric" }),
  date_long: (unix, at) => ordinal(shown(unix, at, { dateStyle: "full" }), at),
  date_pretty: (unix, at) => nearDay(unix, at) ?? TOKENS.date(unix, at),
  date_short_pretty: (unix, at) => nearDay(unix, at) ?? TOKENS.date_short(unix, at),
  date_long_pretty: (unix, at) => nearDay(unix, at) ?? TOKENS.date_long(unix, at),
  time: (unix, at) => shown(unix, at, { hour: "numeric", minute: "2-digit" }),
  time_secs: (unix, at) => shown(unix, at, { hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago: (unix, at) => ago(unix, at),
};

/**
 * Fill in the tokens of a date's format, such as "{date_short_pretty} {time}"; unknown tokens stay as they are.
 *
 * @param {string} format
 * @param {number} unix - seconds
 * @param {{zone: string, locale: string, now: number}} at - the reader, and what counts as today
 */
export function formatted(format, unix, at) {
  return format.replace(/\{([a-z_]+)\}/g, (token, name) =>
    Object.hasOwn(TOKENS, name) ? TOKENS[name](unix, at) : token,
  );
}

/** Return a moment by the options of `Intl.DateTimeFormat`. */
export function shown(unix, { zone, locale }, options) {
  const text = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options }).format(unix * 1000);
  return text.replace(/\u202f/g, " "); // newer ICU data writes a narrow space before AM, Slack a plain one
}

/** Return the wall time in a zone as "2026-11-24T18:30", which is also what a datetime-local input holds. */
export function wallOf(unix, zone) {
  return new Date((unix + offset(unix, zone)) * 1000).toISOString().slice(0, 16);
}

/**
 * Return the unix seconds of a wall time in a zone.
 *
 * In the hour that summer time skips the later reading is meant, in the hour it repeats the first one.
 */
export function unixOf(wall, zone) {
  const asIfUtc = Date.parse(`${wall}Z`) / 1000;
  const before = offset(asIfUtc - DAY, zone);
  const guess = asIfUtc - before;
  return offset(guess, zone) === before ? guess : laterReading(asIfUtc, guess, zone, before);
}

/** Return which calendar day a moment is on in a zone, as a count of days. */
export function dayOf(unix, zone) {
  return Math.floor((unix + offset(unix, zone)) / DAY);
}

function laterReading(asIfUtc, guess, zone, before) {
  const after = offset(guess, zone);
  const second = asIfUtc - after;
  return offset(second, zone) === after ? second : asIfUtc - before;
}

/** Return how far a zone is ahead of UTC at a moment, in seconds. */
function offset(unix, zone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const parts = Object.fromEntries(
    format.formatToParts(unix * 1000).map((part) => [part.type, Number(part.value)]),
  );
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(unix);
}

/** Return "today", "yesterday" or "tomorrow" in the reader's language; null for any other day. */
function nearDay(unix, at) {
  const days = dayOf(unix, at.zone) - dayOf(at.now, at.zone);
  return Math.abs(days) > 1 ? null : relative(at).format(days, "day");
}

function ago(unix, at) {
  const seconds = unix - at.now;
  const [unit, length] = STEPS_AGO.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative(at).format(Math.round(seconds / length), unit);
}

function relative({ locale }) {
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
}

/** Turn "February 18, 2014" into Slack's "February 18th, 2014"; other languages have no such ending. */
function ordinal(text, { locale }) {
  if (!locale.startsWith("en")) return text;
  return text.replace(
    / (\d{1,2})(?=,)/,
    (_, day) => ` ${day}${ORDINAL_ENDINGS[ENGLISH_ORDINALS.select(day)]}`,
  );
}
