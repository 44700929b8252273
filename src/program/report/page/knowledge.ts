/**
 * Who holds and can derive what, for the solution of this report. Every state of the switches is computed here and now
 * by the closure (protocol profile 5.2), whose compiled code is part of the page; nothing is looked up.
 */
import {
  asItIs,
  MESSAGES,
  whatIf,
  type Circumstances,
  type Entity,
  type Way,
  type WhatIfRow,
} from '../../../protocol/closure/index.ts';
import type { ReportData } from '../data.ts';
import { heard, html, scrollable, section } from './dom.ts';
import { listed } from './format.ts';
import { capturedMessages } from './ladder.ts';

type Column = keyof WhatIfRow['access'];

const MARKS = { given: '\u25cf', derived: '\u25d0', no: '\u2013' } as const;
const WORDS = { given: 'holds', derived: 'derives', no: 'no' } as const;

function entityName(entity: Entity, { way, together }: Circumstances): string {
  const names: Readonly<Record<Entity, string>> = {
    target: "Target's client, in the call",
    peer: "Peer's client, in the call",
    kms: way === '3' ? 'KMS, consolidated' : 'KMS',
    peerKms: "Peer's KMS",
    provider: 'Provider, not asked',
    providerAsked: 'Provider, asked by the DF',
    df: 'Delivery Function (DF)',
    network: 'Whoever records the network',
    seizedTarget: "Who seizes the target's device",
    seizedPeer: "Who seizes the peer's device",
    together: 'These together',
  };
  if (entity !== 'together') return names[entity];
  return `Together: ${listed(together.map((one) => names[one]))}`;
}

/** Symbol and meaning of each column. */
function columnsOf(target: 'A' | 'B'): readonly (readonly [Column, string, string])[] {
  const [own, peer] = target === 'A' ? (['x', 'y'] as const) : (['y', 'x'] as const);
  const [ownN, peerN] = target === 'A' ? (['A', 'B'] as const) : (['B', 'A'] as const);
  // First what matters: who has the key.
  return [
    ['K', 'K', 'the session key of the call'],
    ['s', 's', "master secret of the target's district, from which every private key follows"],
    ['PR', 'PR', "the target's private key of the day"],
    ['MS', 'MS', "the target's master secret, which opens the target's nonces"],
    ['ownPoint', `${own}P`, "the target's key component"],
    ['peerPoint', `${peer}P`, "the peer's key component"],
    ['ownNonce', `N${ownN}`, "the target's nonce, as it is sealed in the messages"],
    ['peerNonce', `N${peerN}`, "the peer's nonce, as it is sealed in the messages"],
    ['scalar', own, "the target's random secret of this call"],
  ];
}

export function wayOf({ solution, alternative }: ReportData): Way {
  return solution === 3 ? '3' : alternative === 1 ? '4/1' : '4/2';
}

/** The circumstances of this report: everything as it is, with the messages that were captured. */
export function circumstancesOf(data: ReportData): Circumstances {
  const [session] = data.sessions;
  const call = data.calls.find(({ callId }) => callId === session?.callId);
  const captured = call === undefined ? new Set<string>(MESSAGES) : capturedMessages(call);
  const target = session?.role === 'responder' ? 'B' : 'A';
  return { ...asItIs(wayOf(data), target), messages: MESSAGES.filter((type) => captured.has(type)) };
}

/** Who may be joined: everybody but those who are parties of the call, and nobody twice. */
const JOINABLE: readonly Entity[] = ['kms', 'peerKms', 'provider', 'df', 'network', 'seizedTarget', 'seizedPeer'];

interface Switch<Value extends string> {
  readonly group: 'messages' | 'seized' | 'erased' | 'together';
  readonly value: Value;
  readonly label: string;
  readonly checked: boolean;
}

function switchesOf(start: Circumstances): Switch<string>[] {
  return [
    { group: 'seized', value: 'target', label: "Seize the target's device", checked: false },
    { group: 'seized', value: 'peer', label: "Seize the peer's device", checked: false },
    { group: 'erased', value: 'PR', label: "PR of the day, in the target's device", checked: false },
    { group: 'erased', value: 'MS', label: 'MS of the epoch, wherever it is kept', checked: false },
    ...MESSAGES.map((type) => {
      const captured = start.messages.includes(type);
      return {
        group: 'messages' as const,
        value: type,
        label: captured ? type : `${type}, missing here`,
        checked: captured,
      };
    }),
    ...JOINABLE.filter((entity) => start.way !== '3' || entity !== 'provider').map((entity) => ({
      group: 'together' as const,
      value: entity,
      label: entity === 'provider' ? 'Provider' : entityName(entity, start),
      checked: false,
    })),
  ];
}

const LEGENDS = {
  seized: 'After the call',
  erased: 'Erased before anyone asked',
  messages: 'Recorded messages',
  together: 'Let these join what they have',
} as const;

export function knowledgeSection(data: ReportData): HTMLElement {
  const start = circumstancesOf(data);
  const columns = columnsOf(start.target);
  const boxes = switchesOf(start).map((one) => ({
    one,
    input: html('input', { type: 'checkbox', name: one.group, value: one.value, checked: one.checked }),
  }));
  const table = html('div');
  const status = html('p', { class: 'result', role: 'status', 'aria-live': 'polite' });
  const reset = html('button', { type: 'button' }, 'As it was');

  function chosen(): Circumstances {
    const of = (group: string): string[] =>
      boxes
        .filter(({ one, input }) => one.group === group && input.checked && !input.disabled)
        .map(({ one }) => one.value);
    return {
      ...start,
      messages: MESSAGES.filter((type) => of('messages').includes(type)),
      seized: of('seized') as Circumstances['seized'][number][],
      erased: of('erased') as Circumstances['erased'][number][],
      together: of('together') as Entity[],
    };
  }

  function update(): void {
    for (const { one, input } of boxes) {
      const device = one.value === 'seizedTarget' ? 'target' : one.value === 'seizedPeer' ? 'peer' : undefined;
      if (one.group === 'together' && device !== undefined)
        input.disabled = !boxes.some(
          (other) => other.one.group === 'seized' && other.one.value === device && other.input.checked,
        );
    }
    const circumstances = chosen();
    const rows = whatIf(circumstances);
    table.replaceChildren(knowledgeTable(rows, whatIf(start), circumstances, columns));
    const knowing = rows
      .filter(({ access }) => access.K !== 'no')
      .map(({ entity }) => entityName(entity, circumstances));
    status.textContent =
      knowing.length === 0
        ? 'Nobody can reach the session key.'
        : `The session key is within reach of ${String(knowing.length)} of ${String(rows.length)}: ${knowing.join('; ')}.`;
  }

  for (const { input } of boxes) input.addEventListener('change', update);
  reset.addEventListener('click', () => {
    for (const { one, input } of boxes) input.checked = one.checked;
    update();
  });
  update();
  const groups = (['seized', 'erased', 'messages', 'together'] as const).map((group) =>
    html(
      'fieldset',
      {},
      html('legend', {}, LEGENDS[group]),
      ...boxes.filter(({ one }) => one.group === group).map(({ one, input }) => html('label', {}, input, one.label)),
    ),
  );
  return section(
    'knowledge',
    2,
    'Who can know what',
    html(
      'p',
      {},
      'What each party holds, and what follows from it if encryption is perfect. Change the circumstances: the table is computed anew, by the same code that the tests hold against the profile.',
    ),
    html(
      'form',
      { class: 'switches', 'aria-label': 'Circumstances' },
      ...groups,
      html('div', { class: 'reset' }, reset),
    ),
    status,
    scrollable('Who can know what', table),
    html(
      'dl',
      { class: 'legend' },
      ...columns.map(([, symbol, meaning]) => html('div', {}, html('dt', {}, symbol), html('dd', {}, meaning))),
    ),
  );
}

function knowledgeTable(
  rows: readonly WhatIfRow[],
  before: readonly WhatIfRow[],
  circumstances: Circumstances,
  columns: readonly (readonly [Column, string, string])[],
): HTMLElement {
  const head = columns.map(([column, symbol, meaning]) =>
    html('th', { scope: 'col', class: column === 'K' ? 'key' : undefined }, symbol, heard(`, ${meaning}`)),
  );
  return html(
    'table',
    { class: 'knowledge' },
    html('caption', {}, `\u25cf holds it, \u25d0 derives it, \u2013 cannot. Underlined: other than it was.`),
    html('thead', {}, html('tr', {}, html('th', { scope: 'col' }, 'Who'), ...head)),
    html(
      'tbody',
      {},
      ...rows.map(({ entity, access, confirmed }) => {
        const was = before.find((row) => row.entity === entity)?.access;
        const cells = columns.map(([column]) => {
          const changed = was !== undefined && was[column] !== access[column];
          const proof = column === 'K' && access.K !== 'no' && !confirmed ? ', not proved' : '';
          return html(
            'td',
            { class: [access[column], ...(column === 'K' ? ['key'] : []), ...(changed ? ['changed'] : [])].join(' ') },
            html('span', { 'aria-hidden': 'true', class: 'mark' }, MARKS[access[column]]),
            html('span', { class: 'word' }, WORDS[access[column]] + proof),
            changed && heard(' (changed)'),
          );
        });
        return html(
          'tr',
          { 'data-entity': entity },
          html('th', { scope: 'row' }, entityName(entity, circumstances)),
          ...cells,
        );
      }),
    ),
  );
}
