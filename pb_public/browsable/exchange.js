// Sends requests with the session's token.

import { access, current, renew, SessionEnded } from "../session.js";

/** @typedef {{ method?: string, json?: string | FormData, accept?: string, secret?: boolean, signal?: AbortSignal }} Options */

/**
 * Sends a request. With `secret` it carries the session's token, which is renewed
 * once if the server rejects it.
 * @param {string} url @param {Options} [options] @returns {Promise<Response>}
 */
export async function send(url, options = {}) {
  const token = options.secret ? await tokenFrom(access) : null;
  const answer = await attempt(url, options, token);
  if (answer.status !== 401 || !token) return answer;
  const renewed = await tokenFrom(() => renew(token));
  return renewed ? attempt(url, options, renewed) : answer;
}

/** @param {() => Promise<string>} source @returns {Promise<string | null>} */
async function tokenFrom(source) {
  if (!current()) return null;
  try {
    return await source();
  } catch (error) {
    if (error instanceof SessionEnded) return null;
    throw error;
  }
}

/** @param {string} url @param {Options} options @param {string | null} token */
function attempt(url, { method = "GET", json, accept = "text/html", signal }, token) {
  const headers = new Headers({ Accept: accept });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (typeof json === "string") headers.set("Content-Type", "application/json");
  return fetch(url, { method, headers, body: json, signal, cache: "no-store" });
}
