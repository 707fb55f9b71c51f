// The console's view of the server: connection status, changes, and responses that
// reload when they are out of date.

import { check, SessionEnded } from "../session.js";
import { isAbort } from "./request.js";
import * as stream from "./shared-stream.js";

/** @typedef {import("./realtime.js").Change} Change */

/** The delay before a reload after a change, and the least time between reloads, in milliseconds. */
const SOON = 60, RARELY = 700;

/** How long the connection may be down before the user is told, in milliseconds. */
const GRACE = 1500;

/** How often to check whether the session ended elsewhere, in milliseconds: the server may not report it. */
const CHECK = 20_000;

const changes = new EventTarget();

/** Follows the server's changes until the signal aborts. @param {AbortSignal} signal @param {(lost: boolean) => void} onConnection */
export function follow(signal, onConnection) {
  let wasLost = false, isFirst = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let grace;
  const tell = () => { wasLost = true; onConnection(true); };
  stream.follow({
    changed: (change) => publish(change),
    connected() {
      clearTimeout(grace);
      grace = undefined;
      if (wasLost) onConnection(false);
      wasLost = false;
      // What was loaded before may have changed before the subscription.
      if (isFirst) changes.dispatchEvent(new Event("missed"));
      isFirst = false;
    },
    missed: () => changes.dispatchEvent(new Event("missed")),
    lost() {
      if (navigator.onLine === false) tell();
      else grace ??= setTimeout(tell, GRACE);
    },
  }, signal);
  const look = () => {
    if (document.visibilityState === "visible") check().catch(() => {});
  };
  const checks = setInterval(look, CHECK);
  document.addEventListener("visibilitychange", look, { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(grace);
    clearInterval(checks);
  });
}

/** Notifies all listeners of a change, made here or elsewhere. @param {Change} change */
export function publish(change) {
  changes.dispatchEvent(new CustomEvent("change", { detail: change }));
}

/** Calls the listener for each change of these collections. @param {string[]} collections @param {(change: Change) => void} listener @param {AbortSignal} signal */
export function onChanges(collections, listener, signal) {
  changes.addEventListener("change", (event) => {
    const { detail } = /** @type {CustomEvent<Change>} */ (event);
    if (collections.includes(detail.collection)) listener(detail);
  }, { signal });
}

/** Calls the listener when changes may have been missed. @param {() => void} listener @param {AbortSignal} signal */
export function onMissed(listener, signal) {
  changes.addEventListener("missed", listener, { signal });
}

/**
 * A response that stays up to date.
 * @template T
 * @typedef {{ data: T | undefined, error: unknown, loading: boolean }} Answer
 */

/**
 * Loads now, and again after each change to the collections, until the signal
 * aborts.
 * @template T
 * @param {{ load: (signal: AbortSignal) => Promise<T>, collections?: string[], concerns?: (change: Change) => boolean, show: (answer: Answer<T>) => void, signal: AbortSignal }} options
 */
export function live({ load, collections = [], concerns = () => true, show, signal }) {
  /** @type {Answer<T>} */
  let answer = { data: undefined, error: undefined, loading: true };
  let running = new AbortController();
  let last = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {Partial<Answer<T>>} news */
  function update(news) {
    answer = { ...answer, ...news };
    show(answer);
  }

  async function reload() {
    clearTimeout(timer);
    timer = undefined;
    running.abort();
    const own = new AbortController();
    running = own;
    last = Date.now();
    update({ loading: true });
    try {
      const data = await load(AbortSignal.any([own.signal, signal]));
      if (!own.signal.aborted && !signal.aborted) update({ data, error: undefined, loading: false });
    } catch (error) {
      if (own.signal.aborted || signal.aborted || isAbort(error) || error instanceof SessionEnded) return;
      update({ error, loading: false });
    }
  }

  /** Shows what a change has returned, until it is loaded again. @param {T} data */
  function replace(data) {
    update({ data, error: undefined });
  }

  function invalidate() {
    timer ??= setTimeout(reload, Math.max(SOON, last + RARELY - Date.now()));
  }

  onChanges(collections, (change) => concerns(change) && invalidate(), signal);
  onMissed(invalidate, signal);
  signal.addEventListener("abort", () => clearTimeout(timer));
  void reload();
  return { reload, replace };
}
