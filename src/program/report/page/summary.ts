/** The head of the page: what became of the call, in one sentence, and the circumstances. */
import type { ReportData, SessionView } from '../data.ts';
import { html, type Child } from './dom.ts';
import { count, many, moment, plain } from './format.ts';

export function solutionText({ solution, alternative }: ReportData): string {
  if (solution === 3) return 'Solution 3: one consolidated KMS';
  const how = alternative === 1 ? 'the Delivery Function gets the private key' : 'the KMS decrypts';
  return `Solution 4: KMS and provider split. Alternative ${String(alternative)}: ${how}`;
}

function isGood({ status, keyConfirmed }: SessionView): boolean {
  return status === 'recovered' && keyConfirmed;
}

/** What became of a session, and why. */
export function verdict(session: SessionView): HTMLElement {
  const good = isGood(session);
  const sentence = good
    ? 'The session key was recovered and is proved right.'
    : session.status === 'recovered'
      ? 'A session key was computed, but nothing proves it right.'
      : `The session key was not recovered: ${session.status}.`;
  return html(
    'div',
    { class: good ? 'verdict good' : 'verdict bad' },
    html('p', { class: 'sentence' }, sentence),
    session.reason !== null && html('p', {}, session.reason),
  );
}

function facts(entries: readonly (readonly [name: string, ...value: Child[]])[]): HTMLElement {
  return html(
    'dl',
    { class: 'facts' },
    ...entries.map(([name, ...value]) => html('div', {}, html('dt', {}, name), html('dd', {}, ...value))),
  );
}

export function sessionFacts(session: SessionView, startedMs: number | undefined): HTMLElement {
  const sum = (of: 'packets' | 'decrypted'): number => session.streams.reduce((all, stream) => all + stream[of], 0);
  return facts([
    ['Caller', plain(session.initiator)],
    ['Called', plain(session.responder)],
    ['Target of the warrant', `${plain(session.target)}, the ${session.role}`],
    ['Call set up', startedMs === undefined ? 'not in the capture' : moment(startedMs)],
    ['Packets decrypted', `${count(sum('decrypted'))} of ${count(sum('packets'))}`],
    ['Handed over', session.files.length === 0 ? 'nothing' : session.files.map(({ name }) => name).join(', ')],
    ['Call-ID', html('code', {}, session.callId)],
  ]);
}

export function pageHead(data: ReportData): HTMLElement {
  const { kind, level, curve, nonceMode, flags, madeMs, sessions } = data;
  return html(
    'header',
    { class: 'head' },
    html('p', { class: 'name' }, 'halfkey report'),
    html(
      'h1',
      {},
      sessions.length === 1
        ? 'One call, opened under a warrant'
        : `Calls opened under a warrant: ${String(sessions.length)}`,
    ),
    html('p', { class: 'lead' }, `${solutionText(data)}.`),
    html(
      'p',
      { class: 'quiet' },
      `${kind === 'live' ? 'A live call between two lab clients' : 'A captured call'}, opened by separate processes on ${moment(madeMs)}. `,
      `n = ${String(level)}, ${curve}, nonce mode ${String(nonceMode)}.`,
      flags.length > 0 && ` Set for this run, and off by default: ${flags.join(', ')}.`,
    ),
    sessions.length === 0 &&
      html(
        'div',
        { class: 'verdict bad' },
        html('p', { class: 'sentence' }, 'Nothing was opened.'),
        html('p', {}, data.reason ?? 'The capture holds no call of the target.'),
      ),
    ...data.notes.map((note) => html('p', { class: 'note' }, `Note: ${note}`)),
  );
}

export function pageFoot(data: ReportData): HTMLElement {
  const secret = data.sessions.some(({ keys }) => keys !== null);
  return html(
    'footer',
    {},
    html(
      'p',
      {},
      'This file is complete in itself: it loads nothing and sends nothing. ',
      secret
        ? 'It holds keys, because the warrant orders their delivery: keep it as you keep them.'
        : 'It holds no key, no nonce in clear and no other secret; it does hold the identities and, where delivered, the speech of the call.',
    ),
    html('p', {}, `${many(data.logs.length, 'log')} read; the table of knowledge was computed by this page.`),
  );
}
