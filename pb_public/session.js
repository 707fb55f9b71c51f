// The session: who is signed in, and the tokens. It belongs to this tab, or to the
// browser if the user stays signed in. Only this file reads the tokens' storage.

import { announce, catchUp, pass, receive } from "./session-channel.js";

/**
 * The signed-in user as in the record API, where ids are text.
 * @typedef {Omit<import("../internal/testing/browser/api").User, "id"> & { id: string }} User
 * @typedef {{ access: string, refresh: string, user: User, expires?: number }} Session
 */

const KEY = "carebase.session";

/** How long before its expiry an access token is renewed, in milliseconds. */
const MARGIN = 60_000;

/** Thrown when the session has ended and the user has to sign in again. */
export class SessionEnded extends Error {}

/** Thrown for a response with an error status. */
export class Refused extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(typeof body?.detail === "string" ? body.detail : `The server answered with status ${status}.`);
    this.status = status;
    this.body = body;
  }
}

/** @type {Set<(session: Session | null) => void>} */
const listeners = new Set();

/** Returns the storage that has the session, or null. */
function storage() {
  return [sessionStorage, localStorage].find((place) => place.getItem(KEY) !== null) ?? null;
}

/** Returns the session, or null if nobody is signed in. @returns {Session | null} */
export function current() {
  try {
    return JSON.parse(storage()?.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Calls the listener after each change; returns a function that removes it. @param {(session: Session | null) => void} listener */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function notify() {
  const session = current();
  listeners.forEach((listener) => listener(session));
}

/** @param {Session} session @param {Storage} place */
function keep(session, place) {
  place.setItem(KEY, JSON.stringify(session));
  notify();
}

function forget() {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
  notify();
}

/** Returns the claims of a token. @param {string} token @returns {{ user_id: string, iat: number, exp: number }} */
function claims(token) {
  return JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
}

/** Returns a token's lifetime in milliseconds, independent of the local clock. @param {string} token */
function lifetime(token) {
  const { iat, exp } = claims(token);
  return (exp - iat) * 1000;
}

/** @param {string} path @param {any} body @param {string} [access] */
async function post(path, body, access) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...(access && { Authorization: `Bearer ${access}` }) },
    body: JSON.stringify(body),
  });
  return read(response);
}

/** @param {Response} response */
async function read(response) {
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/**
 * Signs in. With staySignedIn the session outlives the tab.
 * @param {string} email @param {string} password @param {boolean} [staySignedIn]
 */
export async function signIn(email, password, staySignedIn = false) {
  const { access, refresh } = await post("/api/auth/login/", { email, password });
  const path = `/api/collections/users/records/${claims(access).user_id}?fields=id,name,email`;
  const user = await read(await fetch(path, { headers: { Authorization: `Bearer ${access}` } }));
  forget();
  keep({ access, refresh, user, expires: Date.now() + lifetime(access) }, staySignedIn ? localStorage : sessionStorage);
}

/** Signs out on this device, or on all devices. @param {{ everywhere?: boolean }} [options] */
export async function signOut({ everywhere = false } = {}) {
  const session = current();
  if (!session) return;
  if (everywhere) {
    await post("/api/auth/logout/all/", {}, await access());
  } else {
    // A rejected token means that the session has already ended.
    await post("/api/auth/logout/", { refresh: session.refresh }).catch((error) => {
      if (!(error instanceof Refused)) throw error;
    });
  }
  end(session.refresh);
}

/** @param {string} refresh */
function end(refresh) {
  forget();
  announce({ kind: "ended", refresh });
}

/** Returns a valid access token, renewed if it is about to expire. @returns {Promise<string>} */
export async function access() {
  const session = current();
  if (!session) throw new SessionEnded();
  return Date.now() < renewalDue() ? session.access : renew(session.access);
}

/** Ends the session here if it has ended elsewhere. */
export async function check() {
  if (!current()) return;
  const token = await access();
  try {
    await post("/api/token/verify/", { token });
  } catch (error) {
    if (error instanceof Refused && error.status === 401) await renew(token);
  }
}

/** Returns when to renew the access token, on the scale of Date.now(). */
export function renewalDue() {
  const session = current();
  if (!session) return Infinity;
  return (session.expires ?? 0) - Math.min(MARGIN, lifetime(session.access) / 4);
}

/**
 * Renews an access token that expired or was rejected. One tab at a time: with
 * rotation, using a refresh token twice ends the session.
 * @param {string} old @returns {Promise<string>}
 */
export function renew(old) {
  return navigator.locks.request(KEY, async () => {
    let session = current();
    if (session && session.access === old && storage() === sessionStorage) {
      // A tab with a copy of the session may already have renewed it.
      await catchUp(session.refresh);
      session = current();
    }
    if (!session) throw new SessionEnded();
    if (session.access !== old) return session.access;
    return exchange(session);
  });
}

/** @param {Session} session */
async function exchange(session) {
  try {
    const answer = await post("/api/token/refresh/", { refresh: session.refresh });
    const renewed = { ...session, ...answer, expires: Date.now() + lifetime(answer.access) };
    const place = storage();
    if (!place) throw new SessionEnded();
    keep(renewed, place);
    await pass(session.refresh, renewed);
    return renewed.access;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    end(session.refresh);
    throw new SessionEnded();
  }
}

// Follow changes to the session in other tabs.
receive((message) => {
  const session = current();
  if (session?.refresh !== message.refresh) return;
  const place = storage();
  if (message.kind === "renewed" && place) keep(message.session, place);
  if (message.kind === "ended") forget();
});
addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) notify();
});
