/**
 * A KMS with registered subscribers, whose keys are issued in bulk by the command that an operator types: how long that
 * takes with so many threads, the writing of log and file included.
 */
import { join } from 'node:path';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { masterSecretRoute, registrationRoute } from '../../contract/provisioning/index.ts';
import { writeSecretFile } from '../../platform/index.ts';
import { connect, startKms, type LabDistrict } from './holders.ts';
import { createOrganisations } from './organisations.ts';
import { createProcesses } from './processes.ts';

export interface BulkLabOrder {
  /** Program and first arguments, for example node and the path of the command. */
  readonly program: readonly string[];
  readonly level: LabDistrict['level'];
  readonly subscribers: number;
  /** An empty directory, which stays the caller's. */
  readonly directory: string;
}

export interface BulkLab {
  /** Issues one key to every subscriber with so many threads; seconds from the first key to the last line on disk. */
  issue(workers: number): Promise<number>;
}

/** Makes the KMS, registers its subscribers, and ends it: bulk issuing wants its state. */
export async function createBulkLab({ program, level, subscribers, directory }: BulkLabOrder): Promise<BulkLab> {
  const processes = createProcesses({
    program,
    onStart: () => undefined,
    onEvent: () => undefined,
    onLoss: () => undefined,
  });
  const organisations = await createOrganisations();
  const kms = join(directory, 'kms');
  const identities = Array.from({ length: subscribers }, (_, i) => `sip:user${String(i)}@operator-a.example`);
  const holder = await startKms(
    {
      ...{ name: 'https://pps.operator-a.example/ibe/pp', level, nonceMode: 3, solution: 4, alternative: 2 },
      ...{ organisations, directory, clients: false },
    },
    processes,
  );
  try {
    const { operator } = organisations;
    const operating = await connect(operator, 'provisioning', operator.certificate, holder, 'provisioning');
    try {
      await operating.request({ method: masterSecretRoute.method, path: masterSecretRoute.path, body: {} });
      const { method, path } = registrationRoute;
      for (const identity of identities) await operating.request({ method, path, body: { identity } });
    } finally {
      await operating.close();
    }
    await writeSecretFile(join(kms, 'subscribers.txt'), identities.join('\n'));
  } finally {
    await holder.stop();
  }

  let runs = 0;
  return {
    async issue(workers) {
      runs += 1;
      const args = ['--config', 'config.json', '--identities', 'subscribers.txt', '--to', 'operator-ca.crt'];
      const out = ['--out', `keys-${String(runs)}.jsonl`, '--workers', String(workers)];
      const { issued, seconds } = await processes.run('kms', ['kms', 'issue', ...args, ...out], kms);
      if (issued !== subscribers || typeof seconds !== 'number')
        throw new HalfkeyError('INTERNAL', 'bulk issuing did not issue to everybody');
      return seconds;
    },
  };
}
