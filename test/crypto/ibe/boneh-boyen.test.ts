/** BB1: RFC 5091 7.7 and 7.8 whole, the round trip, its DER, and what must not open. N24 is in envelope.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelFor, pointFromOctets, pointToOctets, type Point } from '../../../src/crypto/curve/index.ts';
import { bb1DecryptWith, bb1PublicKey } from '../../../src/crypto/ibe/boneh-boyen.ts';
import {
  bb1Encrypt,
  bb1ExtractPrivateKey,
  bb1PublicParameters,
  bb1Setup,
  createBB1Decryptor,
  createBB1Issuer,
  decodeBB1Ciphertext,
  decodeBB1MasterSecret,
  decodeBB1PrivateKey,
  decodeBB1PublicParameters,
  domainParameters,
  encodeBB1Ciphertext,
  encodeBB1MasterSecret,
  encodeBB1PrivateKey,
  encodeBB1PublicParameters,
  validateBB1PublicParameters,
  verifyBB1PrivateKey,
  type BB1Ciphertext,
  type BB1PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import type { ErrorCode } from '../../../src/foundation/base/error-table.ts';
import {
  ascii,
  concat,
  fromBigInt,
  fromHex,
  isHalfkeyError,
  Secret,
  toHex,
} from '../../../src/foundation/base/index.ts';
import { derInteger, derOctetString, derSequence } from '../../../src/foundation/der/index.ts';
import { itIsTheKernelAskedFor } from '../../support/kernel-of-run.ts';
import { refAdd } from '../curve/reference.ts';
import { number, pair, point, rfc5091, text } from '../curve/vectors.ts';
import { seeded, useOtherCurves } from './fixtures.ts';

const coded = (code: ErrorCode): unknown => expect.objectContaining({ code });
const failed = expect.objectContaining({
  code: 'IbeDecryptFailed',
  message: 'the encrypted part does not open',
}) as unknown;

describe('RFC 5091 7.7 and 7.8', () => {
  const v77 = rfc5091.verified['7.7_BBextractPriv'];
  const v78 = rfc5091.verified['7.8_BBencrypt'];
  const domain = { level: 1024, p: number(v77, 'p'), q: number(v77, 'q'), P: point(v77, 'P'), hash: 'sha1' } as const;
  itIsTheKernelAskedFor([domain]);

  const secret = { alpha: number(v77, 'alpha'), beta: number(v77, 'beta'), gamma: number(v77, 'gamma') };
  const params = bb1PublicParameters(domain, secret);
  const kernel = kernelFor(domain);
  const id = fromHex(text(v77, 'idHex'));
  const key = bb1ExtractPrivateKey(domain, secret, id, (octets) => fromBigInt(number(v77, 'r'), octets));

  it('BBsetup: P_1, P_2, P_3 and v', () => {
    const [re, im] = pair(v77, 'v');
    expect(params).toEqual({
      ...domain,
      P1: point(v77, 'P1'),
      P2: point(v77, 'P2'),
      P3: point(v77, 'P3'),
      v: { re, im },
    });
  });

  it('7.7 BBextractPriv with the printed r', () => {
    expect(pointFromOctets(kernel, key.d0)).toEqual(point(v77, 'D0'));
    expect(pointFromOctets(kernel, key.d1)).toEqual(point(v77, 'D1'));
  });

  it('7.8 BBencrypt with the printed s, which also decrypts', () => {
    const m = fromHex(text(v78, 'mHex'));
    let first = true;
    const random = seeded('blinding');
    const c = bb1Encrypt(params, id, m, (octets) => {
      if (!first) return random(octets);
      first = false;
      return fromBigInt(number(v78, 's'), octets);
    });
    expect({ ...c, y: toHex(c.y) }).toEqual({
      c0: point(v78, 'C0'),
      c1: point(v78, 'C1'),
      u: number(v78, 'u'),
      y: text(v78, 'yHex'),
    });
    const lines = { kernel, d0: kernel.lines(key.d0), d1: kernel.lines(key.d1) };
    expect(bb1DecryptWith(params, lines, c, random)).toEqual(m);
  });
});

const { params, masterSecret } = bb1Setup(domainParameters(1024), seeded('bb1 setup'));
const kernel = kernelFor(params);
const alice = ascii('sip:alice@operator-a.example');
const bob = ascii('sip:bob@operator-b.example');
const issuer = createBB1Issuer(params, new Secret('BB1MasterSecret', encodeBB1MasterSecret(masterSecret)));
const aliceKey = issuer.issue(alice);
const copyOf = (key: Secret<'BB1PrivateKey'>): Secret<'BB1PrivateKey'> =>
  key.use((octets) => Secret.copyOf('BB1PrivateKey', octets));
const decryptor = createBB1Decryptor(params, copyOf(aliceKey));
const m = fromHex('000102030405060708090a0b0c0d0e0f');
const ciphertext = bb1Encrypt(params, alice, m, seeded('bb1 ciphertext'));
const minusOne = params.p - 1n;
const order6 = refAdd({ x: minusOne, y: 0n }, { x: 0n, y: 1n }, params.p) as Point;

describe('the round trip', () => {
  it('returns the key to the identity and to nobody else', () => {
    const other = createBB1Decryptor(params, issuer.issue(bob));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.string(), (key, seed) => {
        const c = bb1Encrypt(params, alice, key, seeded(seed));
        expect(decryptor.decrypt(c)).toEqual(key);
        expect(() => other.decrypt(c)).toThrow(failed);
        expect(decodeBB1Ciphertext(encodeBB1Ciphertext(c), params)).toEqual(c);
      }),
      { numRuns: 6 },
    );
    other.close();
  });

  it('a key is drawn anew each time, and each opens', () => {
    const again = issuer.issue(alice);
    expect(again.equals(aliceKey)).toBe(false);
    const second = createBB1Decryptor(params, again);
    expect(second.decrypt(ciphertext)).toEqual(m);
    second.close();
  });

  it('a decryptor decrypts however many other curves were used since', () => {
    useOtherCurves();
    expect(decryptor.decrypt(ciphertext)).toEqual(m);
  });
});

describe('decryption refuses with one error', () => {
  const { c0, c1, u, y } = ciphertext;
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((octet, i) => (i === 0 ? octet ^ 1 : octet));
  const cases: [string, BB1Ciphertext][] = [
    ['C_0 off the curve', { c0: { x: c0.x, y: c0.y ^ 1n }, c1, u, y }],
    ['C_1 off the curve', { c0, c1: { x: c1.x, y: c1.y ^ 1n }, u, y }],
    ['C_0 outside the field', { c0: { x: c0.x + params.p, y: c0.y }, c1, u, y }],
    ['C_0 of order 2', { c0: { x: minusOne, y: 0n }, c1, u, y }],
    ['C_0 of order 3', { c0: { x: 0n, y: 1n }, c1, u, y }],
    ['C_1 of order 6', { c0, c1: order6, u, y }],
    ['C_0 with a component of order 6', { c0: refAdd(c0, order6, params.p) as Point, c1, u, y }],
    ['C_1 with a component of order 6, which no pairing sees', { c0, c1: refAdd(c1, order6, params.p) as Point, u, y }],
    ['C_0 and C_1 exchanged', { c0: c1, c1: c0, u, y }],
    ['C_1 negated', { c0, c1: { x: c1.x, y: params.p - c1.y }, u, y }],
    ['u changed', { c0, c1, u: u ^ 1n, y }],
    ['u not below q', { c0, c1, u: u + params.q, y }],
    ['u negative', { c0, c1, u: u - params.q, y }],
    ['y changed', { c0, c1, u, y: flip(y) }],
    ['y shorter', { c0, c1, u, y: y.subarray(0, 15) }],
    ['y empty', { c0, c1, u, y: new Uint8Array() }],
    ['y longer than the hash', { c0, c1, u, y: new Uint8Array(21) }],
    ['no point at all', { c0: undefined as unknown as Point, c1, u, y }],
  ];
  it.each(cases)('%s: IbeDecryptFailed', (_name, c) => {
    expect(() => decryptor.decrypt(c)).toThrow(failed);
    expect(decryptor.decrypt(ciphertext)).toEqual(m);
  });
});

describe('private keys and holders', () => {
  const halves = aliceKey.use((octets) => decodeBB1PrivateKey(octets, params));
  const [d0, d1] = [halves.d0, halves.d1].map((octets) => pointFromOctets(kernel, octets)) as [Point, Point];
  const blockOf = (a: Point, b: Point): Secret<'BB1PrivateKey'> =>
    new Secret('BB1PrivateKey', encodeBB1PrivateKey({ d0: pointToOctets(kernel, a), d1: pointToOctets(kernel, b) }));

  it('a key verifies for its identity', () => {
    verifyBB1PrivateKey(params, alice, aliceKey);
    expect(encodeBB1PrivateKey(halves)).toEqual(aliceKey.use((octets) => Uint8Array.from(octets)));
  });

  it.each<[string, () => Secret<'BB1PrivateKey'>]>([
    ["another identity's key", () => issuer.issue(bob)],
    ['D_0 negated', () => blockOf({ x: d0.x, y: params.p - d0.y }, d1)],
    ['D_0 and D_1 exchanged', () => blockOf(d1, d0)],
    ['D_1 of another key', () => blockOf(d0, params.P)],
    ['D_0 with a component of order 6', () => blockOf(refAdd(d0, order6, params.p) as Point, d1)],
    ['D_1 with a component of order 6', () => blockOf(d0, refAdd(d1, order6, params.p) as Point)],
    ['D_0 off the curve', () => blockOf({ x: d0.x, y: d0.y ^ 1n }, d1)],
    ['D_1 off the curve', () => blockOf(d0, { x: d1.x, y: d1.y ^ 1n })],
  ])('%s: BadPrivateKey', (_name, key) => {
    expect(() => {
      verifyBB1PrivateKey(params, alice, key());
    }).toThrow(coded('BadPrivateKey'));
  });

  it('parameters that lead to the point at infinity: BadPrivateKey', () => {
    const multiple = kernel.multiply(bb1PublicKey(params, alice), params.P1) as Point;
    const P3 = { x: multiple.x, y: params.p - multiple.y };
    expect(() => {
      verifyBB1PrivateKey({ ...params, P3 }, alice, aliceKey);
    }).toThrow(coded('BadPrivateKey'));
  });

  it('an issuer wants the master secret of its parameters, and wipes it', () => {
    const other = { ...masterSecret, gamma: masterSecret.gamma + 1n };
    const block = (): Secret<'BB1MasterSecret'> => new Secret('BB1MasterSecret', encodeBB1MasterSecret(masterSecret));
    expect(() => createBB1Issuer(params, new Secret('BB1MasterSecret', encodeBB1MasterSecret(other)))).toThrow(
      coded('BadParameters'),
    );
    const secret = block();
    const one = createBB1Issuer(params, secret);
    one.close();
    one.close();
    expect(secret.wiped).toBe(true);
    expect(() => one.issue(alice)).toThrow(TypeError);
  });

  it('a decryptor decrypts until it is closed, and wipes', () => {
    const secret = copyOf(aliceKey);
    const one = createBB1Decryptor(params, secret);
    expect(one.decrypt(ciphertext)).toEqual(m);
    one.close();
    one.close();
    expect(secret.wiped).toBe(true);
    expect(() => one.decrypt(ciphertext)).toThrow(TypeError);
  });
});

describe('public parameters', () => {
  it('pass every check, and their DER', () => {
    validateBB1PublicParameters(params, { allowTestLevels: true });
    expect(decodeBB1PublicParameters(encodeBB1PublicParameters(params))).toEqual(params);
    expect(() => {
      validateBB1PublicParameters(params);
    }).toThrow(coded('LevelRefused'));
  });

  const { P1, P3, v } = params;
  it.each<[string, RegExp, Partial<BB1PublicParameters>]>([
    ['p of another size', /^p: /, { p: params.p * 2n }],
    ['P_1 off the curve', /^P1: /, { P1: { x: P1.x, y: P1.y ^ 1n } }],
    ['P_2 of wrong order', /^P2: not of order q/, { P2: order6 }],
    ['P_3 with a component of order 6', /^P3: not of order q/, { P3: refAdd(P3, order6, params.p) as Point }],
    ['v conjugated', /^v: /, { v: { re: v.re, im: params.p - v.im } }],
    ['v of another pair', /^v: /, { P2: P3 }],
  ])('%s: BadParameters', (_name, message, change) => {
    expect(() => {
      validateBB1PublicParameters({ ...params, ...change }, { allowTestLevels: true });
    }).toThrow(expect.objectContaining({ code: 'BadParameters', message: expect.stringMatching(message) as unknown }));
  });
});

describe('DER', () => {
  const three = derInteger(3n);
  const block = encodeBB1Ciphertext(ciphertext);

  it('master secrets: three members in [1, q-1] and nothing else', () => {
    const { alpha, beta, gamma } = masterSecret;
    const octets = encodeBB1MasterSecret(masterSecret);
    expect(decodeBB1MasterSecret(octets, params)).toEqual(masterSecret);
    for (const wrong of [
      { alpha: 0n, beta, gamma },
      { alpha, beta: params.q, gamma },
      { alpha, beta, gamma: params.q + 1n },
    ]) {
      expect(() => decodeBB1MasterSecret(encodeBB1MasterSecret(wrong), params)).toThrow(coded('BadParameters'));
    }
    expect(() => decodeBB1MasterSecret(derSequence(three), params)).toThrow(coded('BadParameters'));
    expect(() => decodeBB1MasterSecret(concat(octets, Uint8Array.of(0)), params)).toThrow(coded('BadDer'));
  });

  it('another version, u or y out of range', () => {
    const two = derInteger(2n);
    const at = (c: BB1Ciphertext): Uint8Array => encodeBB1Ciphertext(c);
    const points = [ciphertext.c0, ciphertext.c1].map(({ x, y }) => derSequence(derInteger(x), derInteger(y)));
    expect(toHex(derSequence(two, ...points, derInteger(ciphertext.u), derOctetString(ciphertext.y)))).toBe(
      toHex(block),
    );
    for (const wrong of [
      derSequence(three, ...points, derInteger(ciphertext.u), derOctetString(ciphertext.y)),
      at({ ...ciphertext, u: params.q }),
      at({ ...ciphertext, y: new Uint8Array() }),
      at({ ...ciphertext, y: new Uint8Array(21) }),
      at({ ...ciphertext, c1: { x: ciphertext.c1.x + params.p, y: ciphertext.c1.y } }),
    ]) {
      expect(() => decodeBB1Ciphertext(wrong, params)).toThrow(coded('BadEnvelope'));
    }
    expect(() => decodeBB1PrivateKey(derSequence(three), params)).toThrow(coded('BadPrivateKey'));
    expect(() => decodeBB1PublicParameters(derSequence(three))).toThrow(coded('BadParameters'));
  });

  it('P18 mutated ciphertext blocks are BadEnvelope, or another block that encodes to the same octets', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const mutated = block.map((octet, i) => (i === at ? octet ^ flip : octet));
        try {
          expect(toHex(encodeBB1Ciphertext(decodeBB1Ciphertext(mutated, params)))).toBe(toHex(mutated));
          accepted++;
        } catch (error) {
          if (!isHalfkeyError(error, 'BadEnvelope')) throw error;
        }
      }),
      { numRuns: 500, seed: 5091 },
    );
    expect(accepted).toBeGreaterThan(100);
    for (let length = 0; length < block.length; length++) {
      expect(() => decodeBB1Ciphertext(block.subarray(0, length), params)).toThrow(coded('BadEnvelope'));
    }
  });
});
