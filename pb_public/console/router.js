// Which view the address asks for. Addresses are fragments, such as
// #/patients/ID?search=ann, so that every page of the console is one file.

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

/** The address of a view. @param {string[]} path @param {Record<string, string | number | undefined>} [query] */
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

/** Notes where one is without going there, such as in which page of a list. @param {string} to */
export function note(to) {
  if (location.hash !== to) history.replaceState(null, "", to);
}
