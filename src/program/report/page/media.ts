/** The media of a session: packets, losses and failures over time, and the speech of each direction. */
import type { AudioView, Direction, SessionView, StreamView } from '../data.ts';
import { drawing, html, scrollable, section, svg } from './dom.ts';
import { many, plain, seconds } from './format.ts';

const HEIGHT = 132;
const BASE = 92;
const BOTTOM = 30;

function sum(counts: readonly number[]): number {
  return counts.reduce((a, b) => a + b, 0);
}

/** Who speaks in a direction. */
function speaker({ initiator, responder }: SessionView, direction: Direction): string {
  const [from, to] = direction === 'initiator-to-responder' ? [initiator, responder] : [responder, initiator];
  return `${plain(from)} to ${plain(to)}`;
}

function inWords({ packets, failed, timeline }: StreamView): string {
  return `${many(packets, 'packet')}, ${String(sum(timeline.lost))} lost, ${String(failed)} failed`;
}

/** Bars upwards are packets, the dark part of them failed; bars downwards are losses. */
function plot(id: string, stream: StreamView, startMs: number, endMs: number, width: number): SVGSVGElement {
  const { startMs: from, stepMs, packets, lost, failed } = stream.timeline;
  const most = Math.max(1, ...packets, ...lost);
  const scale = (BASE - 14) / most;
  const x = (ms: number): number => 1 + ((ms - startMs) * (width - 2)) / Math.max(1, endMs - startMs);
  const bars = packets.flatMap((count, i) => {
    const at = x(from + i * stepMs);
    const wide = Math.max(0.7, x(from + (i + 1) * stepMs) - at - 1);
    const bar = (name: string, y: number, height: number): SVGElement[] =>
      height <= 0
        ? []
        : [
            svg('rect', {
              class: name,
              x: at.toFixed(2),
              y: y.toFixed(2),
              width: wide.toFixed(2),
              height: height.toFixed(2),
            }),
          ];
    const bad = failed[i] ?? 0;
    const gone = Math.min(BOTTOM - 8, (lost[i] ?? 0) * scale);
    return [
      ...bar('packets', BASE - count * scale, (count - bad) * scale),
      ...bar('failed', BASE - bad * scale, bad * scale),
      ...bar('lost', BASE + 1, gone === 0 ? 0 : Math.max(3, gone)),
    ];
  });
  const total = (endMs - startMs) / 1000;
  return svg(
    'svg',
    {
      class: 'plot',
      width,
      height: HEIGHT,
      viewBox: `0 0 ${String(width)} ${String(HEIGHT)}`,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
    },
    svg('title', { id: `${id}-title` }, `Packets over time, SSRC ${stream.ssrc}`),
    svg('desc', { id: `${id}-desc` }, `${inWords(stream)} in ${seconds(total)}; the table below has the counts.`),
    svg('line', { class: 'axis', x1: 0, x2: width, y1: BASE + 0.5, y2: BASE + 0.5 }),
    ...bars,
    svg(
      'text',
      { x: 0, y: 10 },
      `${String(most)} in ${stepMs < 1000 ? `${String(stepMs)} ms` : seconds(stepMs / 1000)}`,
    ),
    svg('text', { x: 0, y: HEIGHT - 3 }, '0 s'),
    svg('text', { x: width, y: HEIGHT - 3, 'text-anchor': 'end' }, seconds(total)),
  );
}

function countTable({ timeline, ssrc }: StreamView): HTMLElement {
  const head = ['From', 'Packets', 'Lost', 'Failed'].map((text) => html('th', { scope: 'col' }, text));
  const rows = timeline.packets.map((count, i) =>
    html(
      'tr',
      {},
      html('th', { scope: 'row' }, seconds((i * timeline.stepMs) / 1000)),
      ...[count, timeline.lost[i] ?? 0, timeline.failed[i] ?? 0].map((value) =>
        html('td', { class: 'number' }, String(value)),
      ),
    ),
  );
  const table = html(
    'table',
    {},
    html('caption', {}, `Counts of SSRC ${ssrc}, in steps of ${String(timeline.stepMs)} ms from its first packet`),
    html('thead', {}, html('tr', {}, ...head)),
    html('tbody', {}, ...rows),
  );
  return scrollable(`Counts of SSRC ${ssrc}`, table);
}

function streamFigure(id: string, session: SessionView, stream: StreamView): HTMLElement {
  const starts = session.streams.map(({ timeline }) => timeline.startMs);
  const ends = session.streams.map(({ timeline }) => timeline.startMs + timeline.stepMs * timeline.packets.length);
  return html(
    'figure',
    { class: 'stream' },
    html(
      'figcaption',
      {},
      html('strong', {}, speaker(session, stream.direction)),
      ` ${inWords(stream)} `,
      html('span', { class: 'quiet' }, `SSRC ${stream.ssrc}`),
    ),
    drawing((width) => plot(id, stream, Math.min(...starts), Math.max(...ends), width)),
    html('details', { class: 'more' }, html('summary', {}, 'The counts as a table'), countTable(stream)),
  );
}

function wave({ envelope }: AudioView, width: number): SVGSVGElement {
  const step = width / Math.max(1, envelope.length);
  return svg(
    'svg',
    { class: 'wave', width, height: 44, viewBox: `0 0 ${String(width)} 44`, 'aria-hidden': 'true' },
    ...envelope.map((level, i) => {
      const height = Math.max(1, (40 * level) / 100);
      return svg('rect', {
        x: (i * step).toFixed(2),
        y: ((44 - height) / 2).toFixed(2),
        width: Math.max(0.5, step - 1).toFixed(2),
        height: height.toFixed(2),
        rx: 1,
      });
    }),
  );
}

function player(session: SessionView, audio: AudioView): HTMLElement {
  const label = `Speech, ${speaker(session, audio.direction)}, ${seconds(audio.seconds)}`;
  return html(
    'figure',
    { class: 'speech' },
    html('figcaption', {}, html('strong', {}, speaker(session, audio.direction)), ` ${seconds(audio.seconds)}`),
    drawing((width) => wave(audio, width)),
    html('audio', { controls: true, preload: 'metadata', src: audio.source, 'aria-label': label }),
  );
}

export function mediaSection(session: SessionView, number: number): HTMLElement {
  const id = `media-${String(number)}`;
  const { streams, audio, silence } = session;
  return section(
    id,
    3,
    'What was said',
    streams.length === 0 && html('p', {}, 'No packet of a stream of this session was captured.'),
    streams.length > 0 &&
      html(
        'p',
        { class: 'key' },
        ...(['packets', 'failed', 'lost'] as const).flatMap((name) => [
          html('span', { class: `swatch ${name}`, 'aria-hidden': 'true' }),
          { packets: 'decrypted ', failed: 'not decrypted ', lost: 'lost (downwards)' }[name],
        ]),
      ),
    html('div', { class: 'pair' }, ...streams.map((stream, i) => streamFigure(`${id}-${String(i)}`, session, stream))),
    html('div', { class: 'pair' }, ...audio.map((one) => player(session, one))),
    silence !== null && html('p', { class: 'quiet' }, `No sound: ${silence}.`),
  );
}
