// One realtime connection for all tabs of a session: browsers allow an HTTP/1.1
// server six connections for all tabs together.

import { sessionId } from "../session.js";
import { connect } from "./realtime.js";

/**
 * @typedef {import("./realtime.js").Listener} Listener
 * @typedef {import("./realtime.js").Change} Change
 * @typedef {{ kind: "changed", change: Change, id: string } | { kind: "connected" | "missed", id: string } | { kind: "lost" | "asked" }} News
 */

/**
 * Follows the connection of whichever tab has it until the signal aborts. A page
 * that the browser hides to show it again later takes no part meanwhile.
 * @param {Listener} listener @param {AbortSignal} signal
 */
export function follow(listener, signal) {
  /** The id of the last event. */
  let last = "";
  let shown = new AbortController();
  const heard = {
    changed: (/** @type {Change} */ change, /** @type {string} */ id) => { last = id || last; listener.changed(change, last); },
    connected: (/** @type {string} */ id) => { last = id || last; listener.connected(last); },
    missed: (/** @type {string} */ id) => { last = id || last; listener.missed(last); },
    lost: listener.lost,
  };
  const join = () => share(heard, AbortSignal.any([signal, shown.signal]), () => last);
  addEventListener("pagehide", () => shown.abort(), { signal });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    shown = new AbortController();
    join();
  }, { signal });
  join();
}

/**
 * Takes part until the signal aborts. The tab that holds the lock has the
 * connection; when it ends, the next one connects, from the event on that all have
 * heard last.
 * @param {Listener} listener @param {AbortSignal} signal @param {() => string} last
 */
function share(listener, signal, last) {
  const name = `carebase.realtime.${sessionId()}`;
  const channel = new BroadcastChannel(name);
  let leads = false;
  let isConnected = false;

  /** @param {News} news */
  function hear(news) {
    if (news.kind === "changed") listener.changed(news.change, news.id);
    if (news.kind === "connected") listener.connected(news.id);
    if (news.kind === "missed") listener.missed(news.id);
    if (news.kind === "lost") listener.lost();
  }

  /** Tells this tab and the others. @param {News} news */
  function tell(news) {
    if (signal.aborted) return;
    isConnected = news.kind === "connected" || isConnected && news.kind !== "lost";
    channel.postMessage(news);
    hear(news);
  }

  /** Connects, and keeps the lock until the signal aborts. @returns {Promise<void>} */
  function lead() {
    leads = true;
    connect({
      changed: (change, id) => tell({ kind: "changed", change, id }),
      connected: (id) => tell({ kind: "connected", id }),
      missed: (id) => tell({ kind: "missed", id }),
      lost: () => tell({ kind: "lost" }),
    }, signal, last());
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  }

  channel.addEventListener("message", (/** @type {MessageEvent<News>} */ { data }) => {
    if (data.kind !== "asked") hear(data);
    else if (leads && isConnected) channel.postMessage({ kind: "connected", id: last() });
  });
  signal.addEventListener("abort", () => channel.close());
  channel.postMessage({ kind: "asked" });
  navigator.locks.request(name, { signal }, lead).catch(() => {}); // aborted
}
