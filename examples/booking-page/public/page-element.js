// @ts-check
/**
 * An element of the page by its id, of the kind the caller needs.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function pageElement(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof (kind ?? HTMLElement))) {
    throw new Error(`the page has no such element: ${id}`);
  }
  return /** @type {T} */ (element);
}
