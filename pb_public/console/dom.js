// Creates elements. Values become text or attributes, never markup.

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes
 */

/** @param {Element} element @param {Attributes} attributes @param {(Child | Child[])[]} children */
function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...shown(children));
}

/** @param {(Child | Child[])[]} children @returns {(Node | string)[]} */
function shown(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * Creates an HTML element. An attribute with a function as value is a listener for
 * the event of that name.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Attributes} [attributes] @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  furnish(element, attributes, children);
  return element;
}

/**
 * Creates an SVG element.
 * @param {keyof SVGElementTagNameMap} tag @param {Attributes} [attributes] @param {...(Child | Child[])} children
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  furnish(element, attributes, children);
  return element;
}

/** Replaces the children of an element. @param {Element} element @param {...(Child | Child[])} children */
export function fill(element, ...children) {
  element.replaceChildren(...shown(children));
}

let ids = 0;

/** Returns a unique element id. */
export function newId() {
  ids += 1;
  return `id-${ids}`;
}

/**
 * Updates the children of an element to match items. Unchanged children stay, with
 * their focus.
 * @template Item
 * @param {Element} parent @param {Item[]} items @param {(item: Item) => string | number} key @param {(item: Item) => Element} create
 */
export function reconcile(parent, items, key, create) {
  const before = new Map([...parent.children].map((child) => [child.getAttribute("data-key") ?? "", child]));
  /** @type {Element | null} */
  let previous = null;
  for (const item of items) {
    const name = String(key(item)), content = JSON.stringify(item);
    let child = before.get(name);
    if (!child || contents.get(child) !== content) {
      const hadFocus = child?.contains(document.activeElement) ?? false;
      const made = create(item);
      made.setAttribute("data-key", name);
      contents.set(made, content);
      child?.replaceWith(made);
      if (hadFocus) focusables(made)[0]?.focus();
      child = made;
    }
    before.delete(name);
    /** @type {Element | null} */
    const place = previous ? previous.nextElementSibling : parent.firstElementChild;
    if (place !== child) parent.insertBefore(child, place);
    previous = child;
  }
  before.forEach((child) => child.remove());
}

/** The JSON of the item behind each child. @type {WeakMap<Element, string>} */
const contents = new WeakMap();

/** @param {Element} element @returns {HTMLElement[]} */
function focusables(element) {
  return [...element.querySelectorAll(/** @type {"a"} */ ("a[href], button:not(:disabled)"))];
}
