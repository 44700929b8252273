/** The messages of a call as a list, each of which unfolds: the hops on which it was seen, and its MIKEY octets. */
import type { CallView, Rung } from '../data.ts';
import { heard, html, scrollable } from './dom.ts';
import { after } from './format.ts';
import { octetTable } from './octets.ts';

/** The octets of the SIP message where it was seen first. */
export function sizeOf({ hops }: Rung): number {
  return hops[0]?.octets ?? 0;
}

export function timeOf({ hops }: Rung): number {
  return hops[0]?.atMs ?? 0;
}

/** The names of the MIKEY messages in it. */
export function carriedBy({ mikey }: CallView, rung: Rung): string[] {
  return rung.mikey.flatMap((place) => mikey[place]?.name ?? []);
}

/** A request by its method, a response with the method that it answers. */
export function titleOf({ title, method }: Rung): string {
  return title === method ? title : `${title} (${method})`;
}

/** The same where there is little room: a status without its reason. */
export function shortTitleOf(rung: Rung): string {
  const { title, method } = rung;
  return title === method ? title.slice(0, 20) : `${title.slice(0, 3)} (${method.slice(0, 12)})`;
}

export function messageId(call: number, rung: number): string {
  return `call-${String(call)}-message-${String(rung)}`;
}

function hopTable({ hops }: Rung): HTMLElement {
  const head = ['From', 'To', 'Seen at', 'SIP octets'].map((text) => html('th', { scope: 'col' }, text));
  const table = html(
    'table',
    {},
    html('caption', {}, hops.length === 1 ? 'Seen on one hop' : `Seen on ${String(hops.length)} hops`),
    html('thead', {}, html('tr', {}, ...head)),
    html(
      'tbody',
      {},
      ...hops.map(({ source, destination, atMs, octets }) =>
        html(
          'tr',
          {},
          html('td', {}, html('code', {}, source)),
          html('td', {}, html('code', {}, destination)),
          html('td', { class: 'number' }, after(atMs)),
          html('td', { class: 'number' }, String(octets)),
        ),
      ),
    ),
  );
  return scrollable('Hops', table);
}

function messageItem(call: CallView, rung: Rung, id: string): HTMLLIElement {
  const carried = carriedBy(call, rung);
  const mikeyOctets = rung.mikey.reduce((sum, place) => sum + (call.mikey[place]?.octets.length ?? 0) / 2, 0);
  const size = carried.length === 0 ? '' : `${String(mikeyOctets)} of ${String(sizeOf(rung))} octets`;
  return html(
    'li',
    {},
    html(
      'details',
      { id, class: 'message' },
      html(
        'summary',
        {},
        html('span', { class: 'time' }, after(timeOf(rung))),
        html('span', { class: 'way', 'aria-hidden': 'true' }, rung.from === 'caller' ? '\u2192' : '\u2190'),
        heard(rung.from === 'caller' ? 'caller to callee: ' : 'callee to caller: '),
        html('span', { class: 'title' }, titleOf(rung)),
        ...carried.map((name) => html('span', { class: 'badge' }, name)),
        html('span', { class: 'size' }, size === '' ? `${String(sizeOf(rung))} octets` : size),
      ),
      html(
        'div',
        { class: 'unfolded' },
        hopTable(rung),
        ...rung.mikey.flatMap((place) => {
          const message = call.mikey[place];
          return message === undefined ? [] : [octetTable(message)];
        }),
      ),
    ),
  );
}

/** @param number which call of the page it is */
export function messageList(call: CallView, number: number): HTMLElement {
  return html(
    'ol',
    { class: 'messages' },
    ...call.rungs.map((rung, i) => messageItem(call, rung, messageId(number, i))),
  );
}
