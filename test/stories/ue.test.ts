/**
 * Two clients alone: each fetches its keys from KMS and provider, then one calls the other over TCP and UDP.
 *
 *   ue call (alice)                     ue serve (bob)
 *      | INVITE   I_MESSAGE_1 ------------->|
 *      |<------------ 183     R_MESSAGE_1   |
 *      | PRACK    I_MESSAGE_2 ------------->|
 *      |<------------ 200     R_MESSAGE_2   |
 *      |<------------ 200 INVITE            |
 *      | ACK, then SRTP both ways, then BYE |
 */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import {
  parametersRoute,
  registrationRoute,
  signFederationTable,
  type DistrictParameters,
} from '../../src/contract/provisioning/index.ts';
import { encodeMuLaw, readSpeechWav } from '../../src/protocol/media/index.ts';
import { issueCertificate } from '../../src/platform/index.ts';
import { temporaryDirectory } from '../platform/support.ts';
import { childEnv, programFile, projectRoot } from '../support/children.ts';
import { withRoles, type TestRoles } from '../support/roles.ts';
import { textNeedle } from '../support/taint.ts';
import { DAY } from '../support/exchange.ts';

const ANN = 'sip:ann@operator-a.example';
const BEN = 'sip:ben@operator-a.example';
const speech = (name: string): string => join(projectRoot, 'share', 'speech', `${name}.wav`);

interface Line {
  readonly ready?: true;
  readonly ports?: { readonly sip: number };
  readonly event?: string;
  readonly name?: string;
  readonly direction?: string;
  readonly outcome?: string;
  readonly recording?: string;
  readonly error?: { readonly code: string };
  readonly statistics?: {
    readonly lostPackets: number;
    readonly droppedPackets: number;
    readonly receivedPackets: number;
  };
}

interface Client {
  readonly lines: Line[];
  readonly stderr: () => string;
  /** The first line that fits, as soon as it is there. */
  line(fits: (line: Line) => boolean): Promise<Line>;
  readonly ended: Promise<number | null>;
  stop(): Promise<number | null>;
  /** Its standard input ends, as when its parent has gone. */
  orphan(): Promise<number | null>;
}

function halfkey(args: readonly string[], directory: string): Client {
  const child = spawn(process.execPath, [programFile, ...args, '--json'], {
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

/** The signed table of one district; `sequence` grows with each. */
async function tableOf(roles: TestRoles, sequence: number): Promise<string> {
  const { body } = await roles.send('kms', 'provisioning', parametersRoute, {}, { as: 'provisioning' });
  const { district, parameters, ...set } = body as unknown as DistrictParameters;
  const entry = {
    ...{ district, domains: ['operator-a.example'], prefixes: [] },
    parameters: [{ ...set, publicParameters: parameters }],
  };
  const validTo = Math.floor(Date.now() / 1000) + DAY;
  return signFederationTable({ version: 1, sequence, validFrom: 0, validTo, entries: [entry] }, publisher.privateKey);
}

/** The directory of a client: credentials, table, configuration. */
async function clientDirectory(roles: TestRoles, identity: string, more: object): Promise<string> {
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
  write('federation.json', await tableOf(roles, 1));
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

const listener = (trust: string): object => ({
  port: 0,
  tls: { certificate: 'tls.crt', privateKey: 'tls.key', trust: [trust] },
});

describe('two clients alone', () => {
  withRoles(
    {
      start: ['kms', 'provider'],
      config: { kms: { clients: listener('operator.crt') }, provider: { clients: listener('provider.crt') } },
    },
    (roles) => {
      async function register(identity: string): Promise<void> {
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

      async function serving(identity: string): Promise<{ server: Client; port: number; directory: string }> {
        await register(identity);
        const directory = await clientDirectory(roles, identity, {
          sip: { listen: { host: '127.0.0.1', port: 0 } },
          answer: { speech: speech('bob'), recordings: 'recordings', tailMs: 2000 },
        });
        const server = halfkey(['ue', 'serve', '--config', join(directory, 'config.json')], directory);
        const { ports } = await server.line(({ ready }) => ready === true);
        return { server, port: ports?.sip ?? 0, directory };
      }

      it('one calls the other: each hears what the other said, sample for sample', async () => {
        const { server, port, directory } = await serving(BEN);
        await register(ANN);
        const caller = await clientDirectory(roles, ANN, { sip: { proxy: { host: '127.0.0.1', port } } });
        const record = join(caller, 'heard.wav');
        const args = ['ue', 'call', '--config', join(caller, 'config.json'), '--to', BEN];
        const call = halfkey([...args, '--speech', speech('alice'), '--record', record], caller);
        const { outcome } = await call.line(({ event }) => event === 'call-ended');
        expect(outcome).toBe('completed');
        expect(await call.ended).toBe(0);
        const { recording = '' } = await server.line(({ event }) => event === 'call-ended');
        expect(recording).toBe(join(directory, 'recordings', 'call-1.wav'));
        expect(await server.stop()).toBe(0);

        const data = (file: string): Buffer => {
          const wav = readFileSync(file);
          return wav.subarray(wav.indexOf('data') + 8);
        };
        const said = (name: string): Buffer => Buffer.from(encodeMuLaw(readSpeechWav(readFileSync(speech(name)))));
        // What is recorded begins with the first packet and ends with the last one.
        for (const [file, name] of [
          [record, 'bob'],
          [recording, 'alice'],
        ] as const) {
          const spoken = said(name);
          expect(data(file).subarray(0, spoken.length).equals(spoken)).toBe(true);
        }
        const messages = call.lines.flatMap(({ name, direction }) => (name === undefined ? [] : [[direction, name]]));
        expect(messages).toEqual([
          ['sent', 'I_MESSAGE_1'],
          ['received', 'R_MESSAGE_1'],
          ['sent', 'I_MESSAGE_2'],
          ['received', 'R_MESSAGE_2'],
        ]);
        // Nothing that is kept or told names anybody or holds a key.
        for (const line of [...call.lines, ...server.lines]) expect(JSON.stringify(line)).not.toMatch(/ann@|ben@/);
        expect(readdirSync(join(directory, 'state')).sort()).toEqual(['replay.json', 'serials.json']);
        const kept = readFileSync(join(directory, 'state', 'replay.json'), 'utf8');
        expect((JSON.parse(kept) as { entries: unknown[] }).entries).toHaveLength(1);
        expect(statSync(recording).mode & 0o777).toBe(0o600);
      });

      it('N70 a table that is older than one used before: ParametersUnusable, and no call', async () => {
        const { directory, server } = await serving(BEN);
        expect(await server.orphan()).toBe(0);
        const config = join(directory, 'config.json');
        const start = async (sequence: number): Promise<Client> => {
          writeFileSync(join(directory, 'federation.json'), await tableOf(roles, sequence));
          return halfkey(['ue', 'serve', '--config', config], directory);
        };
        const newer = await start(5);
        await newer.line(({ ready }) => ready === true);
        expect(await newer.stop()).toBe(0);
        const older = await start(4);
        expect(await older.ended).toBe(1);
        expect(older.lines.map(({ error }) => error?.code)).toEqual(['ParametersUnusable']);
      });

      it('who is not registered gets no keys: UNKNOWN_SUBSCRIBER, exit status 3', async () => {
        const directory = await clientDirectory(roles, 'sip:mallory@operator-a.example', {
          sip: { proxy: { host: '127.0.0.1', port: 9 } },
        });
        const args = [
          'ue',
          'call',
          '--config',
          join(directory, 'config.json'),
          '--to',
          BEN,
          '--speech',
          speech('alice'),
        ];
        const call = halfkey(args, directory);
        expect(await call.ended).toBe(3);
        expect(call.lines.map(({ error }) => error?.code)).toEqual(['UNKNOWN_SUBSCRIBER']);
      });

      it.each([
        ['no sip.proxy', {}, BEN, 'BAD_CONFIG', 1],
        ['nobody there', { sip: { proxy: { host: '127.0.0.1', port: 9 } } }, BEN, 'UNAVAILABLE', 2],
        ['a name that is none', { sip: { proxy: { host: '127.0.0.1', port: 9 } } }, 'sip:x', 'InvalidIdentity', 1],
      ])('a call with %s: %s', async (_what, more, to, code, status) => {
        const directory = await clientDirectory(roles, ANN, { sip: {}, ...more });
        const args = [
          'ue',
          'call',
          '--config',
          join(directory, 'config.json'),
          '--to',
          to,
          '--speech',
          speech('alice'),
        ];
        const call = halfkey(args, directory);
        expect(await call.ended).toBe(status);
        expect(call.lines.at(-1)?.error?.code).toBe(code);
      });
    },
  );
});
