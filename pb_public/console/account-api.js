// The calls about one's own account: at the documented API, and at PocketBase's for
// what only that has.

import { adopt, current, Refused } from "../session.js";
import { post, request } from "./request.js";

const USERS = "/api/collections/users/";

/**
 * The account as PocketBase knows it.
 * second_factor is a field that an operator may have added, so that each user chooses.
 * @typedef {{ id: string, name: string, email: string, verified: boolean, second_factor?: boolean }} Account
 */

/** @param {AbortSignal} signal @returns {Promise<Account>} */
export const account = (signal) => native(request("GET", `${USERS}records/${current()?.user.id}?fields=id,name,email,verified,second_factor`, { signal }));

/** @param {string} name @returns {Promise<Account>} */
export const changeName = (name) => native(request("PATCH", `${USERS}records/${current()?.user.id}`, { body: { name } }));

/** Whether signing in may ask for a second factor. @returns {Promise<boolean>} */
export const mayAskForMore = async () => (await request("GET", `${USERS}auth-methods?fields=mfa`)).mfa?.enabled === true;

/** @param {boolean} chosen @returns {Promise<Account>} */
export const chooseSecondFactor = (chosen) => native(request("PATCH", `${USERS}records/${current()?.user.id}`, { body: { second_factor: chosen } }));

/** Sends a mail to the new address, which has to be confirmed. @param {string} newEmail */
export const requestEmailChange = (newEmail) => native(request("POST", `${USERS}request-email-change`, { body: { newEmail } }), { newEmail: "email" });

/** @param {string} token @param {string} password */
export const confirmEmailChange = (token, password) => native(post(`${USERS}confirm-email-change`, { token, password }));

/** @param {string} email */
export const requestVerification = (email) => native(post(`${USERS}request-verification`, { email }));

/** @param {string} token */
export const confirmVerification = (token) => native(post(`${USERS}confirm-verification`, { token }));

/** Ends all other sessions. @param {string} oldPassword @param {string} newPassword */
export async function changePassword(oldPassword, newPassword) {
  adopt(await request("POST", "/api/auth/password/change/", { body: { old_password: oldPassword, new_password: newPassword } }));
}

/** Sends a mail with a link to a new password, if there is such an account. @param {string} email */
export const requestReset = (email) => post("/api/auth/password/reset/", { email });

/** Turns PocketBase's errors into those of the documented API. @template T @param {Promise<T>} answer @param {Record<string, string>} [names] @returns {Promise<T>} */
async function native(answer, names = {}) {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 400) throw error;
    const fields = Object.entries(error.body?.data ?? {}).map(([name, { message }]) => [names[name] ?? name, [name === "token" ? "The link is invalid or has expired." : message]]);
    throw new Refused(400, fields.length > 0 ? Object.fromEntries(fields) : { detail: error.body?.message });
  }
}
