/** A KMS's files for bulk issuing, in a directory of their own: registered subscribers, a master secret, a recipient. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bulkHeader,
  bulkKeys,
  bulkLine,
  type BulkHeader,
  type BulkLine,
} from '../../src/contract/provisioning/index.ts';
import {
  decodePrivateKeyOctets,
  identityInfo,
  verifyPrivateKey,
  type PublicParameters,
} from '../../src/crypto/ibe/index.ts';
import { fromBase64, fromBigInt, Secret } from '../../src/foundation/base/index.ts';
import { generalizedTime, identityFromText } from '../../src/foundation/identity/index.ts';
import { openRegisterStore } from '../../src/platform/index.ts';
import { readKmsConfig } from '../../src/program/role/config.ts';
import { openKmsKeys } from '../../src/program/role/kms-keys.ts';
import { openRuntime } from '../../src/program/role/runtime.ts';
import { decodeRecord, type LogBody } from '../../src/trust/audit/index.ts';
import { openKeys } from '../../src/trust/release/index.ts';
import { temporaryDirectory } from '../platform/support.ts';
import { childEnv, programFile, SHORT_LIVED } from './children.ts';

export const MASTER_SECRET = 0x1234567890abcdef1234567890abcdefn;
export const DAY = 86_400;

export interface BulkKms {
  readonly directory: string;
  readonly out: string;
  readonly params: PublicParameters;
  /** The arguments of `kms issue` for the usual list; `more` may repeat an option. */
  args(...more: string[]): string[];
  /** Members of the configuration beside the usual ones. */
  configure(more: object): void;
  /** Registers exactly these. */
  register(identities: readonly string[]): Promise<void>;
  list(identities: readonly string[]): void;
  log(): Promise<LogBody[]>;
  /** The file as it is: its header, its whole lines, and what stands behind the last of them. */
  file(): { header: BulkHeader; lines: BulkLine[]; rest: string };
  /** Opens a line's keys, and checks each by pairing. Its identity. */
  opened(header: BulkHeader, line: BulkLine): Promise<string>;
}

export const subscriber = (i: number): string => `sip:user${String(i)}@operator-a.example`;

export async function bulkKms(count: number): Promise<BulkKms> {
  const directory = temporaryDirectory();
  const at = (name: string): string => join(directory, name);
  const write = (name: string, content: string | Uint8Array): void => {
    writeFileSync(at(name), content);
    chmodSync(at(name), 0o600);
  };
  const recipient = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const listener = { port: 0, tls: { certificate: 'x', privateKey: 'x', trust: ['x'] } };
  write('x', '');
  write('kek', new Uint8Array(32).fill(9));
  write('recipient.pem', recipient.publicKey.export({ type: 'spki', format: 'pem' }));
  const configure = (more: object): void => {
    write('kms.json', JSON.stringify({ ...config, ...more }));
  };
  const config = {
    role: 'kms',
    stateDirectory: 'state',
    keyEncryptionKey: 'kek',
    warrantAuthorities: ['x'],
    district: { name: 'https://pps.operator-a.example/ibe/pp', serial: 1, level: 1024 },
    unsafeTestLevel1024: true,
    xk: listener,
    provisioning: listener,
    statement: { certificate: 'x', privateKey: 'x' },
  };
  configure({});

  async function withRuntime<T>(work: (runtime: Awaited<ReturnType<typeof openRuntime>>) => Promise<T>): Promise<T> {
    const { config: read, at: resolved } = await readKmsConfig(at('kms.json'));
    const runtime = await openRuntime('kms', read.district.name, read, resolved);
    try {
      return await work(runtime);
    } finally {
      await runtime.close();
    }
  }
  const params = await withRuntime(async (runtime) => {
    const keys = await openKmsKeys((await readKmsConfig(at('kms.json'))).config, runtime, at);
    await keys.take(new Secret('IbeMasterSecret', fromBigInt(MASTER_SECRET, 20)));
    const known = keys.parameters();
    keys.close();
    return known;
  });

  const kms: BulkKms = {
    directory,
    out: at('keys.jsonl'),
    params,
    configure,
    args: (...more) => [
      ...['kms', 'issue', '--config', at('kms.json'), '--identities', at('list.txt')],
      ...['--to', at('recipient.pem'), '--out', at('keys.jsonl'), ...more],
    ],
    register: (identities) =>
      withRuntime(async (runtime) => {
        const register = await openRegisterStore(runtime.state, runtime.pseudonym);
        for (const identity of identities.map(identityFromText)) await register.set(identity, [identity]);
      }),
    list(identities) {
      write('list.txt', identities.map((identity) => `${identity}\n`).join(''));
    },
    log: () => withRuntime(async ({ log }) => (await log.read(1, 10_000)).map(({ octets }) => decodeRecord(octets))),
    file() {
      const [first, ...texts] = readFileSync(at('keys.jsonl'), 'utf8').split('\n');
      const rest = texts.pop() ?? '';
      const parse = (text: string): unknown => JSON.parse(text);
      const lines = texts.map((text) => bulkLine.parse(parse(text)));
      return { header: bulkHeader.parse(parse(first ?? '')), lines, rest };
    },
    async opened({ batch, keyEpochs }, line) {
      if (!('keys' in line)) throw new TypeError('a line without keys');
      const jwk = Buffer.from(JSON.stringify(recipient.privateKey.export({ format: 'jwk' })));
      const place = { batch, position: line.position };
      const payload = bulkKeys.parse(await openKeys(line.keys, new Secret('AnswerKey', new Uint8Array(jwk)), place));
      if (payload.keys.map(({ keyEpoch }) => keyEpoch).join() !== keyEpochs.join()) throw new TypeError('other epochs');
      for (const { keyEpoch, privateKey } of payload.keys) {
        const id = identityInfo({
          ...{ district: payload.district, serial: BigInt(payload.serial) },
          ...{ identity: identityFromText(payload.identity), notBefore: generalizedTime(keyEpoch) },
        });
        verifyPrivateKey(params, id, decodePrivateKeyOctets(fromBase64(privateKey), params));
      }
      return payload.identity;
    },
  };
  const everybody = Array.from({ length: count }, (_, i) => subscriber(i));
  await kms.register(everybody);
  kms.list(everybody);
  return kms;
}

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program; `during` may kill it. */
export function runProgram(
  args: readonly string[],
  during: (kill: () => void) => void = () => undefined,
): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...SHORT_LIVED, programFile, ...args], {
      env: childEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        said[name] += chunk.toString();
      });
    child.once('close', (status) => {
      resolve({ status, ...said });
    });
    during(() => child.kill('SIGKILL'));
  });
}
