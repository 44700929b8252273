/** The KMS of solution 4: it holds the IBE master secret, and no code that opens a nonce. */
import { serveKms } from './kms-base.ts';
import type { Emit, RunningRole } from './runtime.ts';

export const serve = (configFile: string, emit: Emit): Promise<RunningRole> => serveKms(configFile, emit);
