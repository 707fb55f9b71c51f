// The server's messages about fields, in the words of the console. A message that is
// not listed is shown as it is.

/** @type {[RegExp, (label: string, ...parts: string[]) => string][]} */
const wordings = [
  [/^(This field (may not be blank|is required|may not be null)|Cannot be blank|Missing required value)\.$/, (label) => `Enter ${withArticle(label)}.`],
  [/^A valid (integer|number) is required\.$/, (_, kind) => kind === "integer" ? "Enter a whole number, such as 34." : "Enter a number."],
  [/^Ensure this field has no more than (\d+) characters\.$/, (_, count) => `Use at most ${count} characters.`],
  [/^Ensure this field has at least (\d+) characters\.$/, (_, count) => `Use at least ${count} characters.`],
  [/^Ensure this value is greater than or equal to (-?[\d.]+)\.$/, (_, least) => `Enter ${least} or more.`],
  [/^Ensure this value is less than or equal to (-?[\d.]+)\.$/, (_, most) => `Enter ${most} or less.`],
  [/^(Enter|Must be) a valid email address\.$/, () => "Enter an email address, such as name@example.com."],
  [/^User email already exists or is invalid\.$/, () => "This address cannot be used."],
  [/^user with this email( address)? already exists\.$/i, () => "There is an account with this email address already."],
  [/^"" is not a valid choice\.$/, (label) => `Choose ${withArticle(label)}.`],
  [/^This (selection|list) may not be empty\.$/, () => "Choose at least one."],
  [/^No file was submitted\.$/, () => "Choose a file."],
  [/^Datetime has wrong format\./, () => "Enter a date, or a date and a time."],
  [/^Null characters are not allowed\.$/, () => "Remove the invisible null character."],
];

/** Returns what to say about a field. @param {string} message @param {string} label @param {string} value */
export function reword(message, label, value) {
  if (value.trim() === "" && /^(A valid (integer|number) is required\.$|Datetime has wrong format)/.test(message)) return `Enter ${withArticle(label)}.`;
  for (const [pattern, say] of wordings) {
    const found = pattern.exec(message);
    if (found) return say(label, ...found.slice(1));
  }
  return message;
}

/** Returns what to say of an answer's errors of fields that no form has. @param {any} body */
export function sayAll(body) {
  if (!body || typeof body !== "object" || Array.isArray(body)) return "";
  return Object.entries(body).flatMap(([name, messages]) => [messages].flat().filter((message) => typeof message === "string")
    .map((message) => reword(message, name.replaceAll("_", " "), "…"))).join(" ");
}

/** @param {string} label */
function withArticle(label) {
  return /^your /i.test(label) ? label.toLowerCase() : `the ${label.toLowerCase()}`;
}
