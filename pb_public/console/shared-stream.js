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
 * Follows the connection of whichever tab has it until the signal aborts. The tab
 * that holds the lock has it; when that tab closes, the next one connects, from the
 * event on that all have heard last.
 * @param {Listener} listener @param {AbortSignal} signal
 */
export function follow(listener, signal) {
  const name = `carebase.realtime.${sessionId()}`;
  const channel = new BroadcastChannel(name);
  let leads = false;
  let isConnected = false;
  /** The id of the last event. */
  let last = "";

  /** @param {News} news */
  function hear(news) {
    if ("id" in news) last = news.id || last;
    if (news.kind === "changed") listener.changed(news.change, last);
    if (news.kind === "connected") listener.connected(last);
    if (news.kind === "missed") listener.missed(last);
    if (news.kind === "lost") listener.lost();
  }

  /** Tells this tab and the others. @param {News} news */
  function tell(news) {
    if (signal.aborted) return;
    isConnected = news.kind === "connected" || isConnected && news.kind !== "lost";
    channel.postMessage(news);
    hear(news);
  }

  channel.addEventListener("message", (/** @type {MessageEvent<News>} */ { data }) => {
    if (data.kind !== "asked") hear(data);
    else if (leads && isConnected) channel.postMessage({ kind: "connected", id: last });
  });
  signal.addEventListener("abort", () => channel.close());
  channel.postMessage({ kind: "asked" });

  /** Connects, and keeps the lock until the signal aborts. @returns {Promise<void>} */
  function lead() {
    leads = true;
    connect({
      changed: (change, id) => tell({ kind: "changed", change, id }),
      connected: (id) => tell({ kind: "connected", id }),
      missed: (id) => tell({ kind: "missed", id }),
      lost: () => tell({ kind: "lost" }),
    }, signal, last);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  }
  navigator.locks.request(name, { signal }, lead).catch(() => {}); // aborted
}
