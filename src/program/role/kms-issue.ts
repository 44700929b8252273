/**
 * `halfkey kms issue`: bulk issuing by a KMS that does not serve meanwhile (its state is locked). The master secret goes
 * to the threads from memory to memory; keys leave them sealed.
 */
import { availableParallelism } from 'node:os';
import { systemClock, toBase64 } from '../../foundation/base/index.ts';
import { keyEpochStart, type Identity } from '../../foundation/identity/index.ts';
import { encodePublicParameters } from '../../crypto/ibe/index.ts';
import { readRecipient, recipientDigest, type AnswerKey } from '../../trust/release/index.ts';
import type { BulkHeader } from '../../contract/provisioning/index.ts';
import {
  assertEpochs,
  bulkHeaderOf,
  issueBulk,
  readIdentities,
  recordedBefore,
  type BulkSubscriber,
  type DistrictKeys,
} from '../../entity/kms/index.ts';
import { openRegisterStore, readTextFile, startWorkers } from '../../platform/index.ts';
import { readKmsConfig, type KmsConfig } from './config.ts';
import { openBatchFile, type IssueOrder, type IssueResult } from './kms-issue-file.ts';
import type { IssueWorkerStart } from './kms-issue-worker.ts';
import { openKmsKeys } from './kms-keys.ts';
import { openRuntime, type Runtime } from './runtime.ts';

/**
 * Issues the batch, or what an earlier run left of it.
 * @throws HalfkeyError `USAGE`, `BAD_CONFIG`, `STATE_IN_USE`, `UNAVAILABLE`, `IssueWindow`, `OUTPUT_EXISTS`, `INTERRUPTED`
 */
export async function issue(order: IssueOrder): Promise<IssueResult> {
  const { config, at } = await readKmsConfig(order.config);
  const recipient = readRecipient(await readTextFile(order.recipient));
  const identities = readIdentities(await readTextFile(order.identities));
  const runtime = await openRuntime(config.role, config.district.name, config, at);
  try {
    const keys = await openKmsKeys(config, runtime, at);
    try {
      return await run(order, { config, recipient, identities, runtime, keys });
    } finally {
      keys.close();
    }
  } finally {
    await runtime.close();
  }
}

interface Issuing {
  readonly config: KmsConfig;
  readonly recipient: AnswerKey;
  readonly identities: readonly Identity[];
  readonly runtime: Runtime;
  readonly keys: DistrictKeys;
}

async function run(order: IssueOrder, { config, recipient, identities, runtime, keys }: Issuing): Promise<IssueResult> {
  const { district } = keys;
  const parameters = toBase64(encodePublicParameters(keys.parameters()));
  const { issueAheadDays } = config.policy;
  const { name, serial, keyEpochSeconds } = district;
  const pseudonyms = identities.map(runtime.pseudonym);

  function headerFor(earlier: BulkHeader | undefined): BulkHeader {
    const from = keyEpochStart(order.from ?? earlier?.keyEpochs[0] ?? systemClock() / 1000, keyEpochSeconds);
    const keyEpochs = Array.from({ length: order.epochs }, (_, i) => from + i * keyEpochSeconds);
    assertEpochs({ keyEpochs, keyEpochSeconds }, issueAheadDays, systemClock);
    const members = { district: name, serial: Number(serial), keyEpochSeconds, keyEpochs };
    return bulkHeaderOf({ ...members, recipient: recipientDigest(recipient) }, pseudonyms);
  }

  /** Tests stop the process dead here. */
  function crashAt(point: 'recorded' | 'made' | 'written'): void {
    if (config.unsafeTestCrashAt === `issue:${point}`) process.kill(process.pid, 'SIGKILL');
  }

  const file = await openBatchFile(order.out, headerFor);
  try {
    const { header, written, resumed } = file;
    const workers = order.workers ?? availableParallelism();
    const pool = await startWorkers<IssueWorkerStart, readonly BulkSubscriber[], string[]>(
      new URL('./kms-issue-worker.js', import.meta.url),
      written.size < identities.length ? workers : 0,
      (send) => {
        const bulk = { batch: header.batch, district, keyEpochs: header.keyEpochs, recipient };
        // The octets move to the thread: this one has no copy of the copy.
        return keys
          .copyForThread()
          .use((masterSecret) => send({ order: bulk, parameters, masterSecret }, [masterSecret]));
      },
    );
    const counts = { issued: 0, refused: file.refused };
    let done = written.size;
    const start = performance.now();
    try {
      order.progress(done, identities.length);
      await issueBulk({
        ...{ header, identities, written, signal: order.signal, clock: systemClock, pseudonym: runtime.pseudonym },
        service: { register: await openRegisterStore(runtime.state, runtime.pseudonym), issueAheadDays },
        async record(bodies) {
          const time = Math.floor(systemClock() / 1000);
          const entries = await runtime.log.appendAll(bodies.map((body) => ({ ...body, time })));
          crashAt('recorded');
          return entries;
        },
        recorded: resumed ? await recordedBefore(runtime.log, header.batch) : new Map(),
        make: (subscribers) => pool.run(subscribers),
        lanes: 2 * workers,
        async write(lines) {
          crashAt('made');
          await file.append(lines);
          crashAt('written');
        },
        progress(line) {
          counts['refused' in line ? 'refused' : 'issued'] += 1;
          done += 1;
          order.progress(done, identities.length);
        },
      });
    } finally {
      await pool.close();
    }
    const seconds = (performance.now() - start) / 1000;
    const totals = {
      batch: header.batch,
      subscribers: identities.length,
      keys: counts.issued * header.keyEpochs.length,
    };
    return { ...totals, ...counts, workers, seconds };
  } finally {
    await file.close();
  }
}
