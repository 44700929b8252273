/**
 * The logs of a lab's holders, read and verified as an auditor does it, for the report. A log that cannot be read or
 * does not verify is told as such: the lab goes on.
 */
import { fromBase64, fromHex, isHalfkeyError } from '../../foundation/base/index.ts';
import { createVerifier, type LogBody, type LogEntry } from '../../trust/audit/index.ts';
import { entriesRoute } from '../../contract/log/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import type { HttpsClient } from '../../platform/index.ts';
import type { LogEntryView, LogView } from '../report/index.ts';
import { connect } from './holders.ts';
import type { Organisations } from './organisations.ts';
import type { RoleProcess } from './processes.ts';

/** Where each role shows its log, and whose authority its certificate is from. */
const LISTENERS: Readonly<Record<string, readonly [listener: string, authority: 'operator' | 'provider']>> = {
  kms: ['xk', 'operator'],
  'kms-consolidated': ['xk', 'operator'],
  provider: ['open', 'provider'],
  df: ['intake', 'operator'],
};
/** Entries of one log that a report shows, and that are asked for at a time. */
const SHOWN = 200;
const PAGE = 500;

/** The log of each of these roles; `district` tells apart the logs of two operators. */
export async function readLogs(
  { operator, provider }: Organisations,
  roles: readonly RoleProcess[],
  district: string,
): Promise<LogView[]> {
  const logs: LogView[] = [];
  for (const role of roles) {
    const [listener, authority] = LISTENERS[role.role] ?? [];
    if (listener === undefined) continue;
    const holder = district === '' ? role.role : `${role.role}, ${district}`;
    const server = (authority === 'provider' ? provider : operator).certificate;
    logs.push(await readLog(holder, () => connect(operator, 'auditor', server, role, listener)));
  }
  return logs;
}

async function readLog(holder: string, open: () => Promise<HttpsClient>): Promise<LogView> {
  const entries: LogEntryView[] = [];
  let head = { size: 0, hash: '' };
  let problem: string | null = null;
  try {
    const client = await open();
    try {
      head = await verifyAll(client, (view) => entries.length < SHOWN && entries.push(view));
    } finally {
      await client.close();
    }
  } catch (error) {
    problem = isHalfkeyError(error) ? error.code : 'INTERNAL';
  }
  return { holder, size: head.size, head: head.hash, problem, entries };
}

/** Follows the chain from its first entry to the head that was told. @throws HalfkeyError `LOG_BROKEN`, `UNAVAILABLE` */
async function verifyAll(
  client: HttpsClient,
  show: (view: LogEntryView) => unknown,
): Promise<{ size: number; hash: string }> {
  const { method, path, response } = entriesRoute;
  let verifier: ReturnType<typeof createVerifier> | undefined;
  for (let from = 1; ;) {
    const answer = await client.request({ method, path, body: { from, limit: PAGE } });
    const { origin, head, entries } = parseBody(response, answer);
    verifier ??= createVerifier(origin);
    for (const { sequence, previousHash, hash, octets } of entries) {
      const entry: LogEntry = {
        sequence,
        previousHash: fromHex(previousHash),
        hash: fromHex(hash),
        octets: fromBase64(octets),
      };
      show(viewOf(sequence, hash, verifier.push(entry)));
    }
    from += entries.length;
    if (entries.length > 0 && from <= head.size) continue;
    verifier.expect({ sequence: head.size, hash: fromHex(head.hash) });
    return head;
  }
}

function viewOf(sequence: number, hash: string, { kind, operation, time, ...members }: LogBody): LogEntryView {
  const text = (value: LogBody[string] | undefined): string =>
    typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  return {
    ...{ sequence, hash, kind: text(kind), operation: text(operation), time: typeof time === 'number' ? time : 0 },
    members: Object.entries(members).map(([name, value]) => [name, text(value)] as const),
  };
}
