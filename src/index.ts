/**
 * halfkey: RFC 5091 identity-based encryption, MIKEY and MIKEY-IBAKE, and lawful discovery of session keys.
 * The parts are subpath exports: `halfkey/ibe`, `halfkey/curve`, `halfkey/mikey`, `halfkey/srtp`, `halfkey/discovery`.
 */
import { createRequire } from 'node:module';

export { HalfkeyError, type ErrorCode } from './foundation/base/index.ts';

/** Version of the package. */
export const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version;
