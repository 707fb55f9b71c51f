// The connection through which the server tells what has changed.

import { onChange, current, renewalDue, access, SessionEnded } from "../session.js";
import { isMissing, subscribe } from "./api.js";

/**
 * @typedef {{ collection: string, action: "create" | "update" | "delete", record: any }} Change
 * @typedef {{ changed: (change: Change) => void, connected: () => void, lost: () => void }} Listener
 */

const COLLECTIONS = ["patients", "doctors", "mappings"];

/** How long to wait before each attempt, in milliseconds. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000];

/** Keeps a connection open until the signal ends it. @param {Listener} listener @param {AbortSignal} signal */
export function connect(listener, signal) {
  let attempts = 0;
  let clientId = "";
  let subscribedWith = "";
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let renewal;

  function open() {
    clearTimeout(retry);
    source?.close();
    const opened = new EventSource("/api/realtime");
    source = opened;
    opened.addEventListener("PB_CONNECT", (event) => {
      clientId = JSON.parse(event.data).clientId;
      void join(opened);
    });
    opened.addEventListener("error", () => opened === source && fail());
    for (const collection of COLLECTIONS) {
      opened.addEventListener(`${collection}/*`, (event) => listener.changed({ collection, ...JSON.parse(event.data) }));
    }
  }

  /** @param {EventSource} opened */
  async function join(opened) {
    try {
      await subscribe(clientId, COLLECTIONS.map((collection) => `${collection}/*`));
      if (opened !== source || signal.aborted) return;
      subscribedWith = current()?.access ?? "";
      attempts = 0;
      listener.connected();
    } catch (error) {
      if (opened === source && !signal.aborted && !(error instanceof SessionEnded)) fail();
    }
  }

  function fail() {
    source?.close();
    source = null;
    clientId = "";
    listener.lost();
    clearTimeout(retry);
    retry = setTimeout(open, PAUSES[Math.min(attempts, PAUSES.length - 1)]);
    attempts += 1;
  }

  /** A renewed token has to be shown, or the old one's end would end the subscriptions. */
  async function show() {
    schedule();
    if (!source || !clientId || !current() || current()?.access === subscribedWith) return;
    try {
      await subscribe(clientId, COLLECTIONS.map((collection) => `${collection}/*`));
      subscribedWith = current()?.access ?? "";
    } catch (error) {
      if (!signal.aborted && !(error instanceof SessionEnded) && !isMissing(error)) fail();
    }
  }

  /** Renews the token before it runs out, also when nothing is asked for. */
  function schedule() {
    clearTimeout(renewal);
    const wait = renewalDue() - Date.now();
    if (wait === Infinity) return;
    renewal = setTimeout(() => access().catch(() => { renewal = setTimeout(schedule, 5000); }), Math.max(wait, 0) + 50);
  }

  const stopListening = onChange(() => void show());
  const wake = () => { attempts = 0; open(); };
  const sleep = () => fail();
  addEventListener("online", wake);
  addEventListener("offline", sleep);
  signal.addEventListener("abort", () => {
    stopListening();
    removeEventListener("online", wake);
    removeEventListener("offline", sleep);
    clearTimeout(retry);
    clearTimeout(renewal);
    source?.close();
    source = null;
  });
  schedule();
  open();
}
