/** The KMS of solution 3: the one place where the IBE master secret and the subscribers' master secrets meet. */
import { openCustody } from './custody.ts';
import { serveKms } from './kms-base.ts';
import type { Emit, RunningRole } from './runtime.ts';

export const serve = (configFile: string, emit: Emit): Promise<RunningRole> =>
  serveKms(configFile, emit, async (runtime, { policy }) => {
    const { custody, subscribers } = await openCustody(runtime, policy);
    return { openNonce: (nonce) => custody.open(nonce), subscribers };
  });
