// Requests with the session's token, and what their errors mean.

import { access, Refused, renew } from "../session.js";
import { sayAll } from "./wording.js";

/** @typedef {Record<string, string | number | undefined>} Query */

/** @typedef {{ body?: object | Blob, type?: string, accept?: string, signal?: AbortSignal, keepalive?: boolean, etag?: string, key?: string }} Options */

/** Thrown when the server cannot be reached. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached. Check the connection and try again.");
  }
}

/** Returns a message for an error. @param {unknown} error */
export function explain(error) {
  if (error instanceof Refused && error.status === 404) return "This no longer exists, or belongs to someone else.";
  if (error instanceof Refused && error.status === 409 && error.message.includes("Idempotency-Key")) return "This is being saved already. Try again in a moment.";
  if (error instanceof Refused && error.status === 400 && !error.body?.detail) return sayAll(error.body) || "The server does not accept this.";
  if (error instanceof Refused && error.status >= 500) return "The server has a problem. Try again in a moment.";
  return error instanceof Error && error.message ? error.message : "Something went wrong. Try again.";
}

/** @param {unknown} error */
export const isMissing = (error) => error instanceof Refused && error.status === 404;

/** Whether the record has changed since its tag was read. @param {unknown} error */
export const isStale = (error) => error instanceof Refused && error.status === 412;

/** Whether the server refuses the value of a field. @param {unknown} error @param {string} field */
export const isInvalid = (error, field) => error instanceof Refused && error.status === 400 && field in (error.body ?? {});

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * Returns the decoded answer; a record has its tag as "etag".
 * @param {string} method @param {string} path @param {Options} [options] @returns {Promise<any>}
 */
export async function request(method, path, options = {}) {
  const response = await respond(method, path, options);
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body);
  const etag = response.headers.get("ETag");
  return etag && body && !Array.isArray(body) ? { ...body, etag } : body;
}

/** Returns the answer as a file. @param {string} path @returns {Promise<Blob>} */
export async function download(path) {
  const response = await respond("GET", path, { accept: "*/*" });
  if (!response.ok) throw new Refused(response.status, await response.json().catch(() => null));
  return response.blob();
}

/** @param {string} method @param {string} path @param {Options} options */
async function respond(method, path, options) {
  const token = await reach(access());
  const response = await send(method, path, token, options);
  return response.status === 401 ? send(method, path, await reach(renew(token)), options) : response;
}

/** @param {string} method @param {string} path @param {string} token @param {Options} options */
function send(method, path, token, { body, type = body instanceof Blob ? body.type : "application/json", accept = "application/json", signal, keepalive, etag, key }) {
  return reach(fetch(path, {
    method,
    headers: {
      Accept: accept,
      Authorization: `Bearer ${token}`,
      ...(body && { "Content-Type": type }),
      ...(etag && { "If-Match": etag }),
      ...(key && { "Idempotency-Key": key }),
    },
    body: body instanceof Blob ? body : body ? JSON.stringify(body) : null,
    signal: signal ?? null,
    keepalive: keepalive ?? false,
  }));
}

/** Sends a request of somebody who is not signed in. @param {string} path @param {object} body */
export async function post(path, body) {
  const response = await reach(fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  }));
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** Maps fetch's TypeError for a failed connection to Unreachable. @template T @param {Promise<T>} answer @returns {Promise<T>} */
export async function reach(answer) {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error;
  }
}

/** Returns a name for a request that may have to be sent again, and is to be done once. */
export const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** Returns a query string. @param {Query} query */
export function encode(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}
