/** Clients as the built program, in directories of their own, whose holders are those of `withRoles`. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import {
  parametersRoute,
  registrationRoute,
  signFederationTable,
  type DistrictParameters,
} from '../../src/contract/provisioning/index.ts';
import { issueCertificate } from '../../src/platform/index.ts';
import { temporaryDirectory } from '../platform/support.ts';
import { childEnv, programFile, projectRoot, SHORT_LIVED } from './children.ts';
import { DAY } from './exchange.ts';
import type { RolesOptions, TestRoles } from './roles.ts';
import { textNeedle } from './taint.ts';

/** A WAV that the repository ships. */
export const speech = (name: string): string => join(projectRoot, 'share', 'speech', `${name}.wav`);

/** A line that a client prints with --json. */
export interface Line {
  readonly ready?: true;
  readonly ports?: { readonly sip: number };
  readonly event?: string;
  readonly name?: string;
  readonly direction?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly status?: number;
  readonly sip?: string;
  readonly recording?: string;
  readonly error?: { readonly code: string };
  readonly statistics?: {
    readonly lostPackets: number;
    readonly droppedPackets: number;
    readonly receivedPackets: number;
  };
}

export interface Client {
  readonly lines: Line[];
  readonly stderr: () => string;
  /** The first line that fits, as soon as it is there. */
  line(fits: (line: Line) => boolean): Promise<Line>;
  readonly ended: Promise<number | null>;
  stop(): Promise<number | null>;
  /** Its standard input ends, as when its parent has gone. */
  orphan(): Promise<number | null>;
}

/** Runs the built program with --json. */
export function halfkey(args: readonly string[], directory: string): Client {
  const child = spawn(process.execPath, [...SHORT_LIVED, programFile, ...args, '--json'], {
    cwd: directory,
    env: childEnv(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  const waiting: { fits: (line: Line) => boolean; resolve: (line: Line) => void }[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    for (const one of waiting) if (one.fits(line)) one.resolve(line);
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    lines,
    stderr: () => stderr,
    ended,
    line: (fits) =>
      Promise.race([
        new Promise<Line>((resolve) => {
          const there = lines.find(fits);
          if (there !== undefined) resolve(there);
          else waiting.push({ fits, resolve });
        }),
        ended.then((code) => {
          throw new Error(`it ended with ${String(code)}: ${JSON.stringify(lines)} ${stderr}`);
        }),
      ]),
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
    orphan() {
      child.stdin.end();
      return ended;
    },
  };
}

const publisher = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The signed table of one district, which serves `domains`; `sequence` grows with each. */
export async function tableOf(
  roles: TestRoles,
  sequence: number,
  domains: readonly string[] = ['operator-a.example'],
): Promise<string> {
  const { body } = await roles.send('kms', 'provisioning', parametersRoute, {}, { as: 'provisioning' });
  const { district, parameters, ...set } = body as unknown as DistrictParameters;
  const entry = {
    ...{ district, domains: [...domains], prefixes: [] },
    parameters: [{ ...set, publicParameters: parameters }],
  };
  const validTo = Math.floor(Date.now() / 1000) + DAY;
  return signFederationTable({ version: 1, sequence, validFrom: 0, validTo, entries: [entry] }, publisher.privateKey);
}

/** The directory of a client: credentials, table, configuration. */
export async function clientDirectory(
  roles: TestRoles,
  identity: string,
  more: object,
  domains?: readonly string[],
): Promise<string> {
  const directory = join(temporaryDirectory(), 'client');
  mkdirSync(directory, { mode: 0o700 });
  const write = (name: string, text: string): void => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  };
  const tls: Record<string, object> = {};
  for (const holder of ['operator', 'provider'] as const) {
    const credential = await issueCertificate({
      authority: roles.authorities[holder],
      commonName: identity,
      uris: ['urn:halfkey:role:ue'],
      days: 1,
      usage: 'tls',
    });
    write(`${holder}.crt`, credential.certificate);
    write(`${holder}.key`, credential.privateKey);
    write(`${holder}-ca.crt`, roles.authorities[holder].certificate);
    tls[holder] = { certificate: `${holder}.crt`, privateKey: `${holder}.key`, trust: [`${holder}-ca.crt`] };
  }
  write('federation.json', await tableOf(roles, 1, domains));
  write('federation.pub', publisher.publicKey);
  const origin = (role: 'kms' | 'provider'): string => `https://127.0.0.1:${String(roles.role(role).ports['clients'])}`;
  write(
    'config.json',
    JSON.stringify({
      role: 'ue',
      identity,
      stateDirectory: 'state',
      kms: { origin: origin('kms'), tls: tls['operator'] },
      provider: { origin: origin('provider'), tls: tls['provider'] },
      federation: { table: 'federation.json', publicKey: 'federation.pub' },
      unsafeTestLevel1024: true,
      exitWithParent: true,
      ...more,
    }),
  );
  return directory;
}

/** A listener of a holder for clients of one authority. */
export const listener = (trust: string): object => ({
  port: 0,
  tls: { certificate: 'tls.crt', privateKey: 'tls.key', trust: [trust] },
});

/** What `withRoles` starts for clients: both holders, each with a listener for them. */
export const CLIENT_ROLES: RolesOptions = {
  start: ['kms', 'provider'],
  config: { kms: { clients: listener('operator.crt') }, provider: { clients: listener('provider.crt') } },
};

/** Makes a subscriber known to both holders. */
export async function register(roles: TestRoles, identity: string): Promise<void> {
  roles.needles.push(textNeedle('an identity', identity));
  for (const [holder, of] of [
    ['kms', 'operator'],
    ['provider', 'provider'],
  ] as const) {
    const body = { identity };
    const answer = await roles.send(holder, 'provisioning', registrationRoute, body, { as: 'provisioning', of });
    expect(answer.status).toBe(200);
  }
}
