import { describe, expect, it } from 'vitest';
import { CURVE_PARAMETERS, kernelFor } from '../../../src/crypto/curve/index.ts';
import {
  domainParameters,
  extractPrivateKey,
  hashToPoint,
  validatePublicParameters,
  verifyPrivateKey,
  type Level,
  type PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import { validateDomain } from '../../../src/crypto/ibe/validate.ts';
import { ascii } from '../../../src/foundation/base/index.ts';
import { district, keyOf, MASTER_SECRET, vectorFile } from './fixtures.ts';

interface Parameters {
  readonly n: Level;
  readonly n_p: number;
  readonly n_q: number;
  readonly hash: string;
  readonly p: string;
  readonly q: string;
  readonly r: string;
  readonly Px: string;
  readonly Py: string;
  readonly qForm: { readonly a: number; readonly b: number; readonly s: number; readonly c: number };
}
const file = vectorFile<Record<string, Parameters>>('params-type1.json');

describe('built-in domains', () => {
  it('are those of params-type1.json, and no others', () => {
    expect(Object.keys(CURVE_PARAMETERS)).toEqual(Object.keys(file));
    for (const v of Object.values(file)) {
      const P = { x: BigInt(v.Px), y: BigInt(v.Py) };
      expect(domainParameters(v.n)).toEqual({ level: v.n, p: BigInt(v.p), q: BigInt(v.q), P, hash: v.hash });
    }
  });

  it.each(Object.values(file))('$n passes every check: sizes, primality, Solinas form, order', (v) => {
    const domain = domainParameters(v.n);
    expect(() => validateDomain(domain)).not.toThrow();
    expect(domain.p.toString(2).length).toBe(v.n_p);
    expect(domain.q.toString(2).length).toBe(v.n_q);
    expect(domain.p).toBe(12n * domain.q * BigInt(v.r) - 1n);
    const { a, b, s, c } = v.qForm;
    expect(domain.q).toBe(2n ** BigInt(a) + BigInt(s) * 2n ** BigInt(b) + BigInt(c));
  });
});

describe('validation of public parameters', () => {
  const params = district(2048);
  const { p, q, P, Ppub } = params;
  const wrongOrder = kernelFor(params).pointWithY(5n);
  const test = district(1024);

  it('accepts every level', () => {
    for (const level of [2048, 3072] as const) expect(() => validatePublicParameters(district(level))).not.toThrow();
    expect(() => validatePublicParameters(test, { allowTestLevels: true })).not.toThrow();
  });

  it('N71 level 1024 is refused without allowTestLevels: LevelRefused', () => {
    const refused = expect.objectContaining({ code: 'LevelRefused' }) as unknown;
    expect(() => validatePublicParameters(test)).toThrow(refused);
    expect(() => validatePublicParameters(test, {})).toThrow(refused);
    expect(() => validatePublicParameters(test, { allowTestLevels: false })).toThrow(refused);
    expect(domainParameters(1024).level).toBe(1024);
  });

  // A composite q that is a Solinas number of 224 bits, and p = 12qr - 1 of 1024 bits, 11 mod 12.
  const compositeQ = 2n ** 224n - 2n ** 5n + 1n;
  const pOfCompositeQ = 12n * compositeQ * (2n ** 1023n / (12n * compositeQ) + 1n) - 1n;
  const cases: [string, RegExp, Partial<Record<keyof PublicParameters, unknown>>][] = [
    ['a level that does not exist', /^level: /, { level: 4096 }],
    ['a level as a text', /^level: /, { level: '2048' }],
    ['the test level as a text', /^level: /, { ...district(), level: '1024' }],
    ['a level that is a member of every object', /^level: /, { level: 'constructor' }],
    ['hash of another level', /^hash: /, { hash: 'sha256' }],
    ['p of another size', /^p: not of 1024 bits/, { p: file['3072']?.p && BigInt(file['3072'].p) }],
    ['p negative', /^p: /, { p: -p }],
    ['q of another size', /^q: not of 224 bits/, { q: BigInt(file['3072']?.q ?? 0) }],
    ['p not 11 modulo 12', /^p: not 11/, { p: p + 4n }],
    ['q not a divisor of p + 1', /^q: does not divide/, { p: p + 12n }],
    ['q no Solinas number', /^q: not of the form/, { q: q - 2n ** 100n, p: nearbyP(q - 2n ** 100n) }],
    ['q composite', /^q: not prime/, { q: compositeQ, p: pOfCompositeQ }],
    ['p composite', /^p: not prime/, { p: nearbyP(q) }],
    ['P off the curve', /^P: /, { P: { x: P.x, y: P.y + 1n } }],
    ['P not below p', /^P: /, { P: { x: P.x + p, y: P.y } }],
    ['P of wrong order', /^P: not of order q/, { P: wrongOrder }],
    ['P of order 2', /^P: not of order q/, { P: { x: p - 1n, y: 0n } }],
    ['P missing', /^P: /, { P: {} }],
    ['P_pub off the curve', /^P_pub: /, { Ppub: { x: Ppub.x + 1n, y: Ppub.y } }],
    ['P_pub of wrong order', /^P_pub: not of order q/, { Ppub: wrongOrder }],
    ['P_pub of order 3', /^P_pub: not of order q/, { Ppub: { x: 0n, y: 1n } }],
    ['P_pub equal to P', /^P_pub: equals P/, { Ppub: P }],
  ];

  it.each(cases)('N69 %s: BadParameters', (_name, message, change) => {
    const changed = { ...params, ...change } as PublicParameters;
    expect(() => validatePublicParameters(changed)).toThrow(
      expect.objectContaining({ code: 'BadParameters', message: expect.stringMatching(message) as unknown }),
    );
  });

  it('the composites are what the cases say', () => {
    expect(compositeQ.toString(2).length).toBe(224);
    expect((pOfCompositeQ + 1n) % (12n * compositeQ)).toBe(0n);
    expect(pOfCompositeQ.toString(2).length).toBe(1024);
  });

  it('a foreign domain that is sound is accepted: another generator', () => {
    const kernel = kernelFor(params);
    const Q = hashToPoint(params, ascii('another generator'));
    const Ppub2 = kernel.multiply(MASTER_SECRET, Q);
    expect(() => validatePublicParameters({ ...params, P: Q, Ppub: Ppub2 ?? Q })).not.toThrow();
  });
});

describe('validation of private keys', () => {
  const params = district();
  const alice = ascii('alice');
  const S = keyOf(params, alice);
  const kernel = kernelFor(params);

  it('accepts the right key', () => {
    expect(() => verifyPrivateKey(params, alice, S)).not.toThrow();
  });

  it.each([
    ["another identity's key", keyOf(params, ascii('bob'))],
    ['a key under another master secret', extractPrivateKey(params, MASTER_SECRET + 1n, alice)],
    ['the negated key', { x: S.x, y: params.p - S.y }],
    ['Q_id itself', hashToPoint(params, alice)],
    ['a point of another order', kernel.pointWithY(5n)],
    ['a point of order 3', { x: 0n, y: 1n }],
    ['a point off the curve', { x: S.x, y: S.y ^ 1n }],
    ['a point outside the field', { x: S.x + params.p, y: S.y }],
  ])('N72 %s: BadPrivateKey', (_name, key) => {
    expect(() => verifyPrivateKey(params, alice, key)).toThrow(expect.objectContaining({ code: 'BadPrivateKey' }));
  });
});

/** A multiple of 12q of 1024 bits, less one, that is not prime: a multiple of 5. */
function nearbyP(q: bigint): bigint {
  for (let r = 2n ** 1023n / (12n * q) + 1n; ; r++) {
    const p = 12n * q * r - 1n;
    if (p % 5n === 0n) return p;
  }
}
