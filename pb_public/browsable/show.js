// Puts responses into the page. The server escapes their content, and scripts
// created by DOMParser do not run.

/** How many characters of a response are shown as raw text. */
const RAW_LIMIT = 1_000_000;

/** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement | null} */
const find = (selector, within = document) => within.querySelector(selector);

/** @param {Response} answer */
async function parse(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = find("main", page);
  if (!main) throw new Error(`The server answered with status ${answer.status}.`);
  return { title: page.title, main: document.adoptNode(main) };
}

/**
 * Replaces this page with another. A form whose content was rejected stays as it
 * was filled in, with the errors.
 * @param {Response} answer @param {HTMLElement | null} [sent] the form's section
 */
export async function showPage(answer, sent = null) {
  const { title, main } = await parse(answer);
  const refused = sent !== null && !answer.ok;
  const kept = refused ? sent : sent ? null : find("section[data-kept]");
  if (kept) {
    const place = find(`section[data-form=${kept.dataset.form}]`, main);
    if (refused && place) takeErrors(place, kept);
    else if (refused) complain(kept, `The server answered with status ${answer.status}. Nothing was changed.`);
    kept.toggleAttribute("data-kept", !place);
    if (place) place.replaceWith(kept);
    else main.append(kept);
  }
  const wasLoaded = !find("main")?.hasAttribute("data-sign-in");
  document.title = title;
  find("main")?.replaceWith(main);
  if (refused) find("[aria-invalid], .alerts > *", sent)?.focus();
  else if (sent || wasLoaded) find("#request-line")?.focus();
}

/** Shows only the response and leaves the forms as they are. @param {Response} answer */
export async function showAnswer(answer) {
  const { main } = await parse(answer);
  showResponse(find("#response", main));
}

/** @param {HTMLElement | null} response */
function showResponse(response) {
  if (response) find("#response")?.replaceWith(response);
  find("#request-line")?.focus();
}

/**
 * Shows a response that is not a page, exactly as an API client receives it.
 * @param {string} url @param {Response} answer
 */
export async function showRaw(url, answer) {
  const response = /** @type {HTMLElement} */ (find("#response")?.cloneNode(true));
  const { pathname, search } = new URL(url);
  find("#request-line bdi", response)?.replaceChildren(pathname + search);
  find("#request-line b", response)?.replaceChildren("GET");
  find(".status b", response)?.replaceChildren(`HTTP ${answer.status} ${answer.statusText}`.trim());
  find(".headers", response)?.replaceChildren([...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n"));
  find("details", response)?.remove();
  find(".body", response)?.replaceChildren(await beginning(answer));
  showResponse(response);
}

/** Returns the text of a response, cut off at RAW_LIMIT. @param {Response} answer */
async function beginning(answer) {
  const decoder = new TextDecoder();
  let text = "";
  if (!answer.body) return text;
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > RAW_LIMIT) return `${text.slice(0, RAW_LIMIT)}\n… (the rest is not shown here)`;
  }
  return text;
}

/** Copies the errors of one form to another. @param {HTMLElement} from @param {HTMLElement} to */
function takeErrors(from, to) {
  find(".alerts", to)?.replaceChildren(.../** @type {HTMLElement} */ (find(".alerts", from)).childNodes);
  for (const alert of to.querySelectorAll(".alerts > *")) alert.setAttribute("tabindex", "-1");
  for (const control of to.querySelectorAll("[name]")) {
    const refused = find(`#${control.id}`, from);
    control.toggleAttribute("aria-invalid", false);
    if (refused?.hasAttribute("aria-invalid")) control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", refused?.getAttribute("aria-describedby") ?? "");
    find(`#${control.id}-errors`, to)?.remove();
    const errors = find(`#${control.id}-errors`, from);
    if (errors) find(`#${control.id}-help`, to)?.before(errors);
  }
}

/** @param {HTMLElement} form @param {string} message */
function complain(form, message) {
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.tabIndex = -1;
  notice.textContent = message;
  find(".alerts", form)?.replaceChildren(notice);
}

/** Shows an error that has no response. @param {unknown} error */
export function showFailure(error) {
  const text = error instanceof TypeError ? "The server is not responding." : String(error instanceof Error ? error.message : error);
  const notice = find("#failure") ?? document.createElement("p");
  notice.id = "failure";
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  find("#response")?.before(notice);
}
