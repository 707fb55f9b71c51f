// The realtime connection on which the server reports changes.

import { access, check, current, onChange, renewalDue, SessionEnded } from "../session.js";
import { subscribe } from "./api.js";

/**
 * @typedef {{ collection: string, action: "create" | "update" | "delete", record: any }} Change
 * @typedef {{ changed: (change: Change, id: string) => void, connected: (id: string) => void, missed: (id: string) => void, lost: () => void }} Listener
 * Each is told the id of the event. After connecting again, changes that came meanwhile follow; missed says that some are lost.
 */

const COLLECTIONS = ["patients", "doctors", "mappings"];

/** The delay before each attempt to connect, in milliseconds. */
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000];

/** A connection with the server's id for it. @typedef {{ source: EventSource, clientId: string, id: string, shown: string, busy: boolean, ended: AbortController }} Stream */

/**
 * Keeps a connection open until the signal aborts, from the event on that has this id.
 * @param {Listener} listener @param {AbortSignal} signal @param {string} [last]
 */
export function connect(listener, signal, last = "") {
  let attempts = 0;
  /** @type {Stream | null} */
  let stream = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let renewal;

  function open() {
    close();
    /** @type {Stream} */
    const opened = { source: new EventSource(`/api/realtime${last && `?lastEventId=${last}`}`), clientId: "", id: "", shown: "", busy: false, ended: new AbortController() };
    stream = opened;
    opened.source.addEventListener("PB_CONNECT", (event) => {
      opened.clientId = JSON.parse(event.data).clientId;
      opened.id = event.lastEventId;
      void show(opened);
    });
    opened.source.addEventListener("@gap", () => {
      last = opened.id;
      listener.missed(last);
    });
    opened.source.addEventListener("@sessionEnded", () => void check().catch(() => {}));
    opened.source.addEventListener("error", () => opened === stream && fail());
    for (const collection of COLLECTIONS) {
      opened.source.addEventListener(`${collection}/*`, (event) => {
        last = event.lastEventId;
        listener.changed({ collection, ...JSON.parse(event.data) }, last);
      });
    }
  }

  /** Closes the connection. Aborts its subscription request first, which would fail without it. */
  function close() {
    clearTimeout(retry);
    stream?.ended.abort();
    stream?.source.close();
    stream = null;
  }

  function fail() {
    close();
    listener.lost();
    retry = setTimeout(open, PAUSES[Math.min(attempts, PAUSES.length - 1)]);
    attempts += 1;
  }

  /**
   * Subscribes with the session's token, and again after each change of the token,
   * which may be another session's. Sends one request at a time.
   * @param {Stream} own
   */
  async function show(own) {
    if (own.busy || !own.clientId) return;
    own.busy = true;
    try {
      for (let token = current()?.access; token && token !== own.shown; token = current()?.access) {
        await subscribe(own.clientId, COLLECTIONS.map((collection) => `${collection}/*`), own.ended.signal);
        if (own.shown === "") {
          attempts = 0;
          last ||= own.id;
          listener.connected(last);
        }
        own.shown = token;
      }
    } catch (error) {
      if (!own.ended.signal.aborted && !(error instanceof SessionEnded)) fail();
    } finally {
      own.busy = false;
    }
  }

  /** Renews the token before it expires, even without other requests. */
  function schedule() {
    clearTimeout(renewal);
    const wait = renewalDue() - Date.now();
    if (wait === Infinity) return;
    renewal = setTimeout(() => access().catch(() => { renewal = setTimeout(schedule, 5000); }), Math.max(wait, 0) + 50);
  }

  const stopListening = onChange(() => {
    schedule();
    if (stream) void show(stream);
  });
  const wake = () => { attempts = 0; open(); };
  addEventListener("online", wake);
  addEventListener("offline", fail);
  signal.addEventListener("abort", () => {
    stopListening();
    removeEventListener("online", wake);
    removeEventListener("offline", fail);
    clearTimeout(renewal);
    close();
  });
  schedule();
  open();
}
