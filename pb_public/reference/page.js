// The API reference: Swagger UI, whose requests carry the session's token.

import { access, current, onChange } from "../session.js";
import { showSession } from "./sign-in.js";

/** The document's name of the token's security scheme. */
const SCHEME = "jwtAuth";

/**
 * What we use of Swagger UI.
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

/** Whether Swagger UI has a token; it cannot lose one that it does not have. */
let authorized = false;

showSession();
onChange(authorize);

/** Gives Swagger UI the session's token, or takes it away again. */
function authorize() {
  const session = current();
  if (session) ui.preauthorizeApiKey(SCHEME, session.access);
  else if (authorized) ui.authActions.logout([SCHEME]);
  authorized = session !== null;
}

/** A request with a token that has not run out, if it is with the session's. @param {SwaggerRequest} request */
async function renewed(request) {
  const session = current();
  if (session && request.headers.Authorization === `Bearer ${session.access}`) {
    request.headers.Authorization = `Bearer ${await access()}`;
  }
  return request;
}
