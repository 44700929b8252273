/**
 * Elements of the page. The only place where the page makes any: attributes and texts are set as such, so that nothing
 * of what a report holds can become markup.
 */

export type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const SVG = 'http://www.w3.org/2000/svg';

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

/** An element of HTML. An attribute that is false or undefined is left out. */
export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Text for those who hear the page. */
export function heard(text: string): HTMLSpanElement {
  return html('span', { class: 'heard' }, text);
}

/** A section with its heading, `level` 2 or 3. */
export function section(id: string, level: 2 | 3, title: string, ...children: readonly Child[]): HTMLElement {
  const heading = html(level === 2 ? 'h2' : 'h3', { id: `${id}-title` }, title);
  return html('section', { id, 'aria-labelledby': `${id}-title` }, heading, ...children);
}

/** What can be scrolled sideways by keyboard too. */
export function scrollable(label: string, content: Node): HTMLElement {
  return html('div', { class: 'scroll', role: 'group', 'aria-label': label, tabindex: 0 }, content);
}

/**
 * A drawing that fits the width it is given: drawn anew when that changes.
 * @param draw makes it for a width in CSS pixels
 */
export function drawing(draw: (width: number) => SVGSVGElement): HTMLElement {
  const box = html('div', { class: 'drawing' });
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(box.clientWidth);
    if (width === drawn || width === 0) return;
    drawn = width;
    box.replaceChildren(draw(width));
  }).observe(box);
  return box;
}
