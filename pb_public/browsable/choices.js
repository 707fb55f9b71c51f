// Inputs that choose an object of another resource by searching for it.

import { send } from "./exchange.js";

/** The delay between a keystroke and the search, in milliseconds. */
const PAUSE = 200;
/** The number of results shown. */
const SHOWN = 10;

/** The choice in each input: the id, and the text shown for it. @type {WeakMap<Element, { id: string, text: string }>} */
const choices = new WeakMap();

/** Returns the chosen id, or undefined if the input was edited since. @param {HTMLInputElement | HTMLTextAreaElement} input */
export function chosen(input) {
  const choice = choices.get(input);
  return choice?.text === input.value ? choice.id : undefined;
}

/** Turns an input for an id into a search. @param {HTMLInputElement} input */
export function chooser(input) {
  const list = document.createElement("ul");
  const status = document.createElement("p");
  list.id = `${input.id}-choices`;
  list.className = "choices";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent?.replace("*", "").trim() ?? "");
  list.hidden = true;
  status.className = "help";
  status.setAttribute("role", "status");
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false", autocomplete: "off", placeholder: "Search, or enter an id" };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  const frame = document.createElement("div");
  frame.className = "choice";
  input.replaceWith(frame);
  frame.append(input, list, status);

  let timer = 0;
  let search = new AbortController();
  let active = -1;

  const options = () => /** @type {HTMLElement[]} */ ([...list.children]);

  /** @param {boolean} open */
  function toggle(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    activate(-1);
  }

  /** @param {number} index */
  function activate(index) {
    active = index;
    options().forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    const option = options()[index];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  /** @param {{ id: string, text: string }} choice */
  function choose(choice) {
    choices.set(input, choice);
    input.value = choice.text;
    status.textContent = `Chosen: ${choice.id}`;
    toggle(false);
  }

  async function find() {
    search.abort();
    search = new AbortController();
    const query = new URLSearchParams({ search: input.value, page: "1", page_size: String(SHOWN) });
    status.textContent = "Searching…";
    try {
      const answer = await send(`${input.dataset.endpoint}?${query}`, { accept: "application/json", secret: true, signal: search.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const { count, results } = await answer.json();
      list.replaceChildren(...results.map((/** @type {Record<string, unknown>} */ object, /** @type {number} */ i) => optionFor(object, `${list.id}-${i}`, choose)));
      status.textContent = count > SHOWN ? `${SHOWN} of ${count} shown: type more to narrow it down.` : count ? `${count} found.` : "Nothing found.";
      toggle(results.length > 0);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      status.textContent = "The search failed.";
      toggle(false);
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE);
  });
  input.addEventListener("click", () => list.hidden && chosen(input) === undefined && find());
  input.addEventListener("blur", () => toggle(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (!list.hidden) event.preventDefault();
      toggle(false);
    } else if (event.key === "Enter" && options()[active] && !list.hidden) {
      event.preventDefault();
      options()[active]?.dispatchEvent(new MouseEvent("mousedown"));
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) find();
      else activate((active + (event.key === "ArrowDown" ? 1 : -1) + options().length) % options().length);
    }
  });
}

/**
 * @param {Record<string, unknown>} object @param {string} id
 * @param {(choice: { id: string, text: string }) => void} choose
 */
function optionFor(object, id, choose) {
  const option = document.createElement("li");
  const name = document.createElement("bdi");
  const more = document.createElement("span");
  option.id = id;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  name.textContent = String(object.name ?? object.id);
  more.className = "muted small";
  more.textContent = details(object);
  option.append(name, " ", more);
  // mousedown comes before the input's blur, which closes the list.
  option.addEventListener("mousedown", (event) => {
    event.preventDefault();
    choose({ id: String(object.id), text: String(object.name ?? object.id) });
  });
  return option;
}

/** Returns what tells objects with the same name apart. @param {Record<string, unknown>} object */
function details(object) {
  return Object.entries(object)
    .filter(([key, value]) => key !== "name" && !/^created_/.test(key) && String(value) !== "" && String(value).length <= 40)
    .map(([key, value]) => `${key} ${value}`)
    .join(" · ");
}
