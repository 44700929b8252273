import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDecryptor,
  decodeEnvelope,
  derivePublicParameters,
  domainParameters,
  encodeCiphertext,
  encodePrivateKey,
  identityInfo,
  openEnvelope,
  readEnvelopeHeader,
  sealEnvelope,
  type Ciphertext,
  type Decryptor,
  type PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import { CURVE_PARAMETERS, type Point } from '../../../src/crypto/curve/index.ts';
import type { HalfkeyError } from '../../../src/foundation/base/index.ts';
import {
  ascii,
  concat,
  fromHex,
  isHalfkeyError,
  Secret,
  systemRandom,
  toHex,
  type ErrorCode,
} from '../../../src/foundation/base/index.ts';
import {
  derGeneralizedTime,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
} from '../../../src/foundation/der/index.ts';
import { generalizedTime, identityFromText, type GeneralizedTime } from '../../../src/foundation/identity/index.ts';
import { itIsTheKernelAskedFor } from '../../support/kernel-of-run.ts';
import { refAdd } from '../curve/reference.ts';
import { district, GOLDEN_FILES, keyOf, seeded, vectorFile, type Golden } from './fixtures.ts';

const BF = '2.16.840.1.114334.1.1.2.1';
const BB1 = '2.16.840.1.114334.1.1.2.2';
const notBefore = generalizedTime(1735689600);

function decryptorOf(params: PublicParameters, key: Point): Decryptor {
  return createDecryptor(params, new Secret('IbePrivateKey', encodePrivateKey(key)));
}

describe.each(GOLDEN_FILES)('%s', (name) => {
  itIsTheKernelAskedFor([CURVE_PARAMETERS[vectorFile<Golden>(name).level]]);

  const golden = vectorFile<Golden>(name);
  const domain = domainParameters(golden.level);
  const params = {
    A: derivePublicParameters(domain, BigInt(golden.masterSecrets.a)),
    B: derivePublicParameters(domain, BigInt(golden.masterSecrets.b)),
  };
  const steps = [
    ['I1', 'I_MESSAGE_1', 'B'],
    ['R1', 'R_MESSAGE_1', 'A'],
    ['I2', 'I_MESSAGE_2', 'B'],
  ] as const;

  it.each(steps)('%s is sealed octet for octet and opened', (step, message, to) => {
    const prefix = fromHex(golden.aadPrefix[step]);
    const octets = fromHex(golden.messages[message]);
    const start = prefix.length + 2;
    const length = ((octets[start - 2] ?? 0) << 8) | (octets[start - 1] ?? 0);
    const encrData = octets.subarray(start, start + length);
    const suffix = octets.subarray(start + length);
    const recipient = fromHex(golden.identityDER[to]);
    const aad = concat(ascii('LI-IBAKE env v1\0'), recipient, prefix, suffix);
    const plaintext = fromHex(golden.plain[step]);
    const known = { cek: fromHex(golden.cek[step]), rho: fromHex(golden.rho[step]) };
    expect(toHex(octets.subarray(0, prefix.length))).toBe(golden.aadPrefix[step]);

    const common = { params: params[to], serial: 1n, notBefore, aad };
    expect(toHex(sealEnvelope({ ...common, recipient, plaintext, ...known }))).toBe(toHex(encrData));

    const [x, y] = golden.Sid[to];
    const decryptor = decryptorOf(params[to], { x: BigInt(x), y: BigInt(y) });
    expect(toHex(openEnvelope({ ...common, envelope: encrData, decryptor }))).toBe(golden.plain[step]);
    const hedged = sealEnvelope({ ...common, recipient, plaintext, random: systemRandom });
    expect(hedged.length).toBeGreaterThan(encrData.length - 10);
    expect(toHex(openEnvelope({ ...common, envelope: hedged, decryptor }))).toBe(golden.plain[step]);
  });

  it('IBEIdentityInfo of both parties', () => {
    const of = (name: string, text: string): string =>
      toHex(identityInfo({ district: name, serial: 1n, identity: identityFromText(text), notBefore }));
    expect(of(golden.district.a, 'sip:alice@operator-a.example')).toBe(golden.identityDER.A);
    expect(of(golden.district.b, 'sip:bob@operator-b.example')).toBe(golden.identityDER.B);
  });
});

const params = district();
const recipient = identityInfo({
  district: 'https://pps.example/ibe/pp',
  serial: 3n,
  identity: identityFromText('sip:alice@example.com'),
  notBefore,
});
const S = keyOf(params, recipient);
const decryptor = decryptorOf(params, S);
const aad = ascii('additional data');
const plaintext = ascii('what only the recipient may read');
const sealed = sealEnvelope({ params, recipient, serial: 3n, notBefore, aad, plaintext, random: seeded('sealed') });
const parts = decodeEnvelope(sealed, params);

interface Change {
  readonly version?: bigint;
  readonly algorithm?: string;
  readonly serial?: bigint;
  readonly time?: string;
  readonly kem?: Partial<Ciphertext>;
  readonly dem?: Uint8Array;
}
/** The sealed envelope with something else in one place. */
function altered({ version = 1n, algorithm = BF, serial = 3n, time = notBefore, kem = {}, dem }: Change): Uint8Array {
  return derSequence(
    derInteger(version),
    derOid(algorithm),
    derInteger(serial),
    derGeneralizedTime(time),
    encodeCiphertext({ ...parts.kem, ...kem }),
    derOctetString(dem ?? parts.dem),
  );
}

function open(
  envelope: Uint8Array,
  change: { serial?: bigint; notBefore?: GeneralizedTime; aad?: Uint8Array } = {},
): Uint8Array {
  return openEnvelope({ envelope, params, decryptor, serial: 3n, notBefore, aad, ...change });
}

function failure(run: () => unknown): HalfkeyError {
  try {
    run();
  } catch (error) {
    if (isHalfkeyError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A decryptor that must not be asked: the decision falls before any pairing. */
const untouched: Pick<Decryptor, 'decrypt'> = {
  decrypt() {
    throw new Error('a pairing was computed');
  },
};

const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((octet, i) => (i === at ? octet ^ 1 : octet));

describe('opening', () => {
  it('gives the plaintext, also an empty one, and leaves the decryptor usable', () => {
    expect(open(sealed)).toEqual(plaintext);
    const empty = sealEnvelope({
      ...{ params, recipient, serial: 3n, notBefore, aad, random: systemRandom },
      plaintext: new Uint8Array(),
    });
    expect(open(empty)).toEqual(new Uint8Array());
    expect(open(altered({}))).toEqual(plaintext);
  });

  it('reads the header of an envelope of any level', () => {
    const other = district(2048);
    const bytes = sealEnvelope({
      params: other,
      recipient,
      serial: 0n,
      notBefore,
      aad,
      plaintext,
      random: systemRandom,
    });
    expect(readEnvelopeHeader(bytes)).toEqual({ serial: 0n, notBefore });
    expect(() => decodeEnvelope(bytes, params)).toThrow(expect.objectContaining({ code: 'BadEnvelope' }));
  });
});

describe('form of an envelope', () => {
  const short = (hex: string): Uint8Array => fromHex(hex);
  const p = params.p;
  const body = sealed.subarray(4);
  const cases: [string, Uint8Array][] = [
    ['N23 no octets at all', short('')],
    ['N23 not DER', short('deadbeef')],
    ['N23 an empty SEQUENCE', short('3000')],
    ['N23 an indefinite length', concat(short('3080'), body, short('0000'))],
    ['N23 a length that is not minimal', concat(short('308300'), sealed.subarray(2))],
    ['N23 a non-minimal INTEGER', wrap(concat(short('02020001'), body.subarray(3)))],
    ['N23 a negative INTEGER', wrap(concat(short('0201ff'), body.subarray(3)))],
    ['N23 a trailing octet', concat(sealed, short('00'))],
    ['N23 a trailing octet inside', wrap(concat(body, short('00')))],
    ['N23 version 2', altered({ version: 2n })],
    ['N23 serial 2^63', altered({ serial: 2n ** 63n })],
    ['N29 U with x = p', altered({ kem: { u: { x: p, y: parts.kem.u.y } } })],
    ['N29 U with y above p', altered({ kem: { u: { x: parts.kem.u.x, y: parts.kem.u.y + p } } })],
    ['N31 V one octet short', altered({ kem: { v: parts.kem.v.subarray(1) } })],
    ['N31 V one octet long', altered({ kem: { v: concat(parts.kem.v, short('00')) } })],
    ['N31 W one octet short', altered({ kem: { w: parts.kem.w.subarray(1) } })],
    ['N31 W of 20 octets, which the key encapsulation alone would take', altered({ kem: { w: new Uint8Array(20) } })],
    ['dem shorter than a tag', altered({ dem: new Uint8Array(15) })],
  ];

  it.each(cases)('%s: BadEnvelope', (_name, bytes) => {
    const error = failure(() =>
      openEnvelope({ envelope: bytes, params, decryptor: untouched, serial: 3n, notBefore, aad }),
    );
    expect(error.code).toBe('BadEnvelope');
    expect(error.offset).toBeTypeOf('number');
  });

  it('N24 ibeAlg = bb1: InvalidEncryptionAlgorithm, ERR 4', () => {
    const error = failure(() => decodeEnvelope(altered({ algorithm: BB1 }), params));
    expect([error.code, error.row.mikey]).toEqual(['InvalidEncryptionAlgorithm', 4]);
    expect(failure(() => open(altered({ algorithm: BB1 }))).code).toBe('InvalidEncryptionAlgorithm');
  });

  it('every truncation is BadEnvelope', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(failure(() => decodeEnvelope(sealed.subarray(0, length), params)).code).toBe('BadEnvelope');
    }
  });

  function wrap(contents: Uint8Array): Uint8Array {
    return concat(Uint8Array.of(0x30, 0x82, contents.length >> 8, contents.length & 255), contents);
  }
});

describe('decisions before any pairing', () => {
  const ask = (change: Change): ErrorCode =>
    failure(() => openEnvelope({ envelope: altered(change), params, decryptor: untouched, serial: 3n, notBefore, aad }))
      .code;

  it('N25 serial unknown or lower: UnknownParameterSerial', () => {
    for (const serial of [0n, 2n, 4n, 2n ** 63n - 1n]) expect(ask({ serial })).toBe('UnknownParameterSerial');
  });

  it('N26 notBefore is not the epoch of T: EpochMismatch', () => {
    for (const time of ['20250102000000Z', '20241231000000Z', '20250101000001Z']) {
      expect(ask({ time })).toBe('EpochMismatch');
    }
  });

  it('N25 is decided although the unknown serial is of another level', () => {
    const other = district(2048);
    const bytes = sealEnvelope({
      params: other,
      recipient,
      serial: 9n,
      notBefore,
      aad,
      plaintext,
      random: systemRandom,
    });
    expect(
      failure(() => openEnvelope({ envelope: bytes, params, decryptor: untouched, serial: 3n, notBefore, aad })).code,
    ).toBe('UnknownParameterSerial');
  });
});

describe('one error behind the form', () => {
  const { u, v, w } = parts.kem;
  const minusOne = params.p - 1n;
  const order6 = refAdd({ x: minusOne, y: 0n }, { x: 0n, y: 1n }, params.p) as Point;
  const cases: [string, Uint8Array, Uint8Array?][] = [
    ['N28 U off the curve', altered({ kem: { u: { x: u.x, y: u.y ^ 1n } } })],
    ['N28 U = (0, 0)', altered({ kem: { u: { x: 0n, y: 0n } } })],
    ['N30 U = (x, 0)', altered({ kem: { u: { x: minusOne, y: 0n } } })],
    ['N30 U = (0, 1)', altered({ kem: { u: { x: 0n, y: 1n } } })],
    ['N30 U of order 6', altered({ kem: { u: order6 } })],
    ['V changed', altered({ kem: { v: flip(v, 3) } })],
    ['N32 W changed', altered({ kem: { w: flip(w, 15) } })],
    ['N33 GCM tag changed', altered({ dem: flip(parts.dem, parts.dem.length - 1) })],
    ['GCM ciphertext changed', altered({ dem: flip(parts.dem, 0) })],
    ['dem shortened to a tag', altered({ dem: parts.dem.subarray(-16) })],
    ['N34 AAD changed', sealed, flip(aad, 0)],
    ['AAD missing', sealed, new Uint8Array()],
  ];
  const reference = failure(() => open(altered({ kem: { u: { x: u.x, y: u.y ^ 1n } } })));

  it.each(cases)('%s: IbeDecryptFailed', (_name, bytes, otherAad = aad) => {
    const error = failure(() => open(bytes, { aad: otherAad }));
    expect(error.code).toBe('IbeDecryptFailed');
    expect(error.toJSON()).toEqual(reference.toJSON());
    expect(error.cause).toBeUndefined();
    expect(open(sealed)).toEqual(plaintext);
  });

  it('another identity, epoch or master secret: IbeDecryptFailed', () => {
    const bob = decryptorOf(params, keyOf(params, ascii('bob')));
    const error = failure(() => openEnvelope({ envelope: sealed, params, decryptor: bob, serial: 3n, notBefore, aad }));
    expect(error.toJSON()).toEqual(reference.toJSON());
  });

  it('both checks are made: the tag too when the key encapsulation fails, with no key of the sender', () => {
    // A payload that opens under the key that stands in for the missing one must not be returned.
    const zero = sealEnvelope({
      ...{ params, recipient, serial: 3n, notBefore, aad, plaintext },
      ...{ cek: new Uint8Array(16), rho: seeded('zero')(20) },
    });
    expect(open(zero)).toEqual(plaintext);
    const { kem, dem } = decodeEnvelope(zero, params);
    const bytes = altered({ kem: { ...kem, w: flip(kem.w, 0) }, dem });
    expect(failure(() => open(bytes)).toJSON()).toEqual(reference.toJSON());
  });

  it('a fault of the decryptor itself is not dressed as a failed decryption', () => {
    const closed = decryptorOf(params, S);
    closed.close();
    expect(() => openEnvelope({ envelope: sealed, params, decryptor: closed, serial: 3n, notBefore, aad })).toThrow(
      TypeError,
    );
  });

  it('P6 a flipped bit anywhere is refused with a code of the table', () => {
    const codes = new Set<ErrorCode>();
    const allowed: ErrorCode[] = [
      'BadEnvelope',
      'InvalidEncryptionAlgorithm',
      'UnknownParameterSerial',
      'EpochMismatch',
      'IbeDecryptFailed',
    ];
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const bytes = sealed.map((octet, i) => (i === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
        const { code } = failure(() => open(bytes));
        expect(allowed).toContain(code);
        codes.add(code);
      }),
      { numRuns: 150, seed: 6267 },
    );
    expect(codes.has('IbeDecryptFailed') && codes.has('BadEnvelope')).toBe(true);
  });

  it('P18 what decodes encodes to the same octets', () => {
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = sealed.map((octet, i) => (i === at ? octet ^ change : octet));
        let again;
        try {
          again = decodeEnvelope(bytes, params);
        } catch (error) {
          if (!isHalfkeyError(error)) throw error;
          return;
        }
        const { serial, notBefore: time, kem, dem } = again;
        expect(toHex(altered({ serial, time, kem, dem }))).toBe(toHex(bytes));
      }),
      { numRuns: 600 },
    );
  });
});

describe('sealing', () => {
  const seal = (change: { aad?: Uint8Array; plaintext?: Uint8Array }): Ciphertext =>
    decodeEnvelope(
      sealEnvelope({ params, recipient, serial: 3n, notBefore, aad, plaintext, random: stuck, ...change }),
      params,
    ).kem;
  const stuck = (octets: number): Uint8Array => new Uint8Array(octets).fill(7);

  it('does not repeat CEK or rho for another message when the generator repeats itself', () => {
    const first = seal({});
    expect(seal({})).toEqual(first);
    for (const other of [seal({ aad: ascii('other') }), seal({ plaintext: ascii('other') })]) {
      expect(other.u).not.toEqual(first.u);
      expect(toHex(other.v)).not.toBe(toHex(first.v));
      expect(toHex(other.w)).not.toBe(toHex(first.w));
      expect(decryptor.decrypt(other)).not.toEqual(decryptor.decrypt(first));
    }
  });

  it('uses AES-128 below 3072 and AES-256 from there: CEK of 16 and 32 octets', () => {
    for (const [level, octets] of [
      [1024, 16],
      [2048, 16],
      [3072, 32],
    ] as const) {
      const known = district(level);
      const bytes = sealEnvelope({
        params: known,
        recipient,
        serial: 1n,
        notBefore,
        aad,
        plaintext,
        random: seeded('l'),
      });
      expect(decodeEnvelope(bytes, known).kem.w.length).toBe(octets);
    }
  });

  it('misuse is a TypeError', () => {
    const input = { params, recipient, serial: 3n, notBefore, aad, plaintext };
    const known = { cek: new Uint8Array(16), rho: new Uint8Array(20) };
    expect(() => sealEnvelope({ ...input, ...known, cek: new Uint8Array(32) })).toThrow(TypeError);
    expect(() => sealEnvelope({ ...input, ...known, rho: new Uint8Array(28) })).toThrow(TypeError);
    expect(() => sealEnvelope({ ...input, ...known, serial: -1n })).toThrow(TypeError);
    expect(() => sealEnvelope({ ...input, ...known, serial: 2n ** 63n })).toThrow(TypeError);
    expect(() =>
      identityInfo({ district: 'd', serial: 2n ** 63n, identity: identityFromText('sip:a@b.example'), notBefore }),
    ).toThrow(TypeError);
  });

  it('leaves the octets it is given as they were', () => {
    const cek = seeded('cek')(16);
    const rho = seeded('rho')(20);
    sealEnvelope({ params, recipient, serial: 3n, notBefore, aad, plaintext, cek, rho });
    expect([cek, rho]).toEqual([seeded('cek')(16), seeded('rho')(20)]);
  });
});
