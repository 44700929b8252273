/**
 * Every way of recovery on live calls: solution 3 and both alternatives of solution 4, the three nonce modes, both
 * sides as target; then each other level and curve once. Roles are started once for both targets of a call.
 */
import { join } from 'node:path';
import { isHalfkeyError, systemClock } from '../../foundation/base/index.ts';
import type { LabOrder } from './lab-order.ts';
import { live, type LiveOrder, type LiveResult } from './live.ts';
import { assertUsable, prepareOutput } from './output-directory.ts';

type Combination = Pick<LiveOrder, 'solution' | 'alternative' | 'nonceMode' | 'level' | 'curve' | 'targets'>;

export interface MatrixRow {
  readonly solution: string;
  readonly nonceMode: number;
  readonly level: number;
  readonly curve: string;
  readonly target: string;
  /** `recovered`, or the code of what stood against it. */
  readonly status: string;
  readonly keyConfirmed: boolean;
  /** Packets that could not be decrypted. */
  readonly failed: number;
  /** Who answered: role and process. */
  readonly roles: readonly { readonly role: string; readonly pid: number }[];
}

const BOTH = ['initiator', 'responder'] as const;
const WAYS = [
  { solution: 3, alternative: 2 },
  { solution: 4, alternative: 1 },
  { solution: 4, alternative: 2 },
] as const;
const DEFAULTS = {
  solution: 4,
  alternative: 2,
  nonceMode: 3,
  level: 3072,
  curve: 'P-256',
  targets: ['initiator'],
} as const;

const COMBINATIONS: readonly Combination[] = [
  ...WAYS.flatMap((way) =>
    ([1, 2, 3] as const).map((nonceMode) => ({ ...DEFAULTS, ...way, nonceMode, targets: BOTH })),
  ),
  { ...DEFAULTS, level: 2048 },
  { ...DEFAULTS, level: 7680 },
  { ...DEFAULTS, curve: 'P-384' },
  { ...DEFAULTS, curve: 'P-521' },
];

/** Runs all combinations, one after the other, and prints a line for each target of each. */
export async function matrix(order: LabOrder): Promise<{ result: { version: 1; rows: MatrixRow[] }; status: number }> {
  await assertUsable(order);
  const out = await prepareOutput(order, systemClock());
  const rows: MatrixRow[] = [];
  for (const [i, combination] of COMBINATIONS.entries()) {
    const quiet = { narrate: order.detail, detail: () => undefined };
    const one = { ...order, ...combination, ...quiet, out: join(out, `call-${String(i + 1)}`), force: true };
    const found = await rowsOf(combination, () => live(one));
    for (const row of found) order.narrate(line(row, order.colours));
    rows.push(...found);
  }
  const wished = rows.every(
    ({ status, keyConfirmed, failed }) => status === 'recovered' && keyConfirmed && failed === 0,
  );
  return { result: { version: 1, rows }, status: wished ? 0 : 2 };
}

/** A row for each target; a call that did not come about has rows with its code. */
async function rowsOf(
  { solution, alternative, nonceMode, level, curve, targets }: Combination,
  call: () => Promise<{ result: LiveResult }>,
): Promise<MatrixRow[]> {
  const common = { solution: solution === 3 ? '3' : `4/${String(alternative)}`, nonceMode, level, curve };
  try {
    const { sessions, roles } = (await call()).result;
    return targets.map((target) => {
      const session = sessions.find(({ role }) => role === target);
      const failed = session?.streams.reduce((sum, stream) => sum + stream.failed, 0) ?? 0;
      const { status = 'NO_SESSION', keyConfirmed = false } = session ?? {};
      return { ...common, target, status, keyConfirmed, failed, roles };
    });
  } catch (error) {
    if (!isHalfkeyError(error) || error.code === 'INTERRUPTED') throw error;
    return targets.map((target) => ({
      ...common,
      target,
      status: error.code,
      keyConfirmed: false,
      failed: 0,
      roles: [],
    }));
  }
}

function line(
  { solution, nonceMode, level, curve, target, status, keyConfirmed, failed, roles }: MatrixRow,
  { green, red, dim }: LabOrder['colours'],
): string {
  const good = status === 'recovered' && keyConfirmed && failed === 0;
  const outcome = `${status}${keyConfirmed ? ', confirmed' : ''}${failed > 0 ? `, ${String(failed)} packets failed` : ''}`;
  const what = `${solution.padEnd(3)}  mode ${String(nonceMode)}  ${String(level)}  ${curve}  ${target.padEnd(9)}`;
  const who = roles.map(({ role, pid }) => `${role} ${String(pid)}`).join(', ');
  return `${what}  ${good ? green(outcome) : red(outcome)}  ${dim(who)}`;
}
