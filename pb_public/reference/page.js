// The API reference: Swagger UI, with the session's token.

import { access, current, onChange } from "../session.js";
import { showSession } from "./sign-in.js";

/** The name of the security scheme in the document. */
const SCHEME = "jwtAuth";

/**
 * The part of Swagger UI's API that this page uses.
 * @typedef {{ url: string, headers: Record<string, string> }} SwaggerRequest
 * @typedef {{
 *   preauthorizeApiKey: (scheme: string, key: string) => void,
 *   authActions: { logout: (schemes: string[]) => void },
 * }} SwaggerUI
 */

/** @type {(options: object) => SwaggerUI} */
const SwaggerUIBundle = Reflect.get(window, "SwaggerUIBundle");

const ui = SwaggerUIBundle({
  url: "/api/schema/?format=json",
  domNode: document.querySelector("#reference"),
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  requestInterceptor: renewed,
  onComplete: authorize,
});

/** Whether Swagger UI has a token: its logout fails without one. */
let authorized = false;

showSession();
onChange(authorize);

/** Sets or removes Swagger UI's token. */
function authorize() {
  const session = current();
  if (session) ui.preauthorizeApiKey(SCHEME, session.access);
  else if (authorized) ui.authActions.logout([SCHEME]);
  authorized = session !== null;
}

/** Returns the request with a fresh token if it carries the session's. @param {SwaggerRequest} request */
async function renewed(request) {
  const session = current();
  if (session && request.headers.Authorization === `Bearer ${session.access}`) {
    request.headers.Authorization = `Bearer ${await access()}`;
  }
  return request;
}
