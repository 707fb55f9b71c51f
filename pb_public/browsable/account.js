// Shows who is signed in, and the sign-in form.

import { SECOND_FACTOR, current, Refused, signIn, signOut } from "../session.js";

/** @param {string} label @param {() => void} action */
function button(label, action) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "button quiet";
  element.textContent = label;
  element.addEventListener("click", action);
  return element;
}

/** Shows in the page's header who is signed in. */
export function showAccount() {
  const place = document.getElementById("account");
  const panel = document.getElementById("sign-in");
  const session = current();
  if (!session) {
    place?.replaceChildren(button("Sign in", askToSignIn));
    return;
  }
  const name = document.createElement("bdi");
  name.textContent = session.user.name || session.user.email;
  place?.replaceChildren(name, button("Sign out", leave));
  if (panel && !document.querySelector("main[data-sign-in]")) panel.hidden = true;
}

function askToSignIn() {
  const panel = document.getElementById("sign-in");
  if (!panel) return;
  panel.hidden = false;
  panel.querySelector("input")?.focus();
}

async function leave() {
  await signOut().catch(() => {});
  location.reload();
}

/** Signs in and returns whether that succeeded. @param {HTMLFormElement} form */
export async function signInFrom(form) {
  const alert = /** @type {HTMLElement} */ (form.querySelector("[role=alert]"));
  const data = new FormData(form);
  alert.hidden = true;
  try {
    const step = await signIn(String(data.get("email")), String(data.get("password")), data.has("keep"));
    if (step) throw new Refused(401, { detail: SECOND_FACTOR });
    form.reset();
    return true;
  } catch (error) {
    alert.textContent = error instanceof Refused ? error.message : "The server is not responding.";
    alert.hidden = false;
    form.querySelector("input")?.focus();
    return false;
  }
}
