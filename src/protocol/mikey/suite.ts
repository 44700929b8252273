/**
 * Which SRTP suite a security policy means (RFC 3830 6.10.1, RFC 6188, RFC 7714 14.2, profile 3.2). Everything outside
 * the allow-list is refused, never ignored: NULL encryption or authentication, unknown and doubled parameters.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import type { PolicyParameter, SecurityPolicy } from './payload/security-policy.ts';

export type SuiteName =
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_32'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AEAD_AES_128_GCM'
  | 'AEAD_AES_256_GCM';

/** A suite, with the octets of SRTP master key and master salt, which are the lengths of TEK and salt. */
export interface Suite {
  readonly name: SuiteName;
  readonly masterKeyLength: number;
  readonly masterSaltLength: number;
}

/** Types of the parameters (RFC 3830 table 6.10.1.a, RFC 7714 table 5). */
const P = {
  cipher: 0,
  keyLength: 1,
  auth: 2,
  authKeyLength: 3,
  saltLength: 4,
  prf: 5,
  kdr: 6,
  srtp: 7,
  srtcp: 8,
  fec: 9,
  srtpAuth: 10,
  tagLength: 11,
  prefix: 12,
  aeadTagLength: 20,
} as const;
const AES_CM = 1;
const AES_GCM = 6;

function refuse(why: string): never {
  throw new HalfkeyError('InvalidSecurityPolicyParameter', why);
}

/**
 * The suite of an SRTP policy.
 * @throws HalfkeyError `InvalidSecurityPolicy` (another protocol than SRTP), `InvalidSecurityPolicyParameter`
 */
export function suiteOf(policy: SecurityPolicy): Suite {
  if (policy.protocol !== 0) throw new HalfkeyError('InvalidSecurityPolicy', 'the policy is not for SRTP');
  const values = parameterValues(policy.parameters);
  const value = (type: number, absent: number): number => values.get(type) ?? absent;
  const must = (type: number, absent: number, ...allowed: readonly number[]): number => {
    const actual = value(type, absent);
    if (!allowed.includes(actual)) refuse(`parameter ${String(type)} with value ${String(actual)} is refused`);
    return actual;
  };
  const cipher = must(P.cipher, AES_CM, AES_CM, AES_GCM);
  must(P.prf, 0, 0);
  must(P.kdr, 0, 0);
  must(P.srtp, 1, 1);
  must(P.srtcp, 1, 1);
  must(P.fec, 0, 0);
  must(P.srtpAuth, 1, 1);
  must(P.prefix, 0, 0);
  if (cipher === AES_GCM) {
    must(P.auth, 0, 0);
    must(P.authKeyLength, 0, 0);
    if (values.has(P.tagLength)) refuse('parameter 11 is refused with AES-GCM');
    must(P.saltLength, 12, 12);
    must(P.aeadTagLength, -1, 16);
    const masterKeyLength = must(P.keyLength, -1, 16, 32);
    return {
      name: masterKeyLength === 16 ? 'AEAD_AES_128_GCM' : 'AEAD_AES_256_GCM',
      masterKeyLength,
      masterSaltLength: 12,
    };
  }
  if (values.has(P.aeadTagLength)) refuse('parameter 20 is refused without AES-GCM');
  must(P.auth, 1, 1);
  must(P.authKeyLength, 20, 20);
  must(P.saltLength, 14, 14);
  const masterKeyLength = must(P.keyLength, 16, 16, 32);
  // AES_256_CM_HMAC_SHA1_32 is not in the allow-list.
  const tag = must(P.tagLength, 10, 10, ...(masterKeyLength === 16 ? [4] : []));
  const name =
    masterKeyLength === 32
      ? 'AES_256_CM_HMAC_SHA1_80'
      : tag === 4
        ? 'AES_CM_128_HMAC_SHA1_32'
        : 'AES_CM_128_HMAC_SHA1_80';
  return { name, masterKeyLength, masterSaltLength: 14 };
}

/**
 * The policy that offers a suite, with every parameter that has a meaning for it written out, in ascending order.
 * @param policy number of the policy, 0 to 255
 */
export function securityPolicyOf(suite: SuiteName, policy: number): SecurityPolicy {
  const keyLength = suite.includes('256') ? 32 : 16;
  const pairs: readonly (readonly [number, number])[] = suite.startsWith('AEAD')
    ? [
        [P.cipher, AES_GCM],
        [P.keyLength, keyLength],
        [P.saltLength, 12],
        [P.prf, 0],
        [P.srtp, 1],
        [P.srtcp, 1],
        [P.srtpAuth, 1],
        [P.aeadTagLength, 16],
      ]
    : [
        [P.cipher, AES_CM],
        [P.keyLength, keyLength],
        [P.auth, 1],
        [P.authKeyLength, 20],
        [P.saltLength, 14],
        [P.prf, 0],
        [P.srtp, 1],
        [P.srtcp, 1],
        [P.srtpAuth, 1],
        [P.tagLength, suite.endsWith('_32') ? 4 : 10],
      ];
  return {
    kind: 'SP',
    policy,
    protocol: 0,
    parameters: pairs.map(([type, value]) => ({ type, value: Uint8Array.of(value) })),
  };
}

/** The one-octet values by type. */
function parameterValues(parameters: readonly PolicyParameter[]): ReadonlyMap<number, number> {
  const known = new Set<number>(Object.values(P));
  const values = new Map<number, number>();
  for (const { type, value } of parameters) {
    const [octet] = value;
    if (!known.has(type)) refuse(`parameter ${String(type)} is unknown`);
    if (values.has(type)) refuse(`parameter ${String(type)} stands twice`);
    if (octet === undefined || value.length !== 1) refuse(`parameter ${String(type)} has not one octet`);
    values.set(type, octet);
  }
  return values;
}
