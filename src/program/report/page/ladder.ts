/** The ladder of a call's messages, as it was captured: times at the left, sizes at the right, media between. */
import type { CallView, Rung, SessionView } from '../data.ts';
import { svg } from './dom.ts';
import { after, many, plain, seconds } from './format.ts';
import { carriedBy, messageId, shortTitleOf, sizeOf, timeOf, titleOf } from './messages.ts';

const FOUR = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2'] as const;
const ROW = 46;
const HEAD = 56;
const NARROW = 620;

interface Row {
  readonly rung?: Rung;
  readonly place?: number;
  /** A message of the four that was not captured. */
  readonly missing?: string;
  /** The media, in words. */
  readonly media?: readonly string[];
}

/** Which of the four messages the call has. */
export function capturedMessages({ mikey }: CallView): Set<string> {
  return new Set(mikey.map(({ name }) => name).filter((name) => (FOUR as readonly string[]).includes(name)));
}

/** The rows from top to bottom: the messages in order, those that are missing where they would be, the media. */
function rowsOf(call: CallView, session: SessionView): Row[] {
  const rows: Row[] = call.rungs.map((rung, place) => ({ rung, place }));
  const present = capturedMessages(call);
  const indexOf = (name: string): number =>
    rows.findIndex(
      ({ rung, missing }) => missing === name || (rung !== undefined && carriedBy(call, rung).includes(name)),
    );
  for (const [i, name] of FOUR.entries()) {
    if (present.has(name)) continue;
    const before = i === 0 ? -1 : indexOf(FOUR[i - 1] as string);
    rows.splice(before + 1, 0, { missing: name });
  }
  const { streams } = session;
  if (streams.length > 0) {
    const start = Math.min(...streams.map(({ timeline }) => timeline.startMs)) - call.startedMs;
    const end = Math.max(
      ...streams.map(({ timeline }) => timeline.startMs + timeline.stepMs * timeline.packets.length),
    );
    const place = rows.findLastIndex(({ rung }) => rung !== undefined && timeOf(rung) <= start);
    const packets = (direction: string): number =>
      streams.filter((one) => one.direction === direction).reduce((sum, one) => sum + one.packets, 0);
    rows.splice(place + 1, 0, {
      media: [
        `SRTP, ${seconds((end - start - call.startedMs) / 1000)}`,
        `${many(packets('initiator-to-responder'), 'packet')} \u2192   \u2190 ${many(packets('responder-to-initiator'), 'packet')}`,
      ],
    });
  }
  return rows;
}

/** Draws it for a width in pixels. @param number which call of the page it is */
export function drawLadder(call: CallView, session: SessionView, number: number, width: number): SVGSVGElement {
  const rows = rowsOf(call, session);
  const narrow = width < NARROW;
  const [left, right] = narrow ? [14, width - 14] : [120, width - 150];
  const lines = Array.from({ length: call.relays + 2 }, (_, i) => left + (i * (right - left)) / (call.relays + 1));
  const height = HEAD + ROW * rows.length + 12;
  const id = `ladder-${String(number)}`;
  const label = `The call in ${many(call.rungs.length, 'message')}`;
  const names = lines.map((_, i) => (i === 0 ? 'caller' : i === lines.length - 1 ? 'callee' : 'relay'));
  const anchor = (i: number): string =>
    i === 0 ? (narrow ? 'start' : 'middle') : i === lines.length - 1 ? (narrow ? 'end' : 'middle') : 'middle';
  const nudge = (i: number): number => (!narrow ? 0 : i === 0 ? -10 : i === lines.length - 1 ? 10 : 0);
  const who = (i: number): string =>
    i === 0 ? plain(session.initiator) : i === lines.length - 1 ? plain(session.responder) : '';
  return svg(
    'svg',
    {
      class: 'ladder',
      width,
      height,
      viewBox: `0 0 ${String(width)} ${String(height)}`,
      role: 'group',
      'aria-labelledby': `${id}-title`,
      'aria-describedby': `${id}-desc`,
    },
    svg('title', { id: `${id}-title` }, label),
    svg(
      'desc',
      { id: `${id}-desc` },
      'Each rung leads to the message in the list below, which says the same in words.',
    ),
    ...lines.map((x, i) =>
      svg('line', { class: 'lifeline', x1: x, x2: x, y1: HEAD - 12, y2: height - 4, 'data-line': i }),
    ),
    ...names.map((name, i) =>
      svg('text', { class: 'party', x: (lines[i] ?? 0) + nudge(i), y: 18, 'text-anchor': anchor(i) }, name),
    ),
    ...names.map((_, i) =>
      svg(
        'text',
        { class: 'who', x: (lines[i] ?? 0) + nudge(i), y: 36, 'text-anchor': anchor(i) },
        narrow ? who(i).replace(/@.*$/, '') : who(i),
      ),
    ),
    ...rows.map((row, i) => drawRow(call, row, { lines, narrow, width, y: HEAD + ROW * i + 26, number })),
  );
}

interface Place {
  readonly lines: readonly number[];
  readonly narrow: boolean;
  readonly width: number;
  /** Of the arrow. */
  readonly y: number;
  readonly number: number;
}

function drawRow(call: CallView, { rung, place, missing, media }: Row, at: Place): SVGElement {
  if (rung !== undefined && place !== undefined) return drawRung(call, rung, place, at);
  const { lines, y } = at;
  const [left = 0, right = 0] = [lines[0], lines.at(-1)];
  const middle = (left + right) / 2;
  if (media !== undefined) {
    return svg(
      'g',
      { class: 'media' },
      svg('rect', { x: left, width: right - left, y: y - 20, height: 38, rx: 4 }),
      ...media.map((text, i) => svg('text', { x: middle, y: y - 5 + 16 * i, 'text-anchor': 'middle' }, text)),
    );
  }
  return svg(
    'g',
    { class: 'missing' },
    svg('line', { x1: left + 6, x2: right - 6, y1: y, y2: y }),
    svg('text', { x: middle, y: y - 8, 'text-anchor': 'middle' }, `${missing ?? ''} is not in the capture`),
  );
}

function drawRung(call: CallView, rung: Rung, place: number, { lines, narrow, width, y, number }: Place): SVGElement {
  const carried = carriedBy(call, rung);
  const forward = rung.from === 'caller';
  const middle = ((lines[0] ?? 0) + (lines.at(-1) ?? 0)) / 2;
  const legs = [...new Set(rung.hops.map(({ leg }) => leg))].sort((a, b) => a - b);
  const arrows = legs.map((leg) => {
    const [x1 = 0, x2 = 0] = [lines[leg], lines[leg + 1]];
    const [from, to] = forward ? [x1, x2] : [x2, x1];
    const back = forward ? -9 : 9;
    return svg('path', {
      class: 'arrow',
      d: `M${String(from)} ${String(y)}H${String(to)}M${String(to + back)} ${String(y - 4.5)}L${String(to)} ${String(y)}L${String(to + back)} ${String(y + 4.5)}`,
    });
  });
  const first = lines[legs[0] ?? 0] ?? 0;
  const last = lines[(legs.at(-1) ?? 0) + 1] ?? width;
  const title = narrow ? shortTitleOf(rung) : titleOf(rung);
  const label = narrow && carried.length > 0 ? carried.join(', ') : [title, ...carried].join(' \u00b7 ');
  const x = narrow ? (first + last) / 2 : legs.length === lines.length - 1 ? middle : (first + last) / 2;
  const size = `${String(sizeOf(rung))} octets`;
  return svg(
    'a',
    { class: carried.length > 0 ? 'rung keyed' : 'rung', href: `#${messageId(number, place)}` },
    svg('rect', { class: 'hit', x: 1, y: y - 25, width: width - 2, height: ROW - 3, rx: 4 }),
    ...arrows,
    svg('text', { class: 'label', x, y: y - 8, 'text-anchor': 'middle' }, label),
    narrow
      ? svg('text', { class: 'aside', x, y: y + 14, 'text-anchor': 'middle' }, `${after(timeOf(rung))}, ${size}`)
      : svg('text', { class: 'aside', x: 100, y: y + 4, 'text-anchor': 'end' }, after(timeOf(rung))),
    !narrow && svg('text', { class: 'aside', x: width - 4, y: y + 4, 'text-anchor': 'end' }, size),
  );
}
