/** The page of a report: reads its data and builds the sections. Loaded as one script with everything it imports. */
import type { CallView, ReportData, SessionView } from '../data.ts';
import { drawing, html, section } from './dom.ts';
import { knowledgeSection } from './knowledge.ts';
import { drawLadder } from './ladder.ts';
import { logsSection } from './logs.ts';
import { mediaSection } from './media.ts';
import { messageList } from './messages.ts';
import { many } from './format.ts';
import { pageFoot, pageHead, sessionFacts, verdict } from './summary.ts';

function ladderSection(call: CallView | undefined, session: SessionView, number: number): HTMLElement {
  const id = `ladder-section-${String(number)}`;
  if (call === undefined) return section(id, 3, 'The messages', html('p', {}, 'No message of this call can be shown.'));
  return section(
    id,
    3,
    'The messages',
    html('p', {}, 'As they were captured; times count from the first. Each message unfolds into its octets.'),
    drawing((width) => drawLadder(call, session, number, width)),
    messageList(call, number),
    call.omitted > 0 && html('p', { class: 'quiet' }, `${many(call.omitted, 'later message')} not shown.`),
  );
}

function keysSection(session: SessionView, number: number): HTMLElement | null {
  if (session.keys === null) return null;
  return section(
    `keys-${String(number)}`,
    3,
    'The keys that the warrant orders',
    html('p', { class: 'secret' }, 'Secret: whoever has this file can decrypt the call.'),
    html(
      'details',
      { class: 'more' },
      html('summary', {}, 'Show the keys'),
      html('pre', { tabindex: 0 }, session.keys),
    ),
  );
}

function sessionSection(data: ReportData, session: SessionView, number: number): HTMLElement {
  const call = data.calls.find(({ callId }) => callId === session.callId);
  return section(
    `call-${String(number)}`,
    2,
    data.sessions.length === 1 ? 'The call' : `Call ${String(number + 1)}`,
    verdict(session),
    sessionFacts(session, call?.startedMs),
    ladderSection(call, session, number),
    mediaSection(session, number),
    keysSection(session, number),
  );
}

/** A link to a message opens it and goes to it. */
function unfoldOnDemand(page: HTMLElement): void {
  page.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a.rung') : null;
    const message = document.getElementById((link?.getAttribute('href') ?? '').slice(1));
    if (!(message instanceof HTMLDetailsElement)) return;
    event.preventDefault();
    message.open = true;
    message.querySelector('summary')?.focus();
    message.scrollIntoView({ block: 'start' });
  });
}

function build(data: ReportData, page: HTMLElement): void {
  const links = [
    ...data.sessions.map(
      (_, i) => [`call-${String(i)}`, data.sessions.length === 1 ? 'The call' : `Call ${String(i + 1)}`] as const,
    ),
    ['knowledge', 'Who can know what'] as const,
    ['logs', 'Logs'] as const,
  ];
  const nav = html(
    'nav',
    { 'aria-label': 'Sections' },
    ...links.map(([id, text]) => html('a', { href: `#${id}` }, text)),
  );
  const main = html(
    'main',
    { id: 'content', tabindex: -1 },
    ...data.sessions.map((session, i) => sessionSection(data, session, i)),
    knowledgeSection(data),
    logsSection(data.logs),
  );
  page.replaceChildren(pageHead(data), nav, main, pageFoot(data));
  unfoldOnDemand(page);
}

const source = document.getElementById('data');
const page = document.getElementById('page');
if (source !== null && page !== null) build(JSON.parse(source.textContent) as ReportData, page);
