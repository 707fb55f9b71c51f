// The console's calls to the documented API.

import { Refused } from "../session.js";
import { download, encode, isMissing, post, reach, request } from "./request.js";

/**
 * The types are generated from the OpenAPI document.
 * @typedef {import("../../internal/testing/browser/api").Patient & Tagged} Patient
 * @typedef {import("../../internal/testing/browser/api").Doctor & Tagged} Doctor
 * @typedef {{ etag?: string }} Tagged
 * @typedef {import("../../internal/testing/browser/api").PatientDoctor} Mapping
 * @typedef {import("../../internal/testing/browser/api").Session} Device
 * @typedef {import("../../internal/testing/browser/api").AuditEvent} HistoryEvent
 * @typedef {import("../../internal/testing/browser/api").Figure} Figure
 * @typedef {import("../../internal/testing/browser/api").Change} Change
 */

/** The id of a record: a number, or the same as text in an address. @typedef {string | number} Id */

/** @template Item @typedef {Omit<import("../../internal/testing/browser/api").PaginatedPatientList, "results"> & { results: Item[] }} Page */

/** @template Item @param {string} path */
function resource(path) {
  return {
    path,
    /** @param {import("./request.js").Query} query @param {AbortSignal} [signal] @returns {Promise<Page<Item>>} */
    list: (query, signal) => request("GET", path + encode({ ...query, etag: "true" }), { signal }),
    /** @param {Id} id @param {AbortSignal} [signal] @returns {Promise<Item>} */
    get: (id, signal) => request("GET", `${path}${encodeURIComponent(id)}/`, { signal }),
    /** Creates a record, once for each key, however often it is sent. @param {object | Blob} body @param {string} [key] @returns {Promise<Item>} */
    create: (body, key) => request("POST", path, { body, key }),
    /** Changes a record unless it has another tag by now. @param {Id} id @param {object | Blob} body @param {string} [etag] @returns {Promise<Item>} */
    update: (id, body, etag) => request("PATCH", `${path}${encodeURIComponent(id)}/`, { body, etag }),
  };
}

/** @type {ReturnType<typeof resource<Patient>>} */
export const patients = resource("/api/patients/");

/** @type {ReturnType<typeof resource<Doctor>>} */
export const doctors = resource("/api/doctors/");

/** @param {string} path @param {{ keepalive?: boolean }} [options] */
export const remove = (path, options) => request("DELETE", path, options);

/**
 * @typedef {{ line: number, field: string, messages: string[] }} Problem
 * @typedef {{ rows: number, created: number, errors: Problem[], detail?: string }} Imported
 */

/** Creates the records of a file, or only checks them. What is wrong with the file is no error here. @param {string} path @param {Blob} file @param {{ dryRun: boolean, key?: string }} options @returns {Promise<Imported>} */
export async function importFile(path, file, { dryRun, key }) {
  try {
    return { errors: [], ...await request("POST", `${path}import/${encode({ dry_run: String(dryRun) })}`, { body: file, type: "text/csv", key }) };
  } catch (error) {
    if (error instanceof Refused && error.status === 400 && Array.isArray(error.body?.errors)) return { created: 0, ...error.body };
    throw error;
  }
}

/** Returns a list as a file for spreadsheets. @param {string} path @param {import("./request.js").Query} query */
export const exportList = (path, query) => download(path + encode({ ...query, format: "csv" }));

/** Returns everything about a patient. @param {Id} id */
export const exportPatient = (id) => download(`/api/patients/${id}/export/`);

/** Returns the doctors of a patient, each with the mapping. @param {string} patient @param {AbortSignal} signal @returns {Promise<{ mapping: Mapping, doctor: Doctor }[]>} */
export async function careTeam(patient, signal) {
  /** @type {Mapping[]} */
  const mappings = await request("GET", `/api/mappings/${encodeURIComponent(patient)}/`, { signal });
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
export const history = (patient, page, signal) => request("GET", `/api/patients/${encodeURIComponent(patient)}/history/${encode({ page, page_size: 100 })}`, { signal });

/** @param {AbortSignal} signal @returns {Promise<Figure[]>} */
export const overview = (signal) => request("GET", "/api/overview/", { signal });

/** Returns the patients that were changed or added last. @param {AbortSignal} signal @returns {Promise<Change[]>} */
export const lastChanges = (signal) => request("GET", "/api/overview/changes/", { signal });

/** @param {AbortSignal} signal @returns {Promise<Device[]>} */
export const devices = (signal) => request("GET", "/api/auth/sessions/", { signal });

/** Whether anybody may create an account, or superusers only. */
export async function isRegistrationOpen() {
  const response = await reach(fetch("/api/auth/register/", { method: "OPTIONS" }));
  return response.status !== 403;
}

/** @param {string} name @param {string} email @param {string} password */
export const register = (name, email, password) => post("/api/auth/register/", { name, email, password });

/** Subscribes a realtime connection to collections. @param {string} clientId @param {string[]} subscriptions @param {AbortSignal} signal */
export const subscribe = (clientId, subscriptions, signal) => request("POST", "/api/realtime", { body: { clientId, subscriptions }, signal });
