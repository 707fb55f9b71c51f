// Maps addresses to views. Addresses are fragments such as
// #/patients/ID?search=ann, so the console is a single page.

/**
 * @typedef {{ path: string[], query: URLSearchParams }} Route
 */

/** How long a view may take to become as long as it was, in milliseconds. */
const TIMEOUT = 5000;

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

/**
 * Makes the address say what the view shows, as an entry of its own in the browser's
 * history or in the place of the current one.
 * @param {string} to @param {{ replace?: boolean }} [options]
 */
export function note(to, { replace = false } = {}) {
  if (location.hash === to) return;
  if (replace) history.replaceState(history.state, "", to);
  else history.pushState(null, "", to);
}

/** Remembers where each entry of the browser's history is scrolled to. */
export function keepScroll() {
  history.scrollRestoration = "manual";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  addEventListener("scroll", () => {
    clearTimeout(timer);
    const { hash } = location;
    timer = setTimeout(() => {
      if (location.hash === hash) history.replaceState({ ...history.state, scroll: scrollY }, "");
    }, 100);
  }, { passive: true });
}

/** Scrolls to where the entry was, once the view is long enough. @param {AbortSignal} signal */
export function restoreScroll(signal) {
  const target = history.state?.scroll ?? 0;
  scrollTo(0, target);
  if (target === 0) return;
  const grown = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight - innerHeight < target) return;
    scrollTo(0, target);
    stop();
  });
  const stop = () => grown.disconnect();
  grown.observe(document.body);
  signal.addEventListener("abort", stop);
  setTimeout(stop, TIMEOUT);
  for (const event of ["wheel", "touchstart", "keydown"]) addEventListener(event, stop, { signal, once: true, passive: true });
}
