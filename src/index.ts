/**
 * halfkey: RFC 5091 identity-based encryption, MIKEY and MIKEY-IBAKE, and lawful discovery of session keys.
 * The parts are subpath exports: `halfkey/ibe`, `halfkey/curve`, `halfkey/mikey`, `halfkey/srtp`, `halfkey/discovery`, and
 * what these take and give: `halfkey/identity`, `halfkey/ecdh`, `halfkey/nonce`.
 */
import { createRequire } from 'node:module';

export {
  fromHex,
  HalfkeyError,
  isHalfkeyError,
  Secret,
  systemRandom,
  toHex,
  type ErrorCode,
  type Random,
} from './foundation/base/index.ts';

/** Version of the package. */
export const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version;
