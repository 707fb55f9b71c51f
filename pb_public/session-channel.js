// Messages between tabs about sessions. A duplicated tab has a copy of the session
// in its own storage.

/**
 * @typedef {import("./session.js").Session} Session
 * @typedef {{ kind: "renewed", refresh: string, session: Session }} Renewed
 * @typedef {{ kind: "ended", refresh: string, byUser: boolean }} Ended
 * @typedef {{ kind: "ending" | "staying", refresh: string }} Ending
 * @typedef {{ kind: "asked", refresh: string } | Renewed | Ended | Ending} Message
 */

/** How long a tab waits for another tab's answer, in milliseconds. */
const TIMEOUT = 10_000;

const channel = new BroadcastChannel("carebase.session");

/** The sessions for which this tab exchanged tokens, by the old token. @type {Map<string, Session>} */
const exchanged = new Map();

/** Sends a message to the other tabs. @param {Renewed | Ended | Ending} message */
export function announce(message) {
  if (message.kind === "ended") exchanged.clear();
  channel.postMessage(message);
}

/** Listens to messages from other tabs. @param {(message: Renewed | Ended | Ending) => void} listener */
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
 * Returns the name of the lock by which a tab shows, as long as it is open, that it
 * exchanged a token. The name has the token's signature, which is useless alone.
 * @param {string} refresh
 */
const knowledge = (refresh) => `carebase.exchanged.${refresh.split(".").at(-1)}`;

/**
 * Tells the other tabs that a token was exchanged, and answers those that ask later.
 * @param {string} refresh @param {Session} session @returns {Promise<void>}
 */
export function pass(refresh, session) {
  announce({ kind: "renewed", refresh, session });
  if (session.refresh === refresh) return Promise.resolve();
  exchanged.set(refresh, session);
  return new Promise((resolve) => {
    void navigator.locks.request(knowledge(refresh), { ifAvailable: true }, () => {
      resolve();
      return new Promise(() => {});
    });
  });
}

/**
 * Waits for the new session if another tab exchanged the token.
 * @param {string} refresh @returns {Promise<void>}
 */
export async function catchUp(refresh) {
  const { held = [] } = await navigator.locks.query();
  if (!held.some(({ name }) => name === knowledge(refresh))) return;
  await new Promise((/** @type {(value: void) => void} */ resolve) => {
    const timer = setTimeout(done, TIMEOUT);
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
