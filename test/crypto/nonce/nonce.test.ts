/** NA and NB in three modes against the vectors, and what must not open (protocol profile 4.2; P11). */
import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ecCurve, publicPoint, randomScalar } from '../../../src/crypto/ecdh/index.ts';
import {
  associatedData,
  nonceEpoch,
  nonceLength,
  openCommittedNonce,
  openNonce,
  sealNonce,
  type NonceContext,
  type NonceMode,
} from '../../../src/crypto/nonce/index.ts';
import {
  concat,
  fromBigInt,
  fromHex,
  ntpTime,
  Secret,
  systemRandom,
  toHex,
} from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';

interface Golden {
  curve: string;
  nonceMode: NonceMode;
  nonceEpoch: number;
  T1: string;
  csbId: string;
  MS: { A: string; B: string };
  x: string;
  y: string;
  xP: string;
  yP: string;
  NA: string;
  NB: string;
}
interface Derivation {
  x: string;
  xP: string;
  csb_id: string;
  nonce: Record<string, string>;
}
const vectors = new URL('../../vectors/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, vectors), 'utf8'));
const golden = readdirSync(vectors)
  .filter((name) => /^golden-.*\.json$/.test(name))
  .map((name) => [name, read(name) as Golden] as const);

const scalarOf = (hex: string): Secret<'EcdhScalar'> => new Secret('EcdhScalar', fromHex(hex.replace('0x', '')));
const masterOf = (hex: string): Secret<'MasterSecret'> => new Secret('MasterSecret', fromHex(hex));
const code = (name: string): unknown => expect.objectContaining({ code: name });
const alice = identityFromText('sip:alice@operator-a.example');
const bob = identityFromText('sip:bob@operator-b.example');

describe('vectors-derivation.json', () => {
  const { x, xP, csb_id: csbId, nonce } = read('vectors-derivation.json') as Derivation;
  const context: NonceContext = {
    role: 1,
    curve: ecCurve('P-256'),
    csbId: fromHex(csbId),
    t1: ntpTime(fromHex(nonce['T'] as string)),
    identity: identityFromText(nonce['identity'] as string),
  };
  const masterSecret = masterOf(nonce['MS'] as string);

  it('associated data', () => {
    expect(toHex(associatedData(context, 7))).toBe(nonce['mode3_ad']);
  });
  it.each([
    [1, nonce['mode1_aes256_ecb']],
    [2, `0200000007${nonce['mode2_kwp_rfc5649'] as string}`],
    [3, nonce['mode3_wire']],
  ] as const)('mode %i', (mode, wire) => {
    const input = { mode, masterSecret, epoch: 7, context };
    expect(toHex(sealNonce({ ...input, scalar: scalarOf(x) }))).toBe(wire);
    expect(openNonce({ ...input, nonce: fromHex(wire as string) }).use(toHex)).toBe(x);
    const opened = openCommittedNonce({ ...input, nonce: fromHex(wire as string), ownPoint: fromHex(xP) });
    expect(opened.use(toHex)).toBe(x);
  });
});

describe.each(golden)('%s', (_name, file) => {
  const common = { curve: ecCurve(file.curve), csbId: fromHex(file.csbId), t1: ntpTime(fromHex(file.T1)) };
  const sides = [
    { context: { ...common, role: 1, identity: alice }, ms: file.MS.A, scalar: file.x, point: file.xP, nonce: file.NA },
    { context: { ...common, role: 2, identity: bob }, ms: file.MS.B, scalar: file.y, point: file.yP, nonce: file.NB },
  ] as const;

  it.each(sides)('sealed from the scalar and opened, role $context.role', ({ context, ms, scalar, point, nonce }) => {
    const input = { mode: file.nonceMode, masterSecret: masterOf(ms), epoch: file.nonceEpoch, context };
    expect(toHex(sealNonce({ ...input, scalar: scalarOf(scalar) }))).toBe(nonce);
    expect(openNonce({ ...input, nonce: fromHex(nonce) }).use(toHex)).toBe(scalar.slice(2));
    const opened = openCommittedNonce({ ...input, nonce: fromHex(nonce), ownPoint: fromHex(point) });
    expect(opened.use(toHex)).toBe(scalar.slice(2));
    if (file.nonceMode !== 1) expect(nonceEpoch(fromHex(nonce))).toBe(file.nonceEpoch);
  });

  it('N58 the nonce of the other party: NONCE_COMMITMENT_MISMATCH', () => {
    const input = {
      mode: file.nonceMode,
      masterSecret: masterOf(file.MS.A),
      epoch: file.nonceEpoch,
      context: sides[0].context,
    };
    expect(() => openCommittedNonce({ ...input, nonce: fromHex(file.NB), ownPoint: fromHex(file.xP) })).toThrow(
      code('NONCE_COMMITMENT_MISMATCH'),
    );
    expect(() => openCommittedNonce({ ...input, nonce: fromHex(file.NB), ownPoint: fromHex(file.yP) })).toThrow(
      code('NONCE_COMMITMENT_MISMATCH'),
    );
  });

  it('one bit of MS changed: NONCE_COMMITMENT_MISMATCH', () => {
    const ms = fromHex(file.MS.A);
    ms[31] = (ms[31] as number) ^ 1;
    const masterSecret = new Secret('MasterSecret', ms);
    const input = { mode: file.nonceMode, masterSecret, epoch: file.nonceEpoch, context: sides[0].context };
    expect(() => openCommittedNonce({ ...input, nonce: fromHex(file.NA), ownPoint: fromHex(file.xP) })).toThrow(
      code('NONCE_COMMITMENT_MISMATCH'),
    );
  });
});

const masterSecret = new Secret('MasterSecret', systemRandom(32));
const t1 = ntpTime(fromHex('eb1facc080000000'));
const csbId = fromHex('7a5e3ba8');
function sealed(mode: NonceMode, curveName: string, value?: bigint) {
  const curve = ecCurve(curveName);
  const context: NonceContext = { role: 1, curve, csbId, t1, identity: alice };
  const scalar =
    value === undefined
      ? randomScalar(curve, systemRandom)
      : new Secret('EcdhScalar', fromBigInt(value, curve.scalarLength));
  const input = { mode, masterSecret, epoch: 7, context };
  return {
    input,
    scalar,
    nonce: sealNonce({ ...input, scalar }),
    ownPoint: value === undefined ? publicPoint(curve, scalar) : new Uint8Array(),
  };
}

describe('P11 every mode and curve', () => {
  const combinations = ([1, 2, 3] as const)
    .flatMap((mode) => ['P-256', 'P-384', 'P-521'].map((curve) => [mode, curve] as const))
    .filter(([mode, curve]) => mode !== 1 || curve !== 'P-521');

  it.each(combinations)('mode %i, %s: opens what it sealed, and no octet may change', (mode, curve) => {
    const { input, scalar, nonce, ownPoint } = sealed(mode, curve);
    expect(nonce).toHaveLength(nonceLength(mode, input.context.curve));
    expect(openCommittedNonce({ ...input, nonce, ownPoint }).equals(scalar)).toBe(true);
    for (let i = 0; i < nonce.length; i += 3) {
      const changed = Uint8Array.from(nonce);
      changed[i] = (changed[i] as number) ^ 0x10;
      expect(() => openCommittedNonce({ ...input, nonce: changed, ownPoint }), `octet ${String(i)}`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^NONCE_(COMMITMENT|CONTEXT)_MISMATCH$/) as unknown }),
      );
      // Mode 1 has no integrity of its own: that is why the commitment check exists.
      if (mode !== 1)
        expect(() => openNonce({ ...input, nonce: changed })).toThrow(
          expect.objectContaining({ name: 'HalfkeyError' }),
        );
    }
  });

  it('N63 mode 1 with P-521: ModeCurveRefused, sealing and opening', () => {
    const { input, scalar } = sealed(3, 'P-521');
    expect(() => sealNonce({ ...input, mode: 1, scalar })).toThrow(code('ModeCurveRefused'));
    expect(() => openNonce({ ...input, mode: 1, nonce: new Uint8Array(66) })).toThrow(code('ModeCurveRefused'));
  });

  it('octets of every kind: a value or a HalfkeyError, and never a value without the commitment', () => {
    const { input, ownPoint } = sealed(3, 'P-256');
    fc.assert(
      fc.property(fc.constantFrom<NonceMode>(1, 2, 3), fc.uint8Array({ maxLength: 80 }), (mode, nonce) => {
        expect(() => openCommittedNonce({ ...input, mode, nonce, ownPoint })).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^NONCE_/) as unknown }),
        );
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

describe('what a holder is told apart', () => {
  it('N59 random 32 octets in mode 1: NONCE_COMMITMENT_MISMATCH', () => {
    const { input, ownPoint } = sealed(1, 'P-256');
    for (let i = 0; i < 8; i++) {
      expect(() => openCommittedNonce({ ...input, nonce: systemRandom(32), ownPoint })).toThrow(
        code('NONCE_COMMITMENT_MISMATCH'),
      );
    }
  });

  it('N60 the right nonce with another csbId, T, role or identity: NONCE_CONTEXT_MISMATCH in mode 3', () => {
    const { input, nonce, ownPoint } = sealed(3, 'P-256');
    const others: Partial<NonceContext>[] = [
      { csbId: fromHex('7a5e3ba9') },
      { t1: ntpTime(fromHex('eb1facc080000001')) },
      { role: 2 },
      { identity: bob },
    ];
    for (const other of others) {
      const context = { ...input.context, ...other };
      expect(() => openCommittedNonce({ ...input, context, nonce, ownPoint })).toThrow(code('NONCE_CONTEXT_MISMATCH'));
      expect(() => openNonce({ ...input, context, nonce })).toThrow(code('NONCE_CONTEXT_MISMATCH'));
    }
  });

  it('modes 1 and 2 bind no context: the same nonce opens in another exchange', () => {
    for (const mode of [1, 2] as const) {
      const { input, scalar, nonce, ownPoint } = sealed(mode, 'P-256');
      const context = { ...input.context, csbId: fromHex('00000000') };
      expect(openCommittedNonce({ ...input, context, nonce, ownPoint }).equals(scalar)).toBe(true);
    }
  });

  it('N64 x = 0, n, n+1 and 2^256-1 sealed on purpose: NONCE_COMMITMENT_MISMATCH', () => {
    const n = ecCurve('P-256').order;
    const one = publicPoint(ecCurve('P-256'), new Secret('EcdhScalar', fromBigInt(1n, 32)));
    for (const mode of [1, 2, 3] as const) {
      for (const value of [0n, n, n + 1n, (1n << 256n) - 1n]) {
        const { input, nonce } = sealed(mode, 'P-256', value);
        expect(() => openCommittedNonce({ ...input, nonce, ownPoint: one })).toThrow(code('NONCE_COMMITMENT_MISMATCH'));
      }
    }
  });

  it('T4 blocks of two mode 1 nonces spliced together give nothing', () => {
    const a = sealed(1, 'P-256');
    const b = sealed(1, 'P-256');
    const nonce = concat(a.nonce.subarray(0, 16), b.nonce.subarray(16));
    for (const { ownPoint } of [a, b]) {
      expect(() => openCommittedNonce({ ...a.input, nonce, ownPoint })).toThrow(code('NONCE_COMMITMENT_MISMATCH'));
    }
  });

  it('the mode comes from provisioning: the wire octet only has to agree', () => {
    const { input, nonce, ownPoint } = sealed(3, 'P-256');
    expect(() => openCommittedNonce({ ...input, mode: 2, nonce, ownPoint })).toThrow(code('NONCE_COMMITMENT_MISMATCH'));
    const relabelled = Uint8Array.from(nonce);
    relabelled[0] = 2;
    expect(() => openCommittedNonce({ ...input, nonce: relabelled, ownPoint })).toThrow(
      code('NONCE_COMMITMENT_MISMATCH'),
    );
  });

  it('the wire epoch: read from modes 2 and 3, refused from anything else', () => {
    expect(nonceEpoch(fromHex('03fffffffe00'))).toBe(0xfffffffe);
    expect(() => nonceEpoch(fromHex('0100000007'))).toThrow(code('BadField'));
    expect(() => nonceEpoch(fromHex('03000000'))).toThrow(code('Truncated'));
    const { input, nonce, ownPoint } = sealed(3, 'P-256');
    expect(() => openCommittedNonce({ ...input, epoch: 8, nonce, ownPoint })).toThrow(code('NONCE_CONTEXT_MISMATCH'));
  });
});

it('misuse is a TypeError', () => {
  const { input, scalar } = sealed(3, 'P-256');
  expect(() => sealNonce({ ...input, scalar: new Secret('EcdhScalar', new Uint8Array(31)) })).toThrow(TypeError);
  expect(() => sealNonce({ ...input, scalar, masterSecret: new Secret('MasterSecret', new Uint8Array(16)) })).toThrow(
    TypeError,
  );
  expect(() => sealNonce({ ...input, scalar, context: { ...input.context, role: 240 as 1 } })).toThrow(TypeError);
  expect(() => sealNonce({ ...input, scalar, context: { ...input.context, csbId: new Uint8Array(3) } })).toThrow(
    TypeError,
  );
});
