// The page that the link in the mail leads to. The token is in the address's
// fragment, which browsers do not send.

const form = element("#reset", HTMLFormElement);
const input = element("#password", HTMLInputElement);
const errors = element("#password-errors", HTMLElement);
const problem = element("#problem", HTMLElement);
const done = element("#done", HTMLElement);
const button = element("#reset button", HTMLButtonElement);

const expired = "The link is invalid or has expired. Ask for a new one.";

const token = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", location.pathname); // nobody finds it in the history

if (!token) refuse(expired);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void save();
});

/**
 * @template {HTMLElement} T
 * @param {string} selector @param {{ new(): T }} kind @returns {T}
 */
function element(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`no ${selector}`);
  return found;
}

/** @param {string} message */
function refuse(message) {
  problem.textContent = message;
  problem.hidden = message === "";
}

/** @param {string[]} messages */
function showErrors(messages) {
  errors.replaceChildren(...messages.map((message) => Object.assign(document.createElement("li"), { textContent: message })));
  errors.hidden = messages.length === 0;
  input.setAttribute("aria-invalid", String(messages.length > 0));
  if (messages.length > 0) input.focus();
}

async function save() {
  refuse("");
  showErrors([]);
  button.disabled = true;
  try {
    const response = await fetch("/api/auth/password/reset/confirm/", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ token, new_password: input.value }),
    });
    const answer = await response.json();
    if (response.ok) {
      form.hidden = true;
      done.hidden = false;
      done.focus();
      return;
    }
    showErrors(answer.new_password ?? []);
    if (answer.token) refuse(expired);
    else if (answer.detail) refuse(answer.detail);
  } catch {
    refuse("The server cannot be reached.");
  } finally {
    button.disabled = false;
  }
}
