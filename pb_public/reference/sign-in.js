// The sign-in form of the API reference. It shares its session with the console.

import { Refused, SECOND_FACTOR, current, onChange, signIn, signOut } from "../session.js";

const entry = form("#sign-in");
const exit = form("#sign-out");

/** Shows who is signed in, or the sign-in form, and keeps that up to date. */
export function showSession() {
  entry.addEventListener("submit", (event) => void enter(event));
  exit.addEventListener("submit", (event) => {
    event.preventDefault();
    void signOut();
  });
  onChange(update);
  update();
}

/** @param {string} selector */
function form(selector) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLFormElement)) throw new Error(`no form ${selector}`);
  return found;
}

/** @param {HTMLElement} within @param {string} selector @param {string} text */
function write(within, selector, text) {
  within.querySelector(selector)?.replaceChildren(text);
}

function update() {
  const session = current();
  entry.hidden = session !== null;
  exit.hidden = session === null;
  write(exit, "strong", session?.user.name || session?.user.email || "");
}

/** @param {SubmitEvent} event */
async function enter(event) {
  event.preventDefault();
  const data = new FormData(entry);
  write(entry, "[role=alert]", "");
  try {
    const step = await signIn(String(data.get("email")), String(data.get("password")));
    if (step) throw new Refused(401, { detail: SECOND_FACTOR });
    entry.reset();
  } catch (error) {
    write(entry, "[role=alert]", error instanceof Refused ? error.message : "The server cannot be reached.");
  }
}
