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

/** @typedef {"begins" | "failed" | "done"} SignOut */

/** @type {Set<(phase: SignOut) => void>} */
const signingOut = new Set();

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

/** Calls the listener while the user signs out in another tab. @param {(phase: SignOut) => void} listener */
export function onSignOut(listener) {
  signingOut.add(listener);
}

function notify() {
  const session = current();
  known = session?.refresh ?? known;
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

/** Returns the claims of a token. @param {string} token @returns {{ user_id?: string, id?: string, iat?: number, exp: number, sid?: string }} */
function claims(token) {
  return JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
}

/** Returns a token's lifetime in milliseconds, independent of the local clock. @param {string} token */
function lifetime(token) {
  const { exp, iat = Date.now() / 1000 } = claims(token);
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

/** What a sign-in with a second factor goes on with. @typedef {{ email: string, mfaId: string, otpId: string, staySignedIn: boolean }} SecondStep */

/** What a page says that has no second step. */
export const SECOND_FACTOR = "This account needs a second factor. Sign in at the console first.";

const USERS = "/api/collections/users/";

/**
 * Signs in. With staySignedIn the session outlives the tab. Returns what to go on
 * with if a second factor is needed.
 * @param {string} email @param {string} password @param {boolean} [staySignedIn] @returns {Promise<SecondStep | null>}
 */
export async function signIn(email, password, staySignedIn = false) {
  const methods = await read(await fetch(`${USERS}auth-methods?fields=mfa`));
  if (!methods.mfa?.enabled) {
    await begin(await post("/api/auth/login/", { email, password }), staySignedIn);
    return null;
  }
  try {
    const { token } = await post(`${USERS}auth-with-password`, { identity: email, password });
    await begin({ access: token, refresh: token }, staySignedIn);
    return null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const mfaId = error.body?.mfaId;
    if (!mfaId) throw error.status === 400 ? new Refused(401, error.body) : error;
    const { otpId } = await post(`${USERS}request-otp`, { email });
    return { email, mfaId, otpId, staySignedIn };
  }
}

/** Signs in with the code from the mail. @param {SecondStep} step @param {string} code */
export async function finishSignIn({ mfaId, otpId, staySignedIn }, code) {
  const { token } = await post(`${USERS}auth-with-otp`, { otpId, password: code, mfaId }).catch((error) => {
    throw error instanceof Refused && error.status === 400 ? new Refused(400, { code: ["The code is wrong or has expired."] }) : error;
  });
  // PocketBase's own token renews itself.
  await begin({ access: token, refresh: token }, staySignedIn);
}

/** @param {{ access: string, refresh: string }} tokens @param {boolean} staySignedIn */
async function begin({ access, refresh }, staySignedIn) {
  const { user_id: id = claims(access).id } = claims(access);
  const user = await read(await fetch(`${USERS}records/${id}?fields=id,name,email`, { headers: { Authorization: `Bearer ${access}` } }));
  forget();
  keep({ access, refresh, user, expires: Date.now() + lifetime(access) }, staySignedIn ? localStorage : sessionStorage);
}

/** Whether the session has a token of PocketBase's own sign-in. @param {Session} session */
const isNative = ({ access, refresh }) => access === refresh;

/** Goes on with the tokens of a new session of the same user. @param {{ access: string, refresh: string }} tokens */
export function adopt({ access, refresh }) {
  const session = current(), place = storage();
  if (session && place) keep({ ...session, access, refresh, expires: Date.now() + lifetime(access) }, place);
}

/** Changes what is known of the user. @param {Partial<User>} changes */
export function rename(changes) {
  const session = current(), place = storage();
  if (session && place) keep({ ...session, user: { ...session.user, ...changes } }, place);
}

/** Signs out on this device, or on all devices. @param {{ everywhere?: boolean }} [options] */
export async function signOut({ everywhere = false } = {}) {
  const session = current();
  if (!session) return;
  // The server tells the other tabs of the end, too, perhaps before this one does.
  announce({ kind: "ending", refresh: session.refresh });
  try {
    if (everywhere) await post("/api/auth/logout/all/", {}, await access());
    else await endSession(session);
  } catch (error) {
    // A rejected token means that the session has already ended.
    if (everywhere || !(error instanceof Refused)) {
      announce({ kind: "staying", refresh: session.refresh });
      throw error;
    }
  }
  end(session.refresh, true);
}

/** @param {Session} session */
async function endSession(session) {
  if (!isNative(session)) return post("/api/auth/logout/", { refresh: session.refresh });
  const token = await access();
  const response = await fetch(`/api/auth/sessions/${claims(token).sid}/`, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Refused(response.status, null);
}

/** @param {string} refresh @param {boolean} byUser */
function end(refresh, byUser) {
  forget();
  announce({ kind: "ended", refresh, byUser });
}

/** Returns a valid access token, renewed if it is about to expire. @returns {Promise<string>} */
export async function access() {
  const session = current();
  if (!session) throw new SessionEnded();
  return Date.now() < renewalDue() ? session.access : renew(session.access);
}

/** Ends the session here if it has ended elsewhere. */
export async function check() {
  const session = current();
  if (!session) return;
  const token = await access();
  try {
    if (isNative(session)) await read(await fetch("/api/auth/me/", { headers: { Authorization: `Bearer ${token}` } }));
    else await post("/api/token/verify/", { token });
  } catch (error) {
    if (error instanceof Refused && error.status === 401) await renew(token);
  }
}

/** Returns what the tokens of this session, and of no other, have in common; empty without one. */
export function sessionId() {
  const session = current();
  return session ? claims(session.access).sid ?? session.user.id : "";
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
    const answer = isNative(session) ? await refreshNative(session) : await post("/api/token/refresh/", { refresh: session.refresh });
    const renewed = { ...session, ...answer, expires: Date.now() + lifetime(answer.access) };
    const place = storage();
    if (!place) throw new SessionEnded();
    keep(renewed, place);
    await pass(session.refresh, renewed);
    return renewed.access;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    end(session.refresh, false);
    throw new SessionEnded();
  }
}

/** The refresh token of the session that this tab has or had last. */
let known = current()?.refresh ?? "";

/** @param {Session} session @returns {Promise<{ access: string, refresh: string }>} */
async function refreshNative({ access }) {
  const { token } = await post(`${USERS}auth-refresh`, {}, access);
  return { access: token, refresh: token };
}

/** Returns what another tab's message says of signing out. @param {Parameters<Parameters<typeof receive>[0]>[0]} message @returns {SignOut | null} */
function phaseOf(message) {
  if (message.kind === "ending") return "begins";
  if (message.kind === "staying") return "failed";
  return message.kind === "ended" && message.byUser ? "done" : null;
}

// Follow changes to the session in other tabs.
receive((message) => {
  const session = current();
  const phase = phaseOf(message);
  if (phase && [session?.refresh, known].includes(message.refresh)) signingOut.forEach((listener) => listener(phase));
  if (session?.refresh !== message.refresh) return;
  const place = storage();
  if (message.kind === "renewed" && place) keep(message.session, place);
  if (message.kind === "ended") forget();
});
addEventListener("storage", (event) => {
  if (event.key === KEY || event.key === null) notify();
});
