/** What the holders wrote down before they answered or refused: their logs, as an auditor reads them. */
import type { LogEntryView, LogView } from '../data.ts';
import { html, scrollable, section } from './dom.ts';
import { many, moment, short } from './format.ts';

const KINDS: Readonly<Record<string, string>> = {
  request: 'asked',
  answer: 'answered',
  repeat: 'answered again',
  refused: 'refused',
  failed: 'failed',
  receipt: 'got an answer',
  issue: 'issued',
};

function detailsOf({ members, hash }: LogEntryView): HTMLElement {
  const entries = [...members, ['hash of this entry', hash]] as const;
  return html(
    'details',
    { class: 'more' },
    html('summary', {}, 'details'),
    html(
      'dl',
      { class: 'members' },
      ...entries.map(([name, value]) => html('div', {}, html('dt', {}, name), html('dd', {}, html('code', {}, value)))),
    ),
  );
}

function logTable({ holder, entries }: LogView): HTMLElement {
  const head = ['Entry', 'Time', 'What', 'Operation', 'More'].map((text) => html('th', { scope: 'col' }, text));
  const table = html(
    'table',
    { class: 'log' },
    html('caption', {}, `Log of ${holder}`),
    html('thead', {}, html('tr', {}, ...head)),
    html(
      'tbody',
      {},
      ...entries.map((entry) =>
        html(
          'tr',
          { class: ['refused', 'failed'].includes(entry.kind) ? 'refused' : undefined },
          html('th', { scope: 'row', class: 'number' }, String(entry.sequence)),
          html('td', {}, moment(1000 * entry.time)),
          html('td', {}, KINDS[entry.kind] ?? entry.kind),
          html('td', {}, entry.operation),
          html('td', {}, detailsOf(entry)),
        ),
      ),
    ),
  );
  return scrollable(`Log of ${holder}`, table);
}

function logPart(log: LogView, number: number): HTMLElement {
  const { holder, size, head, problem, entries } = log;
  const state =
    problem === null
      ? html(
          'p',
          {},
          `${many(size, 'entry', 'entries')}, the chain of hashes verifies. Head `,
          html('code', {}, short(head)),
        )
      : html('p', { class: 'bad' }, `The log could not be read or does not verify: ${problem}.`);
  return section(
    `log-${String(number)}`,
    3,
    holder,
    state,
    entries.length > 0 ? logTable(log) : null,
    size > entries.length && entries.length > 0
      ? html('p', { class: 'quiet' }, `${many(size - entries.length, 'later entry', 'later entries')} not shown.`)
      : null,
  );
}

export function logsSection(logs: readonly LogView[]): HTMLElement {
  return section(
    'logs',
    2,
    'What the holders wrote down',
    html(
      'p',
      {},
      'Each holder records a request before it answers and a refusal before it refuses. No entry holds a key, a nonce or an identity.',
    ),
    logs.length === 0 ? html('p', { class: 'quiet' }, 'No log was read.') : null,
    ...logs.map(logPart),
  );
}
