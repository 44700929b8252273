/** A KMS with registered subscribers in a directory of its own: what a bench of `halfkey kms issue` works on. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandom } from '../../foundation/base/index.ts';
import { identityFromText } from '../../foundation/identity/index.ts';
import { openRegisterStore } from '../../platform/index.ts';
import { readKmsConfig } from './config.ts';
import { openKmsKeys } from './kms-keys.ts';
import { openRuntime } from './runtime.ts';

/** Writes the files, at p of 1536 bits, and returns the arguments that issue one key to each of `count` subscribers. */
export async function makeIssueSample(directory: string, count: number): Promise<readonly string[]> {
  const at = (name: string): string => join(directory, name);
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeFile(at(name), content, { mode: 0o600 });
  const nobody = { port: 0, tls: { certificate: 'nobody', privateKey: 'nobody', trust: ['nobody'] } };
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subscribers = Array.from({ length: count }, (_, i) => `sip:user${String(i)}@operator-a.example`);
  await write('nobody', '');
  await write('kek', systemRandom(32));
  await write('recipient.pem', publicKey.export({ type: 'spki', format: 'pem' }));
  await write('list.txt', subscribers.join('\n'));
  await write(
    'kms.json',
    JSON.stringify({
      role: 'kms',
      stateDirectory: 'state',
      keyEncryptionKey: 'kek',
      warrantAuthorities: ['nobody'],
      district: { name: 'https://pps.operator-a.example/ibe/pp', serial: 1, level: 3072 },
      xk: nobody,
      provisioning: nobody,
      statement: { certificate: 'nobody', privateKey: 'nobody' },
    }),
  );
  const { config, at: resolved } = await readKmsConfig(at('kms.json'));
  const runtime = await openRuntime('kms', config.district.name, config, resolved);
  try {
    const keys = await openKmsKeys(config, runtime, resolved);
    await keys.take(undefined);
    keys.close();
    const register = await openRegisterStore(runtime.state, runtime.pseudonym);
    for (const identity of subscribers.map(identityFromText)) await register.set(identity, [identity]);
  } finally {
    await runtime.close();
  }
  const files = ['--config', at('kms.json'), '--identities', at('list.txt'), '--to', at('recipient.pem')];
  return ['kms', 'issue', ...files, '--out', at('keys.jsonl')];
}
