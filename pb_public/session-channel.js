// What tabs tell each other about sessions. A tab that was duplicated has a copy
// of the session in a storage of its own.

/**
 * @typedef {import("./session.js").Session} Session
 * @typedef {{ kind: "renewed", refresh: string, session: Session }} Renewed
 * @typedef {{ kind: "ended", refresh: string }} Ended
 * @typedef {{ kind: "asked", refresh: string } | Renewed | Ended} Message
 */

/** How long a tab waits for others that know more, in milliseconds. */
const PATIENCE = 150;

const channel = new BroadcastChannel("carebase.session");

/** What this tab has exchanged, by the old token. @type {Map<string, Session>} */
const exchanged = new Map();

/** Tells the other tabs. @param {Renewed | Ended} message */
export function announce(message) {
  if (message.kind === "renewed") exchanged.set(message.refresh, message.session);
  if (message.kind === "ended") exchanged.clear();
  channel.postMessage(message);
}

/** Receives what other tabs tell. @param {(message: Renewed | Ended) => void} listener */
export function receive(listener) {
  channel.addEventListener("message", (/** @type {MessageEvent<Message>} */ { data }) => {
    if (data.kind !== "asked") listener(data);
  });
}

channel.addEventListener("message", (/** @type {MessageEvent<Message>} */ { data }) => {
  if (data.kind !== "asked") return;
  const session = exchanged.get(data.refresh);
  if (session) channel.postMessage({ kind: "renewed", refresh: data.refresh, session });
});

/**
 * Waits until any other tab has had the time to say that it has exchanged the
 * token.
 * @param {string} refresh @returns {Promise<void>}
 */
export function catchUp(refresh) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, PATIENCE);
    /** @param {MessageEvent<Message>} event */
    function listen({ data }) {
      if (data.kind === "renewed" && data.refresh === refresh) done();
    }
    function done() {
      clearTimeout(timer);
      channel.removeEventListener("message", listen);
      resolve();
    }
    channel.addEventListener("message", listen);
    channel.postMessage({ kind: "asked", refresh });
  });
}
