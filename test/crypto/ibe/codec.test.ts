import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeCiphertext,
  decodeMasterSecret,
  decodePrivateKey,
  decodePublicParameters,
  encodeCiphertext,
  encodeMasterSecret,
  encodePrivateKey,
  encodePublicParameters,
  encrypt,
} from '../../../src/crypto/ibe/index.ts';
import { ascii, fromHex, isHalfkeyError, toHex, type ErrorCode } from '../../../src/foundation/base/index.ts';
import { derInteger, derOctetString, derOid, derSequence } from '../../../src/foundation/der/index.ts';
import { district, keyOf, seeded } from './fixtures.ts';

const params = district();
const alice = ascii('alice');
const S = keyOf(params, alice);
const c = encrypt(params, alice, new Uint8Array(16), seeded('codec'));
const two = derInteger(2n);
const coordinates = (x: bigint, y: bigint): Uint8Array => derSequence(derInteger(x), derInteger(y));
const coded = (code: ErrorCode): unknown => expect.objectContaining({ code });

describe('DER structures of RFC 5091 section 8', () => {
  it('BFPublicParameters at every level', () => {
    for (const level of [1024, 2048, 3072] as const) {
      const known = district(level);
      const bytes = encodePublicParameters(known);
      expect(decodePublicParameters(bytes)).toEqual(known);
      expect(toHex(bytes)).toContain('020102060b6086480186fd1e01010101');
    }
  });

  it('BFPrivateKeyBlock, BFMasterSecret, BFCiphertextBlock', () => {
    expect(decodePrivateKey(encodePrivateKey(S), params)).toEqual(S);
    expect(toHex(encodeMasterSecret(0x80n))).toBe('300702010202020080');
    expect(decodeMasterSecret(fromHex('300702010202020080'))).toBe(0x80n);
    expect(decodeCiphertext(encodeCiphertext(c), params)).toEqual(c);
  });

  it('refuses another version', () => {
    const three = derInteger(3n);
    const point = coordinates(S.x, S.y);
    const rest = [derOctetString(c.v), derOctetString(c.w)];
    expect(() => decodePrivateKey(derSequence(three, point), params)).toThrow(coded('BadPrivateKey'));
    expect(() => decodeMasterSecret(derSequence(three, two))).toThrow(coded('BadParameters'));
    expect(() => decodeCiphertext(derSequence(three, point, ...rest), params)).toThrow(coded('BadEnvelope'));
    expect(() => decodePublicParameters(derSequence(three))).toThrow(coded('BadParameters'));
  });

  it('refuses public parameters of another curve, hash function or size', () => {
    const { p, q, P, Ppub } = params;
    const build = (curve: string, prime: bigint, hash: string, version = two): Uint8Array =>
      derSequence(
        version,
        derOid(curve),
        ...[derInteger(prime), derInteger(q), coordinates(P.x, P.y), coordinates(Ppub.x, Ppub.y), derOid(hash)],
      );
    const type1 = '2.16.840.1.114334.1.1.1.1';
    const sha1 = '1.3.14.3.2.26';
    expect(decodePublicParameters(build(type1, p, sha1))).toEqual(params);
    const refused = coded('BadParameters');
    expect(() => decodePublicParameters(build('2.16.840.1.114334.1.1.1.2', p, sha1))).toThrow(refused);
    // The arc that RFC 5091 7.2 prints, and SHA-512, which no implemented level uses.
    expect(() => decodePublicParameters(build(type1, p, '1.3.14.3.2.16'))).toThrow(refused);
    expect(() => decodePublicParameters(build(type1, p, '2.16.840.1.101.3.4.2.3'))).toThrow(refused);
    expect(() => decodePublicParameters(build(type1, p, '2.16.840.1.101.3.4.2.1'))).toThrow(refused);
    expect(() => decodePublicParameters(build(type1, P.x, sha1))).toThrow(refused);
    expect(() => decodePublicParameters(fromHex('0500'))).toThrow(coded('BadDer'));
  });

  it('refuses a private key outside the field or off the curve', () => {
    expect(() => decodePrivateKey(encodePrivateKey({ x: S.x + params.p, y: S.y }), params)).toThrow(
      coded('BadPrivateKey'),
    );
    expect(() => decodePrivateKey(encodePrivateKey({ x: S.x, y: S.y ^ 1n }), params)).toThrow(coded('BadPrivateKey'));
    expect(() => decodePrivateKey(new Uint8Array(), params)).toThrow(coded('BadDer'));
  });

  it('P18 mutated ciphertext blocks are BadEnvelope, or another block that encodes to the same octets', () => {
    const bytes = encodeCiphertext(c);
    let accepted = 0;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const mutated = bytes.map((octet, i) => (i === at ? octet ^ flip : octet));
        try {
          expect(toHex(encodeCiphertext(decodeCiphertext(mutated, params)))).toBe(toHex(mutated));
          accepted++;
        } catch (error) {
          if (!isHalfkeyError(error, 'BadEnvelope')) throw error;
        }
      }),
      { numRuns: 600, seed: 5091 },
    );
    expect(accepted).toBeGreaterThan(100);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeCiphertext(bytes.subarray(0, length), params)).toThrow(coded('BadEnvelope'));
    }
  });
});
