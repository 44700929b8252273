/** A MIKEY message octet by octet: each field with its place, its octets, its name and its meaning. */
import type { FieldView, MikeyView } from '../data.ts';
import { html, scrollable, type Child } from './dom.ts';
import { many } from './format.ts';

/** Octets of a field that are shown at once. */
const SHOWN = 64;

function spaced(hex: string): string {
  return hex.replace(/..(?=.)/g, '$& ');
}

function octetsOf(hex: string, { offset, length, name }: FieldView): Child {
  const octets = hex.slice(2 * offset, 2 * (offset + length));
  if (length <= SHOWN) return html('code', {}, spaced(octets));
  return html(
    'div',
    {},
    html('code', {}, `${spaced(octets.slice(0, 64))} \u2026`),
    html(
      'details',
      { class: 'more' },
      html('summary', {}, `all ${String(length)} octets of ${name}`),
      html('code', {}, spaced(octets)),
    ),
  );
}

function rows(hex: string, field: FieldView, depth: number): HTMLTableRowElement[] {
  const { offset, length, name, reading, clause, fields, error } = field;
  if (fields !== undefined) {
    const heading = html(
      'tr',
      { class: depth === 0 ? 'group' : 'group inner' },
      html(
        'th',
        { colspan: 4, scope: 'colgroup' },
        name,
        html(
          'span',
          { class: 'quiet' },
          ` ${many(length, 'octet')} from ${String(offset)}${clause === undefined ? '' : `, ${clause}`}`,
        ),
      ),
    );
    return [heading, ...fields.flatMap((inner) => rows(hex, inner, depth + 1))];
  }
  return [
    html(
      'tr',
      error === undefined ? {} : { class: 'refused' },
      html('td', { class: 'number' }, String(offset)),
      html('td', {}, octetsOf(hex, field)),
      html('td', {}, name),
      html('td', {}, error ?? reading ?? ''),
    ),
  ];
}

export function octetTable({ name, octets, fields }: MikeyView): HTMLElement {
  const head = ['Offset', 'Octets', 'Field', 'Meaning'].map((text) => html('th', { scope: 'col' }, text));
  const table = html(
    'table',
    { class: 'octets' },
    html('caption', {}, `${name}, ${many(octets.length / 2, 'octet')}, each once`),
    html('thead', {}, html('tr', {}, ...head)),
    html('tbody', {}, ...fields.flatMap((field) => rows(octets, field, 0))),
  );
  return scrollable(`Octets of ${name}`, table);
}
