/** Curves, points, scalars; K_SESSION of every golden file; hostile points and scalars (protocol profile 5.3 T5). */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  assertPoint,
  commitmentHolds,
  ecCurve,
  publicPoint,
  randomScalar,
  sharedPoint,
} from '../../../src/crypto/ecdh/index.ts';
import { fromBigInt, fromHex, Secret, systemRandom, toBigInt, toHex } from '../../../src/foundation/base/index.ts';

interface Golden {
  curve: string;
  x: string;
  y: string;
  xP: string;
  yP: string;
  K_SESSION: string;
}
const vectors = new URL('../../vectors/', import.meta.url);
const golden = readdirSync(vectors)
  .filter((name) => /^golden-.*\.json$/.test(name))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, vectors), 'utf8')) as Golden] as const);
const curves = [8, 11, 14].map((number) => ecCurve(number));

function scalarOf(octets: Uint8Array): Secret<'EcdhScalar'> {
  return new Secret('EcdhScalar', octets);
}
function small(curve: (typeof curves)[number], value: bigint): Secret<'EcdhScalar'> {
  return scalarOf(fromBigInt(value, curve.scalarLength));
}

describe('ecCurve', () => {
  it('finds each curve by number and by name', () => {
    expect(curves.map(({ name }) => name)).toEqual(['P-256', 'P-384', 'P-521']);
    for (const curve of curves) expect(ecCurve(curve.name)).toBe(curve);
    expect(curves.map(({ scalarLength, pointLength }) => [scalarLength, pointLength])).toEqual([
      [32, 65],
      [48, 97],
      [66, 133],
    ]);
  });

  it.each([0, 1, 7, 9, 15, 255, -1, NaN, 'P-192', 'prime256v1'])('N36 curve %s: InvalidDh', (curve) => {
    expect(() => ecCurve(curve)).toThrow(expect.objectContaining({ code: 'InvalidDh' }));
  });
});

describe('known answers', () => {
  it.each(golden)('%s: xP, yP and K_SESSION both ways', (_name, file) => {
    const curve = ecCurve(file.curve);
    const x = scalarOf(fromHex(file.x.slice(2)));
    const y = scalarOf(fromHex(file.y.slice(2)));
    expect(toHex(publicPoint(curve, x))).toBe(file.xP);
    expect(toHex(publicPoint(curve, y))).toBe(file.yP);
    expect(sharedPoint(curve, x, fromHex(file.yP)).use(toHex)).toBe(file.K_SESSION);
    expect(sharedPoint(curve, y, fromHex(file.xP)).use(toHex)).toBe(file.K_SESSION);
  });

  it('vectors-derivation.json', () => {
    const file = JSON.parse(readFileSync(new URL('vectors-derivation.json', vectors), 'utf8')) as Golden;
    const curve = ecCurve('P-256');
    expect(sharedPoint(curve, scalarOf(fromHex(file.x)), fromHex(file.yP)).use(toHex)).toBe(file.K_SESSION);
    expect(sharedPoint(curve, scalarOf(fromHex(file.y)), fromHex(file.xP)).use(toHex)).toBe(file.K_SESSION);
  });
});

describe.each(curves)('$name', (curve) => {
  const Q = publicPoint(curve, small(curve, 12345n));

  it('[x]Q with Q = [q]P is the public point of xq mod n, at the edges of [1, n-1] too', () => {
    for (const x of [1n, 2n, 3n, 255n, curve.order - 2n, curve.order - 1n]) {
      const expected = publicPoint(curve, small(curve, (12345n * x) % curve.order));
      expect(toHex(sharedPoint(curve, small(curve, x), Q).use((k) => Uint8Array.from(k)))).toBe(toHex(expected));
    }
  });

  it('two parties agree', () => {
    for (let i = 0; i < 8; i++) {
      const a = randomScalar(curve, systemRandom);
      const b = randomScalar(curve, systemRandom);
      expect(sharedPoint(curve, a, publicPoint(curve, b)).equals(sharedPoint(curve, b, publicPoint(curve, a)))).toBe(
        true,
      );
    }
  });

  it('N37 InvalidPoint for every other form, length and coordinate', () => {
    const n = curve.scalarLength;
    const offCurve = Uint8Array.from(Q);
    offCurve[n] = (offCurve[n] as number) ^ 1;
    const forms = [
      new Uint8Array(0),
      Uint8Array.of(0),
      new Uint8Array(curve.pointLength),
      Uint8Array.of(0x04, ...new Uint8Array(2 * n)),
      Uint8Array.of(0x02, ...Q.subarray(1, 1 + n)),
      Uint8Array.of(0x06, ...Q.subarray(1)),
      Uint8Array.of(0x07, ...Q.subarray(1)),
      Q.subarray(0, -1),
      Uint8Array.of(...Q, 0),
      offCurve,
      Uint8Array.of(0x04, ...new Uint8Array(2 * n).fill(0xff)),
    ];
    for (const form of forms) {
      expect(() => {
        assertPoint(curve, form);
      }).toThrow(expect.objectContaining({ code: 'InvalidPoint' }));
      expect(() => sharedPoint(curve, small(curve, 7n), form)).toThrow(
        expect.objectContaining({ code: 'InvalidPoint' }),
      );
    }
    expect(() => {
      assertPoint(curve, Q);
    }).not.toThrow();
  });

  it('N64 the commitment fails for 0, n, above n, a wrong length and another point', () => {
    expect(commitmentHolds(curve, small(curve, 12345n), Q)).toBe(true);
    expect(commitmentHolds(curve, small(curve, 12346n), Q)).toBe(false);
    expect(commitmentHolds(curve, small(curve, 12345n), Q.subarray(1))).toBe(false);
    expect(commitmentHolds(curve, small(curve, 0n), Q)).toBe(false);
    expect(commitmentHolds(curve, small(curve, 0n), publicPoint(curve, small(curve, 1n)))).toBe(false);
    expect(commitmentHolds(curve, small(curve, curve.order), Q)).toBe(false);
    expect(commitmentHolds(curve, small(curve, curve.order + 1n), publicPoint(curve, small(curve, 1n)))).toBe(false);
    expect(commitmentHolds(curve, small(curve, curve.order + 12345n), Q)).toBe(false);
    expect(commitmentHolds(curve, scalarOf(Uint8Array.of(0x30, 0x39)), Q)).toBe(false);
    expect(commitmentHolds(curve, scalarOf(new Uint8Array(curve.scalarLength).fill(0xff)), Q)).toBe(false);
  });

  it('a scalar outside [1, n-1] is misuse', () => {
    for (const bad of [small(curve, 0n), small(curve, curve.order), scalarOf(Uint8Array.of(1))]) {
      expect(() => publicPoint(curve, bad)).toThrow(TypeError);
      expect(() => sharedPoint(curve, bad, Q)).toThrow(TypeError);
    }
  });

  it('randomScalar draws again outside [1, n-1] and wipes what it refused', () => {
    const top = fromBigInt(curve.order, curve.scalarLength);
    const draws = [new Uint8Array(curve.scalarLength), top, fromBigInt(curve.order - 1n, curve.scalarLength)];
    let drawn = 0;
    const scalar = randomScalar(curve, () => draws[drawn++] as Uint8Array);
    expect(drawn).toBe(3);
    expect(scalar.use(toBigInt)).toBe(curve.order - 1n);
    expect(top.every((octet) => octet === 0)).toBe(true);
  });
});
