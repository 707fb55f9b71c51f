// Makes elements. Values become text or attributes, never markup.

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
 * An HTML element. A function among the attributes listens to the event of that
 * name.
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
 * An SVG element.
 * @param {keyof SVGElementTagNameMap} tag @param {Attributes} [attributes] @param {...(Child | Child[])} children
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  furnish(element, attributes, children);
  return element;
}

/** Replaces what an element contains. @param {Element} element @param {...(Child | Child[])} children */
export function fill(element, ...children) {
  element.replaceChildren(...shown(children));
}

let ids = 0;

/** An id that no other element has. */
export function newId() {
  ids += 1;
  return `id-${ids}`;
}

/**
 * Brings the children of an element in line with items. What is the same stays
 * as it is, with its focus.
 * @template Item
 * @param {Element} parent @param {Item[]} items @param {(item: Item) => string} key @param {(item: Item) => Element} create
 */
export function reconcile(parent, items, key, create) {
  const before = new Map([...parent.children].map((child) => [child.getAttribute("data-key") ?? "", child]));
  /** @type {Element | null} */
  let previous = null;
  for (const item of items) {
    const name = key(item), content = JSON.stringify(item);
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

/** What each child was made of. @type {WeakMap<Element, string>} */
const contents = new WeakMap();

/** @param {Element} element @returns {HTMLElement[]} */
function focusables(element) {
  return [...element.querySelectorAll(/** @type {"a"} */ ("a[href], button:not(:disabled)"))];
}
