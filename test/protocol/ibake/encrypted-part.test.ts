/**
 * Rows of protocol profile 7.3 that concern the encrypted part: N20, N23 to N38, at each of the three messages that have
 * one. The code stays here; what the far end sees does not tell the causes apart. After each, x or y is gone.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeCiphertext, type Ciphertext } from '../../../src/crypto/ibe/index.ts';
import { concat, HalfkeyError, toHex, uint, type ErrorCode } from '../../../src/foundation/base/index.ts';
import {
  derGeneralizedTime,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
} from '../../../src/foundation/der/index.ts';
import type { IbakeEndpoint, Refusal } from '../../../src/protocol/ibake/index.ts';
import { IMPLICIT_IDR, INNER, readChain, writeChain, type InnerPayload } from '../../../src/protocol/mikey/chain.ts';
import { FieldReader } from '../../../src/protocol/mikey/field-reader.ts';
import { encodeIbakePlaintext, readIbakeMessage, type IbakeType } from '../../../src/protocol/mikey/index.ts';
import {
  alice,
  call,
  carol,
  ends,
  Exchange,
  NOW,
  operatorA,
  operatorB,
  plainOf,
  refused,
  replied,
  resealed,
  saying,
  withEncrypted,
  withPayloads,
  withT,
  type TestEndpoint,
} from './support.ts';

type Encrypted = Exclude<IbakeType, 'R_MESSAGE_2'>;
const BF = '2.16.840.1.114334.1.1.2.1';
const BB1 = '2.16.840.1.114334.1.1.2.2';

/** What a row needs of each message: where it stands, who opens it, and what the step says of altered octets. */
const places = {
  I_MESSAGE_1: {
    octets: (ex: Exchange) => ex.i1,
    recipient: (ex: Exchange): TestEndpoint => ex.b,
    step: (ex: Exchange, octets: Uint8Array): Refusal => {
      ex.i1 = octets;
      return refused(ex.answer());
    },
    gone: (ex: Exchange) => ex.b.scalars.every(({ wiped }) => wiped),
    /** ERR number where the failure shows in the clear part of the envelope, and where it does not. */
    replies: true,
  },
  R_MESSAGE_1: {
    octets: (ex: Exchange) => (ex.r1.length > 0 ? ex.r1 : ex.toR1().r1),
    recipient: (ex: Exchange): TestEndpoint => ex.a,
    step: (ex: Exchange, octets: Uint8Array): Refusal => refused(ex.onR1({ octets })),
    gone: (ex: Exchange) => ex.state.x.wiped,
    replies: true,
  },
  I_MESSAGE_2: {
    octets: (ex: Exchange) => (ex.i2.length > 0 ? ex.i2 : ex.toI2().i2),
    recipient: (ex: Exchange): TestEndpoint => ex.b,
    step: (ex: Exchange, octets: Uint8Array): Refusal => {
      ex.i2 = octets;
      return refused(ex.onI2());
    },
    gone: (ex: Exchange) => ex.waiting.y.wiped,
    replies: false,
  },
} as const;
const ordered: readonly Encrypted[] = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2'];

interface Parts {
  readonly version?: bigint;
  readonly algorithm?: string;
  readonly serial?: bigint;
  readonly notBefore?: string;
  readonly kem?: Partial<Ciphertext>;
  readonly dem?: Uint8Array;
}

describe.each(ordered)('%s', (type) => {
  const place = places[type];
  const base = new Exchange(ends());
  place.octets(base);
  let ex: Exchange;
  let octets: Uint8Array;
  let recipient: TestEndpoint;
  beforeEach(() => {
    ex = base.copy(ends());
    octets = place.octets(ex);
    recipient = place.recipient(ex);
  });

  const envelopeOf = () => {
    const params = recipient.districts[0]?.params;
    const { encrypted } = readIbakeMessage(octets);
    return { params: params!, encrypted: encrypted!, ...decodeEnvelope(encrypted!, params!) };
  };
  /** The message with another envelope in which one part is different. */
  const rebuilt = (change: (parts: ReturnType<typeof envelopeOf>) => Parts): Uint8Array => {
    const parts = envelopeOf();
    const {
      version = 1n,
      algorithm = BF,
      serial = parts.serial,
      notBefore = parts.notBefore,
      kem = {},
      dem,
    } = change(parts);
    const head = [derInteger(version), derOid(algorithm), derInteger(serial), derGeneralizedTime(notBefore)];
    const kemOctets = encodeCiphertext({ ...parts.kem, ...kem });
    return withEncrypted(octets, derSequence(...head, kemOctets, derOctetString(dem ?? parts.dem)));
  };
  /** Takes the altered message, and requires code, reply and that the scalar is gone. */
  const expectRefused = (message: Uint8Array, code: ErrorCode, number: number): void => {
    const refusal = place.step(ex, message);
    expect([refusal.error.code, replied(refusal)]).toEqual([code, place.replies ? number : undefined]);
    expect(place.gone(ex)).toBe(true);
  };

  it('rebuilding without a change changes nothing', () => {
    expect(toHex(rebuilt(() => ({})))).toBe(toHex(octets));
  });

  it.each<readonly [string, (encrypted: Uint8Array) => Uint8Array]>([
    ['not DER', (e) => concat(Uint8Array.of(0x31), e.subarray(1))],
    ['a length that is not minimal', (e) => concat(Uint8Array.of(0x30, 0x83, 0), e.subarray(2))],
    ['an indefinite length', (e) => concat(Uint8Array.of(0x30, 0x80), e.subarray(4), Uint8Array.of(0, 0))],
    [
      'an INTEGER that is not minimal',
      (e) => {
        const body = concat(Uint8Array.of(2, 2, 0, 1), e.subarray(7));
        return concat(Uint8Array.of(0x30, 0x82), uint(body.length, 2), body);
      },
    ],
    ['trailing octets', (e) => concat(e, Uint8Array.of(0))],
    ['nothing', () => new Uint8Array(0)],
  ])('N23 %s: BadEnvelope', (_, change) => {
    expectRefused(withEncrypted(octets, change(envelopeOf().encrypted)), 'BadEnvelope', 0);
  });

  it('N24 ibeAlg bb1: InvalidEncryptionAlgorithm, ERR 4', () => {
    expectRefused(
      rebuilt(() => ({ algorithm: BB1 })),
      'InvalidEncryptionAlgorithm',
      4,
    );
  });

  it.each([0n, 2n])('N25 serial %s where 1 is held: UnknownParameterSerial', (serial) => {
    expectRefused(
      rebuilt(() => ({ serial })),
      'UnknownParameterSerial',
      0,
    );
  });

  it('N26 notBefore of the day before: EpochMismatch', () => {
    expectRefused(
      rebuilt(() => ({ notBefore: '20260313000000Z' })),
      'EpochMismatch',
      0,
    );
  });

  it('N25, N26 are decided before a key is asked for', () => {
    const { asked } = recipient;
    place.step(
      ex,
      rebuilt(() => ({ serial: 2n })),
    );
    expect(recipient.asked).toBe(asked);
  });

  it('N29 U with a coordinate of p or more: BadEnvelope', () => {
    expectRefused(
      rebuilt(({ kem, params }) => ({ kem: { u: { x: kem.u.x + params.p, y: kem.u.y } } })),
      'BadEnvelope',
      0,
    );
  });

  it('N31 V of the KEM one octet short: BadEnvelope', () => {
    expectRefused(
      rebuilt(({ kem }) => ({ kem: { v: kem.v.subarray(1) } })),
      'BadEnvelope',
      0,
    );
  });

  it.each<readonly [string, (parts: ReturnType<typeof envelopeOf>) => Parts]>([
    ['N28 U off the curve', ({ kem: { u } }) => ({ kem: { u: { ...u, y: u.y ^ 1n } } })],
    ['N30 U = (0, 1)', () => ({ kem: { u: { x: 0n, y: 1n } } })],
    ['N30 U = (-1, 0)', ({ params }) => ({ kem: { u: { x: params.p - 1n, y: 0n } } })],
    ['N32 W changed', ({ kem: { w } }) => ({ kem: { w: w.map((octet, i) => (i === 0 ? octet ^ 1 : octet)) } })],
    ['N33 GCM tag changed', ({ dem }) => ({ dem: dem.map((octet, i) => (i === dem.length - 1 ? octet ^ 1 : octet)) })],
  ])('%s: IbeDecryptFailed', (_, change) => {
    expectRefused(rebuilt(change), 'IbeDecryptFailed', 0);
  });

  it('N28, N32, N33 have one text and one reply', () => {
    const seen = new Set<string>();
    for (const change of [
      ({ kem: { u } }: ReturnType<typeof envelopeOf>) => ({ kem: { u: { ...u, y: u.y ^ 1n } } }),
      ({ kem: { w } }: ReturnType<typeof envelopeOf>) => ({ kem: { w: w.map((octet) => octet ^ 1) } }),
      ({ dem }: ReturnType<typeof envelopeOf>) => ({ dem: dem.map((octet) => octet ^ 1) }),
    ]) {
      ex = new Exchange(ends(), call);
      octets = place.octets(ex);
      recipient = place.recipient(ex);
      const { error, reply } = place.step(ex, rebuilt(change));
      // The CSB ID (octets 4 to 7) is another in each exchange.
      seen.add(`${error.message} ${String(error.offset)} ${reply ? toHex(reply.subarray(8)) : 'silence'}`);
    }
    expect([...seen]).toHaveLength(1);
  });

  it('N34 a clear octet altered that no other rule looks at: IbeDecryptFailed', () => {
    const kms = {
      kind: 'IDR',
      role: 6,
      idType: 1,
      data: new TextEncoder().encode('sip:kms@operator-a.example'),
    } as const;
    const message =
      type === 'I_MESSAGE_2'
        ? withT(octets, NOW + 1001)
        : withPayloads(octets, (p) => (p.kind === 'IDR' && p.role === 2 ? [p, kms] : [p]));
    expectRefused(message, 'IbeDecryptFailed', 0);
  });

  it('N35 IBAKE of another session: IbeDecryptFailed', () => {
    const other = place.octets(new Exchange(ends()));
    expectRefused(withEncrypted(octets, readIbakeMessage(other).encrypted!), 'IbeDecryptFailed', 0);
  });

  it("opened with another identity's key of the same district: IbeDecryptFailed", () => {
    const own = recipient === ex.a ? operatorA : operatorB;
    const held = recipient as { decryptorFor: IbakeEndpoint['decryptorFor'] };
    held.decryptorFor = (name) => own.decryptorFor({ ...name, identity: carol });
    expectRefused(octets, 'IbeDecryptFailed', 0);
  });

  it.each(['idri', 'idrr'] as const)('N20 inner %s is not the clear one: IdentityMismatch', (member) => {
    expectRefused(
      saying(octets, recipient, () => ({ [member]: carol })),
      'IdentityMismatch',
      0,
    );
  });

  const component = type === 'I_MESSAGE_1' ? 'eccpti' : 'eccptr';
  /** Plaintext octets in which the component's fields are written over; the offset is that of its Next payload. */
  const written = (change: (plain: Uint8Array, at: number) => void): Uint8Array => {
    const plain = plainOf(octets, recipient);
    const bytes = encodeIbakePlaintext(type, plain);
    const point = plain[component]!.point;
    const at = bytes.findIndex((_, i) => toHex(bytes.subarray(i, i + point.length)) === toHex(point)) - 2;
    change(bytes, at);
    return resealed(octets, recipient, bytes);
  };

  it.each([1, 7, 255])('N36 ECCPT of curve %i: InvalidDh; the curve stands behind encryption, so ERR 0', (curve) => {
    expectRefused(
      written((bytes, at) => bytes.set([curve], at + 1)),
      'InvalidDh',
      0,
    );
  });

  it.each([
    ['in compressed form', 0, 2],
    ['at infinity', 0, 0],
    ['off the curve', 64, -1],
  ])('N37 ECCPT %s: refused before it is used', (what, at, octet) => {
    const message = written((bytes, start) => {
      const place = start + 2 + at;
      bytes.set([octet < 0 ? (bytes[place] as number) ^ 1 : octet], place);
    });
    // What I2 returns is compared before it could be a point of anything.
    const code = type === 'I_MESSAGE_2' && what === 'off the curve' ? 'KeyComponentMismatch' : 'InvalidPoint';
    expectRefused(message, code, 0);
  });

  it('N38 ECCPT with a pad that is not zero: BadPadding', () => {
    expectRefused(
      written((bytes, at) => bytes.set([1], at + 2 + 65)),
      'BadPadding',
      0,
    );
  });

  const payloadsOf = (): InnerPayload[] => {
    const bytes = encodeIbakePlaintext(type, plainOf(octets, recipient));
    return readChain(new FieldReader(bytes), IMPLICIT_IDR, INNER, 'plaintext').map(({ payload }) => payload);
  };
  it.each<readonly [string, (payloads: readonly InnerPayload[]) => readonly InnerPayload[]]>([
    [
      'a nonce before its component',
      (all) => {
        const at = all.findLastIndex(({ kind }) => kind === 'RANDR');
        return [
          ...all.slice(0, at - 1),
          ...[all[at], all[at - 1]].filter((p) => p !== undefined),
          ...all.slice(at + 1),
        ];
      },
    ],
    ['a nonce of one role twice', (all) => all.flatMap((p): InnerPayload[] => (p.kind === 'RANDR' ? [p, p] : [p]))],
    ['a nonce without its component', (all) => all.filter(({ kind }) => kind !== 'ECCPT')],
    ['IDRr missing', (all) => all.filter((p) => p.kind !== 'IDR' || p.role !== 2)],
    ['a nonce of the role of the KMS', (all) => all.map((p) => (p.kind === 'RANDR' ? { ...p, role: 3 } : p))],
  ])('N41 %s: BadIbakeOrder', (_, change) => {
    const message = resealed(octets, recipient, writeChain(change(payloadsOf())));
    expectRefused(message, 'BadIbakeOrder', 0);
  });
});

describe('I_MESSAGE_1 before it waits for its turn', () => {
  it.each<readonly [string, ErrorCode, (octets: Uint8Array, b: TestEndpoint) => Uint8Array]>([
    ['N25', 'UnknownParameterSerial', (octets, b) => (((b as { districts: unknown }).districts = []), octets)],
    [
      'N27',
      'NoKeyForEpoch',
      (octets, b) => {
        (b as { decryptorFor: unknown }).decryptorFor = () => {
          throw new HalfkeyError('NoKeyForEpoch', 'erased');
        };
        return octets;
      },
    ],
    [
      'N31',
      'BadEnvelope',
      (octets, b) => {
        const { encrypted } = readIbakeMessage(octets);
        const { serial, notBefore, kem, dem } = decodeEnvelope(encrypted!, b.districts[0]!.params);
        const head = [derInteger(1n), derOid(BF), derInteger(serial), derGeneralizedTime(notBefore)];
        const block = encodeCiphertext({ ...kem, v: kem.v.subarray(1) });
        return withEncrypted(octets, derSequence(...head, block, derOctetString(dem)));
      },
    ],
  ])('%s is decided: %s', (_, code, spoil) => {
    const ex = new Exchange(ends());
    ex.i1 = spoil(ex.i1, ex.b);
    expect(refused(ex.inspect()).error.code).toBe(code);
    expect(ex.b.asked).toBe(0);
  });
});

it('N27 no key of that epoch is held: NoKeyForEpoch, ERR 0, before any pairing, at each message', () => {
  const erased = (): never => {
    throw new HalfkeyError('NoKeyForEpoch', 'erased');
  };
  for (const type of ordered) {
    const ex = new Exchange(ends());
    const octets = places[type].octets(ex);
    const recipient = places[type].recipient(ex) as { decryptorFor: IbakeEndpoint['decryptorFor'] };
    recipient.decryptorFor = erased;
    const refusal = places[type].step(ex, octets);
    expect([type, refusal.error.code, replied(refusal)]).toEqual([
      type,
      'NoKeyForEpoch',
      places[type].replies ? 0 : undefined,
    ]);
    expect(places[type].gone(ex)).toBe(true);
  }
});

it('a district with two serials opens what was encrypted under either', () => {
  const newer = { ...operatorB.parameters, district: { ...operatorB.parameters.district, serial: 2n } };
  const ex = new Exchange(ends({}, { districts: [newer, operatorB.parameters] })).complete();
  expect(ex.results.a.kSession.equals(ex.results.b.kSession)).toBe(true);
  expect(ex.results.b.peer).toEqual(alice);
});
