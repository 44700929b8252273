/**
 * The second implementation (test/oracle, in Python, written from the profile alone) as a process that answers: one line
 * of JSON a question. Tests get it from {@link describeWithOracle}.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { fromHex, Secret, toHex, type Random } from '../../src/foundation/base/index.ts';
import { describeNeeding } from '../support/needs.ts';

const PROGRAM = fileURLToPath(new URL('../oracle/main.py', import.meta.url));

/** Octets travel as "hex:..", large integers as "int:..", secrets as their octets; what is undefined stays away. */
function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return `hex:${toHex(value)}`;
  if (value instanceof Secret) return `hex:${value.use(toHex)}`;
  if (typeof value === 'bigint') return `int:${value.toString(16)}`;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
  return value;
}

function fromJson(value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith('hex:')) return fromHex(value.slice(4));
  if (typeof value === 'string' && value.startsWith('int:')) return BigInt(`0x${value.slice(4)}`);
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fromJson(member)]));
  return value;
}

/** What the oracle refuses: its own words, which no test compares. */
export class OracleRefusal extends Error {}

/**
 * Asks one question. Octets in the answer are Uint8Array, integers beyond 2^53 bigint. Refuses with
 * {@link OracleRefusal}.
 */
export type Ask = <T>(op: string, args: Readonly<Record<string, unknown>>) => Promise<T>;

/** A suite with an oracle: one process serves all its tests. Skipped, or failed, where python3 is missing. */
export function describeWithOracle(title: string, body: (ask: Ask) => void): void {
  describeNeeding(['python3'], title, () => {
    let oracle: ReturnType<typeof startOracle>;
    beforeAll(() => {
      oracle = startOracle();
    });
    afterAll(() => {
      oracle.close();
    });
    body((op, args) => oracle.ask(op, args));
  });
}

function startOracle(): { readonly ask: Ask; readonly close: () => void } {
  const child = spawn('python3', ['-B', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.resolve(line));
  const over = (): void => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the oracle has ended'));
  };
  child.on('error', over).on('exit', over);
  return {
    async ask<T>(op: string, args: Readonly<Record<string, unknown>>) {
      const line = await new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(toJson({ op, ...args }))}\n`);
      });
      const answer = JSON.parse(line) as { ok?: unknown; error?: string };
      if (answer.error !== undefined) throw new OracleRefusal(answer.error);
      return fromJson(answer.ok) as T;
    },
    close: () => {
      child.stdin.end();
    },
  };
}

/** Octets that look random and are the same in every run. */
export function seeded(seed: string): Random {
  let count = 0;
  return (octets) => {
    const parts: Buffer[] = [];
    for (let length = 0; length < octets; length += 32)
      parts.push(
        createHash('sha256')
          .update(`${seed} ${String(count++)}`)
          .digest(),
      );
    return new Uint8Array(Buffer.concat(parts).subarray(0, octets));
  };
}

/** A copy with one bit turned. */
export function turned(octets: Uint8Array, octet = octets.length - 1): Uint8Array {
  const copy = Uint8Array.from(octets);
  copy[octet] = (copy[octet] as number) ^ 1;
  return copy;
}

export { readVectors as vectors } from '../protocol/mikey/golden.ts';
