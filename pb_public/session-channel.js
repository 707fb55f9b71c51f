// What tabs tell each other about sessions. A tab that was duplicated has a copy
// of the session in a storage of its own.

/**
 * @typedef {import("./session.js").Session} Session
 * @typedef {{ kind: "renewed", refresh: string, session: Session }} Renewed
 * @typedef {{ kind: "ended", refresh: string }} Ended
 * @typedef {{ kind: "asked", refresh: string } | Renewed | Ended} Message
 */

/** How long a tab waits for another that knows more and may be busy, in milliseconds. */
const PATIENCE = 10_000;

const channel = new BroadcastChannel("carebase.session");

/** What this tab has exchanged, by the old token. @type {Map<string, Session>} */
const exchanged = new Map();

/** Tells the other tabs. @param {Renewed | Ended} message */
export function announce(message) {
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
 * The name of the lock that a tab holds, as long as it lives, that knows what a
 * token was exchanged for. The signature tells tokens apart and is of no use alone.
 * @param {string} refresh
 */
const knowledge = (refresh) => `carebase.exchanged.${refresh.split(".").at(-1)}`;

/**
 * Tells the other tabs that a token was exchanged, and lets them find out.
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
 * Waits for what another tab has exchanged the token for, if one has.
 * @param {string} refresh @returns {Promise<void>}
 */
export async function catchUp(refresh) {
  const { held = [] } = await navigator.locks.query();
  if (!held.some(({ name }) => name === knowledge(refresh))) return;
  await new Promise((/** @type {(value: void) => void} */ resolve) => {
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
