// The console's calls to the documented API, with the session's token.

import { access, Refused, renew } from "../session.js";

/**
 * The types are generated from the OpenAPI document.
 * @typedef {import("../../internal/testing/browser/api").Patient} Patient
 * @typedef {import("../../internal/testing/browser/api").Doctor} Doctor
 * @typedef {import("../../internal/testing/browser/api").PatientDoctor} Mapping
 * @typedef {import("../../internal/testing/browser/api").Session} Device
 * @typedef {import("../../internal/testing/browser/api").AuditEvent} HistoryEvent
 * @typedef {import("../../internal/testing/browser/api").Figure} Figure
 * @typedef {Record<string, string | number | undefined>} Query
 */

/** The id of a record: a number, or the same as text in an address. @typedef {string | number} Id */

/** @template Item @typedef {Omit<import("../../internal/testing/browser/api").PaginatedPatientList, "results"> & { results: Item[] }} Page */

/** Thrown when the server cannot be reached. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached. Check the connection and try again.");
  }
}

/** Returns a message for an error. @param {unknown} error */
export function explain(error) {
  if (error instanceof Refused && error.status === 404) return "This no longer exists, or belongs to someone else.";
  if (error instanceof Refused && error.status >= 500) return "The server has a problem. Try again in a moment.";
  return error instanceof Error && error.message ? error.message : "Something went wrong. Try again.";
}

/** @param {unknown} error */
export const isMissing = (error) => error instanceof Refused && error.status === 404;

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * @param {string} method @param {string} path
 * @param {{ body?: object, signal?: AbortSignal, keepalive?: boolean }} [options]
 * @returns {Promise<any>}
 */
async function request(method, path, options = {}) {
  const token = await reach(access());
  let response = await send(method, path, token, options);
  if (response.status === 401) response = await send(method, path, await reach(renew(token)), options);
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

/** @param {string} method @param {string} path @param {string} token @param {{ body?: object, signal?: AbortSignal, keepalive?: boolean }} options */
function send(method, path, token, { body, signal, keepalive }) {
  return reach(fetch(path, {
    method,
    headers: {
      Accept: "application/json",
      Authorization: `Bearer ${token}`,
      ...(body && { "Content-Type": "application/json" }),
    },
    body: body && JSON.stringify(body),
    signal: signal ?? null,
    keepalive: keepalive ?? false,
  }));
}

/** Maps fetch's TypeError for a failed connection to Unreachable. @template T @param {Promise<T>} answer @returns {Promise<T>} */
async function reach(answer) {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error;
  }
}

/** @param {Query} query */
function encode(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}

/** @template Item @param {string} path */
function resource(path) {
  return {
    path,
    /** @param {Query} query @param {AbortSignal} [signal] @returns {Promise<Page<Item>>} */
    list: (query, signal) => request("GET", path + encode(query), { signal }),
    /** @param {Id} id @param {AbortSignal} [signal] @returns {Promise<Item>} */
    get: (id, signal) => request("GET", `${path}${id}/`, { signal }),
    /** @param {object} body @returns {Promise<Item>} */
    create: (body) => request("POST", path, { body }),
    /** @param {Id} id @param {object} body @returns {Promise<Item>} */
    update: (id, body) => request("PATCH", `${path}${id}/`, { body }),
  };
}

/** @type {ReturnType<typeof resource<Patient>>} */
export const patients = resource("/api/patients/");

/** @type {ReturnType<typeof resource<Doctor>>} */
export const doctors = resource("/api/doctors/");

/** @param {string} path @param {{ keepalive?: boolean }} [options] */
export const remove = (path, options) => request("DELETE", path, options);

/** Returns the doctors of a patient, each with the mapping. @param {string} patient @param {AbortSignal} signal @returns {Promise<{ mapping: Mapping, doctor: Doctor }[]>} */
export async function careTeam(patient, signal) {
  /** @type {Mapping[]} */
  const mappings = await request("GET", `/api/mappings/${patient}/`, { signal });
  const team = await Promise.all(mappings.map(async (mapping) => {
    try {
      return { mapping, doctor: await doctors.get(mapping.doctor, signal) };
    } catch (error) {
      // The doctor was deleted in the meantime.
      if (isMissing(error)) return null;
      throw error;
    }
  }));
  return team.filter((member) => member !== null);
}

/** @param {Id} patient @param {Id} doctor @returns {Promise<Mapping>} */
export const assign = (patient, doctor) => request("POST", "/api/mappings/", { body: { patient, doctor } });

/** @param {string} patient @param {number} page @param {AbortSignal} signal @returns {Promise<Page<HistoryEvent>>} */
export const history = (patient, page, signal) => request("GET", `/api/patients/${patient}/history/${encode({ page, page_size: 20 })}`, { signal });

/** @param {AbortSignal} signal @returns {Promise<Figure[]>} */
export const overview = (signal) => request("GET", "/api/overview/", { signal });

/** @param {AbortSignal} signal @returns {Promise<Device[]>} */
export const devices = (signal) => request("GET", "/api/auth/sessions/", { signal });

/** Whether anybody may create an account, or superusers only. */
export async function isRegistrationOpen() {
  const response = await reach(fetch("/api/auth/register/", { method: "OPTIONS" }));
  return response.status !== 403;
}

/** @param {string} name @param {string} email @param {string} password */
export async function register(name, email, password) {
  const response = await reach(fetch("/api/auth/register/", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ name, email, password }),
  }));
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body);
}

/** Subscribes a realtime connection to collections. @param {string} clientId @param {string[]} subscriptions @param {AbortSignal} signal */
export const subscribe = (clientId, subscriptions, signal) => request("POST", "/api/realtime", { body: { clientId, subscriptions }, signal });
