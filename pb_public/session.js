// Who is signed in, and with which tokens. The tokens are this tab's, or, if
// the user wants to stay signed in, the browser's. Pages read them only here.

import { announce, catchUp, pass, receive } from "./session-channel.js";

/**
 * @typedef {{ id: string, name: string, email: string }} User
 * @typedef {{ access: string, refresh: string, user: User, expires?: number }} Session
 */

const KEY = "carebase.session";

/** How long before its end an access token is renewed, in milliseconds. */
const MARGIN = 60_000;

/** Thrown when the server refuses the session: the user has to sign in again. */
export class SessionEnded extends Error {}

/** An answer of the server that is not what was asked for. */
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

/** The storage that has the session, if there is one. */
function storage() {
  return [sessionStorage, localStorage].find((place) => place.getItem(KEY) !== null) ?? null;
}

/** The session, or null when nobody is signed in. @returns {Session | null} */
export function current() {
  try {
    return JSON.parse(storage()?.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Calls the listener after each change; returns how to stop it. @param {(session: Session | null) => void} listener */
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

/** What a token says. @param {string} token @returns {{ user_id: string, iat: number, exp: number }} */
function claims(token) {
  return JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
}

/** How long a new token holds, in milliseconds, whatever this machine's clock says. @param {string} token */
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

/** Signs out here, or wherever the user is signed in. @param {{ everywhere?: boolean }} [options] */
export async function signOut({ everywhere = false } = {}) {
  const session = current();
  if (!session) return;
  if (everywhere) {
    await post("/api/auth/logout/all/", {}, await access());
  } else {
    // A token that is refused has ended already.
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

/** An access token that holds, renewed when it is about to run out. @returns {Promise<string>} */
export async function access() {
  const session = current();
  if (!session) throw new SessionEnded();
  return Date.now() < renewalDue() ? session.access : renew(session.access);
}

/** Finds out whether the session has ended elsewhere, and ends it here if so. */
export async function check() {
  if (!current()) return;
  const token = await access();
  try {
    await post("/api/token/verify/", { token });
  } catch (error) {
    if (error instanceof Refused && error.status === 401) await renew(token);
  }
}

/** When the access token is to be renewed, by Date.now(). */
export function renewalDue() {
  const session = current();
  if (!session) return Infinity;
  return (session.expires ?? 0) - Math.min(MARGIN, lifetime(session.access) / 4);
}

/**
 * Exchanges a token that has run out or was refused. One tab at a time: with
 * rotation, a refresh token that is used twice ends the session.
 * @param {string} old @returns {Promise<string>}
 */
export function renew(old) {
  return navigator.locks.request(KEY, async () => {
    let session = current();
    if (session && session.access === old && storage() === sessionStorage) {
      // Another tab with a copy of the session may have been first.
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

// What other tabs do with the same session.
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
