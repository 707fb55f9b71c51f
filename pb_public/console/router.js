// Maps addresses to views. Addresses are fragments such as
// #/patients/ID?search=ann, so the console is a single page.

/**
 * @typedef {{ path: string[], query: URLSearchParams }} Route
 */

/** @returns {Route} */
export function route() {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Returns the address of a view. @param {(string | number)[]} path @param {Record<string, string | number | undefined>} [query] */
export function address(path, query = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

/** Goes to another view. @param {string} to */
export function go(to) {
  location.hash = to;
}

/** Updates the address without navigating, for example to a page of a list. @param {string} to */
export function note(to) {
  if (location.hash !== to) history.replaceState(null, "", to);
}
