/**
 * The cube root a^((2p-1)/3) modulo p by OpenSSL, whose modular exponentiation is twice as fast as any kernel here: it is
 * the RSA public operation without padding, with n = p and that exponent. For public data only.
 */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import { fromBigInt, toBigInt } from '../../foundation/base/index.ts';

/** Above this size of n, OpenSSL refuses exponents of more than 64 bits. */
const BITS_MAX = 3072;

/**
 * A function that gives the x in [0, p) with x^3 = a, for a in [0, p) and p = 2 mod 3, or undefined where OpenSSL does not:
 * p is too large, or it takes no such key.
 */
export function createCubeRoot(p: bigint): (a: bigint) => bigint | undefined {
  const octets = Math.ceil(p.toString(2).length / 8);
  if (p.toString(2).length > BITS_MAX) return () => undefined;
  const base64url = (value: bigint): string => Buffer.from(fromBigInt(value, octets)).toString('base64url');
  const jwk = { kty: 'RSA', n: base64url(p), e: base64url((2n * p - 1n) / 3n) };
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return (a) => {
      if (a === 0n || a === 1n || a === p - 1n) return a;
      const input = fromBigInt(a, octets);
      const x = toBigInt(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, input));
      return (((x * x) % p) * x) % p === a ? x : undefined;
    };
  } catch {
    return () => undefined;
  }
}
