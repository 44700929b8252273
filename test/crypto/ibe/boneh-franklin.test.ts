import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelFor, type Point } from '../../../src/crypto/curve/index.ts';
import { digest } from '../../../src/crypto/ibe/hash.ts';
import {
  createDecryptor,
  createIssuer,
  decrypt,
  derivePublicParameters,
  domainParameters,
  encodePrivateKey,
  encrypt,
  extractPrivateKey,
  hashToPoint,
  masterSecretFor,
  setup,
  verifyPrivateKey,
  type Ciphertext,
  type Level,
} from '../../../src/crypto/ibe/index.ts';
import { ascii, concat, fromBigInt, fromHex, Secret, systemRandom, toHex } from '../../../src/foundation/base/index.ts';
import { refAdd } from '../curve/reference.ts';
import { itIsTheKernelAskedFor } from '../../support/kernel-of-run.ts';
import { district, keyOf, MASTER_SECRET, seeded, vectorFile, useOtherCurves } from './fixtures.ts';

interface Synthetic {
  readonly n: Level;
  readonly idHex: string;
  readonly masterSecret: string;
  readonly Ppub: [string, string];
  readonly Qid: [string, string];
  readonly Sid: [string, string];
  readonly theta: [string, string];
  readonly U: [string, string];
  readonly m: string;
  readonly rho: string;
  readonly t: string;
  readonly l: string;
  readonly V: string;
  readonly W: string;
}

const asPoint = ([x, y]: [string, string]): Point => ({ x: BigInt(x), y: BigInt(y) });
const params = district();
const alice = ascii('sip:alice@operator-a.example');
const S = keyOf(params, alice);
const m = fromHex('000102030405060708090a0b0c0d0e0f');
const ciphertext = encrypt(params, alice, m, seeded('ciphertext'));
const failed = expect.objectContaining({
  code: 'IbeDecryptFailed',
  message: 'the encrypted part does not open',
}) as unknown;

describe.each(vectorFile<{ vectors: Synthetic[] }>('vectors-bf-synthetic.json').vectors)('synthetic vector $n', (v) => {
  const domain = domainParameters(v.n);
  const id = fromHex(v.idHex);
  const known = derivePublicParameters(domain, BigInt(v.masterSecret));
  itIsTheKernelAskedFor([domain]);

  it('derives P_pub, Q_id and S_id', () => {
    expect(known.Ppub).toEqual(asPoint(v.Ppub));
    expect(hashToPoint(domain, id)).toEqual(asPoint(v.Qid));
    expect(extractPrivateKey(domain, BigInt(v.masterSecret), id)).toEqual(asPoint(v.Sid));
    expect(() => verifyPrivateKey(known, id, asPoint(v.Sid))).not.toThrow();
  });

  it('encrypts and decrypts', () => {
    const c = encrypt(known, id, fromHex(v.m), () => fromHex(v.rho));
    expect(toHex(digest(domain.hash, fromHex(v.m)))).toBe(v.t);
    expect({ u: c.u, v: toHex(c.v), w: toHex(c.w) }).toEqual({ u: asPoint(v.U), v: v.V, w: v.W });
    expect(kernelFor(domain).multiply(BigInt(v.l), domain.P)).toEqual(c.u);
    const { re, im } = kernelFor(domain).pairing(asPoint(v.Sid), c.u);
    expect([re, im]).toEqual(v.theta.map(BigInt));
    expect(toHex(decrypt(domain, asPoint(v.Sid), c))).toBe(v.m);
  });
});

describe('P3 the round trip', () => {
  it('returns the key to the identity and to nobody else', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        fc.string(),
        (id, key, seed) => {
          const c = encrypt(params, id, key, seeded(seed));
          expect(decrypt(params, keyOf(params, id), c)).toEqual(key);
          expect(() => decrypt(params, S, c)).toThrow(failed);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('fails under another master secret, with the same identity', () => {
    const other = extractPrivateKey(params, MASTER_SECRET + 1n, alice);
    expect(() => decrypt(params, other, ciphertext)).toThrow(failed);
    expect(decrypt(params, S, ciphertext)).toEqual(m);
  });

  it('works at 7680', () => {
    const big = district(7680);
    const key = seeded('key')(32);
    expect(decrypt(big, keyOf(big, alice), encrypt(big, alice, key, seeded('7680')))).toEqual(key);
  });

  it('draws rho again when l is 0', () => {
    // A curve of RFC 5091's form with q = 5, where one rho in five leads to l = 0.
    const q = 5n;
    const p = 12n * q * 2n * 9n - 1n;
    const kernel = kernelFor({ p: 239n, q });
    expect(p).toBe(1079n);
    const P = kernel.multiply(240n / q, kernel.pointWithY(2n)) as Point;
    const tiny = derivePublicParameters({ level: 1024, p: 239n, q, P, hash: 'sha1' }, 3n);
    let draws = 0;
    const random = seeded('tiny');
    for (let i = 0; i < 30; i++) {
      const c = encrypt(tiny, alice, m, (octets) => {
        draws++;
        return random(octets);
      });
      expect(decrypt(tiny, extractPrivateKey(tiny, 3n, alice), c)).toEqual(m);
    }
    expect(draws).toBeGreaterThan(30);
  });
});

describe('P5 hashing to a point', () => {
  it('gives points on the curve, of order q, always the same', () => {
    const kernel = kernelFor(params);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (id) => {
        const Q = hashToPoint(params, id);
        expect(kernel.isOnCurve(Q) && kernel.hasOrderQ(Q)).toBe(true);
        expect(hashToPoint(params, Uint8Array.from(id))).toEqual(Q);
      }),
      { numRuns: 10 },
    );
  });
});

describe('decryption refuses with one error', () => {
  const minusOne = params.p - 1n;
  const order6 = refAdd({ x: minusOne, y: 0n }, { x: 0n, y: 1n }, params.p) as Point;
  const { u, v, w } = ciphertext;
  const flip = (bytes: Uint8Array, at = 0): Uint8Array => bytes.map((octet, i) => (i === at ? octet ^ 1 : octet));
  const cases: [string, Ciphertext][] = [
    ['N28 U off the curve', { u: { x: u.x, y: u.y ^ 1n }, v, w }],
    ['N28 U outside the field', { u: { x: u.x + params.p, y: u.y }, v, w }],
    ['N30 U = (x, 0)', { u: { x: minusOne, y: 0n }, v, w }],
    ['N30 U = (0, 1)', { u: { x: 0n, y: 1n }, v, w }],
    ['N30 U = (0, -1)', { u: { x: 0n, y: minusOne }, v, w }],
    ['N30 U of order 6', { u: order6, v, w }],
    ['N30 U with a component of order 6', { u: refAdd(u, order6, params.p) as Point, v, w }],
    ['N30 U of an order without bound', { u: kernelFor(params).pointWithY(5n), v, w }],
    ['U another point of order q', { u: params.P, v, w }],
    ['U negated', { u: { x: u.x, y: params.p - u.y }, v, w }],
    ['V changed', { u, v: flip(v, 19), w }],
    ['V short', { u, v: v.subarray(1), w }],
    ['N32 W changed', { u, v, w: flip(w) }],
    ['W shorter', { u, v, w: w.subarray(0, 15) }],
    ['W empty', { u, v, w: new Uint8Array() }],
    ['W longer than the hash', { u, v, w: new Uint8Array(21) }],
    ['no U at all', { u: undefined as unknown as Point, v, w }],
  ];

  it.each(cases)('%s: IbeDecryptFailed', (_name, c) => {
    expect(() => decrypt(params, S, c)).toThrow(failed);
  });

  it('a private key of wrong order opens nothing; one off the curve is BadPoint', () => {
    expect(() => decrypt(params, order6, ciphertext)).toThrow(failed);
    expect(() => decrypt(params, { x: 1n, y: 1n }, ciphertext)).toThrow(expect.objectContaining({ code: 'BadPoint' }));
  });
});

describe('blinding', () => {
  // The regular paths of the other kernels replace it (protocol profile 1.6).
  it('changes no result, and draws fresh randomness every time where BigInt computes', () => {
    const [forDecryption, forExtraction] = kernelFor(params).kind === 'bigint' ? [20, 16] : [0, 0];
    for (const seed of ['1', '2', '3']) {
      let drawn = 0;
      const random = seeded(seed);
      const counted = (octets: number): Uint8Array => {
        drawn += octets;
        return random(octets);
      };
      expect(decrypt(params, S, ciphertext, counted)).toEqual(m);
      expect(drawn).toBeGreaterThanOrEqual(forDecryption);
      drawn = 0;
      expect(extractPrivateKey(params, MASTER_SECRET, alice, counted)).toEqual(S);
      expect(drawn).toBeGreaterThanOrEqual(forExtraction);
    }
  });
});

describe('setup', () => {
  it('gives a master secret in range that fits P_pub', () => {
    const { params: fresh, masterSecret } = setup(domainParameters(1024), systemRandom);
    expect(masterSecret >= 2n && masterSecret < fresh.q).toBe(true);
    expect(kernelFor(fresh).multiply(masterSecret, fresh.P)).toEqual(fresh.Ppub);
  });

  it('refuses a master secret outside 2 to q - 1', () => {
    for (const s of [-1n, 0n, 1n, params.q, params.q + 5n]) {
      const refused = expect.objectContaining({ code: 'BadParameters' }) as unknown;
      expect(() => derivePublicParameters(params, s)).toThrow(refused);
      expect(() => extractPrivateKey(params, s, alice)).toThrow(refused);
    }
  });

  it('takes a master secret as octets too, with leading zeros or without, and checks the same range', () => {
    const octets = fromBigInt(MASTER_SECRET, 16);
    for (const given of [octets, concat(new Uint8Array(9), octets)]) {
      expect(derivePublicParameters(params, given)).toEqual(params);
      const kept = masterSecretFor(params, Secret.copyOf('IbeMasterSecret', given), systemRandom);
      expect(kept.use(toHex)).toBe(toHex(fromBigInt(MASTER_SECRET, 20)));
    }
    const { q } = params;
    for (const given of [new Uint8Array(), Uint8Array.of(1), fromBigInt(q, 20), fromBigInt(q * 256n + 5n, 21)]) {
      const refused = expect.objectContaining({ code: 'BadParameters' }) as unknown;
      expect(() => derivePublicParameters(params, given)).toThrow(refused);
    }
    for (const edge of [2n, q - 1n]) expect(() => derivePublicParameters(params, fromBigInt(edge, 20))).not.toThrow();
  });

  it('draws a master secret again until it is in range', () => {
    const draws = ['ff'.repeat(20), '00'.repeat(20), '00'.repeat(19) + '01', '00'.repeat(19) + '02'].map(fromHex);
    expect(masterSecretFor(params, undefined, () => draws.shift()!).use(toHex)).toBe('00'.repeat(19) + '02');
    expect(draws).toEqual([]);
  });

  it('misuse is a TypeError', () => {
    expect(() => domainParameters(15360 as Level)).toThrow(TypeError);
    expect(() => encrypt(params, alice, new Uint8Array(21), systemRandom)).toThrow(TypeError);
    expect(() => encrypt(params, alice, new Uint8Array(), systemRandom)).toThrow(TypeError);
    expect(() => encrypt(params, alice, m, () => new Uint8Array(19))).toThrow(TypeError);
  });

  it('encryption under a P_pub of wrong order or off the curve is BadPoint', () => {
    const bad = expect.objectContaining({ code: 'BadPoint' }) as unknown;
    const y5 = kernelFor(params).pointWithY(5n);
    expect(() => encrypt({ ...params, Ppub: y5 }, alice, m, systemRandom)).toThrow(bad);
    expect(() => encrypt({ ...params, Ppub: { x: 1n, y: 1n } }, alice, m, systemRandom)).toThrow(bad);
  });
});

describe('holders of secrets', () => {
  const masterSecret = (s: bigint): Secret<'IbeMasterSecret'> => new Secret('IbeMasterSecret', fromBigInt(s, 20));
  const privateKey = (point: Point): Secret<'IbePrivateKey'> => new Secret('IbePrivateKey', encodePrivateKey(point));

  it('an issuer issues until it is closed, and wipes', () => {
    const secret = masterSecret(MASTER_SECRET);
    const issuer = createIssuer(params, secret);
    expect(issuer.issue(alice).use(toHex)).toBe(toHex(encodePrivateKey(S)));
    issuer.close();
    issuer.close();
    expect(secret.wiped).toBe(true);
    expect(() => issuer.issue(alice)).toThrow(TypeError);
  });

  it('an issuer needs the master secret of its parameters', () => {
    const bad = expect.objectContaining({ code: 'BadParameters' }) as unknown;
    expect(() => createIssuer(params, masterSecret(MASTER_SECRET + 1n))).toThrow(bad);
    expect(() => createIssuer(params, masterSecret(1n))).toThrow(bad);
  });

  it('a decryptor decrypts until it is closed, and wipes', () => {
    const secret = privateKey(S);
    const decryptor = createDecryptor(params, secret);
    expect(decryptor.decrypt(ciphertext)).toEqual(m);
    expect(() => decryptor.decrypt({ ...ciphertext, w: new Uint8Array(16) })).toThrow(failed);
    expect(decryptor.decrypt(ciphertext)).toEqual(m);
    decryptor.close();
    decryptor.close();
    expect(secret.wiped).toBe(true);
    expect(() => decryptor.decrypt(ciphertext)).toThrow(TypeError);
  });

  it('a decryptor decrypts however many other curves were used since, and computes on the kernel it began with', () => {
    const decryptor = createDecryptor(params, privateKey(S));
    const kernel = kernelFor(params);
    useOtherCurves();
    expect(decryptor.decrypt(ciphertext)).toEqual(m);
    // A second kernel of the curve would cost its memory once more.
    expect(kernelFor(params)).toBe(kernel);
    decryptor.close();
  });

  it('a decryptor refuses a key that is none', () => {
    const bad = expect.objectContaining({ code: 'BadPrivateKey' }) as unknown;
    expect(() => createDecryptor(params, privateKey({ x: 1n, y: 1n }))).toThrow(bad);
    expect(() => createDecryptor(params, privateKey({ x: S.x + params.p, y: S.y }))).toThrow(bad);
    expect(() => createDecryptor(params, privateKey(kernelFor(params).pointWithY(5n)))).toThrow(bad);
    expect(() => createDecryptor(params, new Secret('IbePrivateKey', fromHex('3000')))).toThrow(
      expect.objectContaining({ code: 'BadDer' }),
    );
  });
});
