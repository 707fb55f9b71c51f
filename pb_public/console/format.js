// Formats values for display.

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const short = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" });
const number = new Intl.NumberFormat();

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

/** A day that is stored as its midnight in UTC, wherever it is read. @param {string} time */
export const formatDate = (time) => date.format(new Date(time));

/** @param {string} time */
export const formatDay = (time) => day.format(new Date(time));

/** @param {string} time */
export const formatMoment = (time) => moment.format(new Date(time));

const since = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** The units of time in milliseconds, longest first. @type {[Intl.RelativeTimeFormatUnit, number][]} */
const units = [["year", 31_556_952_000], ["month", 2_629_746_000], ["week", 604_800_000], ["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];

/** How long ago something was. @param {string} time */
export function formatSince(time) {
  const ago = new Date(time).getTime() - Date.now();
  for (const [unit, length] of units) if (Math.abs(ago) >= length) return since.format(Math.trunc(ago / length), unit);
  return "just now";
}

const today = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

export const formatToday = () => today.format(new Date());

/** A date without a time, such as the Monday of a week. @param {string} date */
export const formatWeek = (date) => short.format(new Date(`${date}T00:00:00Z`));

/** @param {number} value */
export const formatNumber = (value) => number.format(value);

/** @param {number} count @param {string} one @param {string} [many] */
export const formatCount = (count, one, many = `${one}s`) => `${number.format(count)} ${count === 1 ? one : many}`;

/** Returns the beginning of a long text, on one line. @param {string} text @param {number} length */
export function excerpt(text, length) {
  const line = text.slice(0, length * 4).replace(/\s+/g, " ").trim();
  const characters = Array.from(line);
  return characters.length > length || text.length > length * 4 ? `${characters.slice(0, length).join("")}…` : line;
}

/** Returns a short name for a browser. @param {string} userAgent */
export function formatDevice(userAgent) {
  const browsers = { "Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari", "curl/": "curl" };
  const systems = { Android: "Android", iPhone: "iPhone", iPad: "iPad", Windows: "Windows", "Mac OS X": "macOS", CrOS: "ChromeOS", Linux: "Linux" };
  /** @param {Record<string, string>} names */
  const find = (names) => Object.entries(names).find(([mark]) => userAgent.includes(mark))?.[1];
  const browser = find(browsers), system = find(systems);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? (excerpt(userAgent, 60) || "Unknown device");
}
