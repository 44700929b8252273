/**
 * Composition that both kinds of KMS share; what opens nonces is passed in, or is not there.
 */
import { createPrivateKey } from 'node:crypto';
import { systemClock } from '../../foundation/base/index.ts';
import { createKms, type NonceOpener } from '../../entity/kms/index.ts';
import type { SubscriberSecrets } from '../../contract/provisioning/index.ts';
import { openRegisterStore, readSecretFile, readTextFile } from '../../platform/index.ts';
import { readKmsConfig, type KmsConfig } from './config.ts';
import { openKmsKeys } from './kms-keys.ts';
import { releaseTools } from './release-tools.ts';
import { openRuntime, routesOf, type Emit, type RunningRole, type Runtime } from './runtime.ts';
import { observed } from './observed.ts';

export interface SubscriberCustody {
  readonly openNonce: NonceOpener;
  readonly subscribers: SubscriberSecrets;
}

/** Starts a KMS; `custody` makes it the consolidated one of solution 3. */
export async function serveKms(
  configFile: string,
  emit: Emit,
  custody?: (runtime: Runtime, config: KmsConfig) => Promise<SubscriberCustody>,
): Promise<RunningRole> {
  const { config, at } = await readKmsConfig(configFile);
  const { role, district, policy } = config;
  const runtime = await openRuntime(role, district.name, config, at);
  try {
    const keys = await openKmsKeys(config, runtime, at);
    const { gate, afterAnswer } = releaseTools(runtime, config);
    const signer = {
      certificate: await readTextFile(at(config.statement.certificate)),
      privateKey: createPrivateKey(Buffer.from(await readSecretFile(at(config.statement.privateKey)))),
    };
    const { xk, provisioning, clients } = createKms({
      keys,
      check: { trust: runtime.trust, clock: systemClock, pseudonym: runtime.pseudonym },
      gate,
      signer,
      policy,
      service: {
        register: await openRegisterStore(runtime.state, runtime.pseudonym),
        record: (body) => runtime.log.append({ ...body, time: Math.floor(systemClock() / 1000) }),
        validity: { validFrom: district.validFrom, validTo: district.validTo },
        issueAheadDays: policy.issueAheadDays,
      },
      ...(custody === undefined ? {} : await custody(runtime, config)),
    });
    const ports = {
      xk: await runtime.listen(config.xk, [
        ...routesOf(observed(role, xk, emit), afterAnswer),
        ...routesOf(runtime.common),
      ]),
      provisioning: await runtime.listen(config.provisioning, routesOf(provisioning)),
      ...(config.clients === undefined
        ? {}
        : { clients: await runtime.listen(config.clients, routesOf(observed(role, clients, emit, 'issued'))) }),
    };
    return {
      role,
      ports,
      exitWithParent: config.exitWithParent,
      async close() {
        await runtime.close();
        keys.close();
      },
    };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
