/** The encrypted parts: IBAKE, ESK. Rows of protocol profile 7.3 that concern their decoding. */
import { describe, expect, it } from 'vitest';
import { ascii, fromHex, isHalfkeyError, toHex, type HalfkeyError } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { decodeEskPlaintext, encodeEskPlaintext, eskAad } from '../../../src/protocol/mikey/deferred/index.ts';
import {
  decodeIbakePlaintext,
  encodeIbakePlaintext,
  type IbakePlaintext,
  type IbakeType,
} from '../../../src/protocol/mikey/index.ts';
import { golden } from './golden.ts';

function failure(run: () => unknown): HalfkeyError {
  try {
    run();
  } catch (error) {
    if (isHalfkeyError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const file = golden();
const idri = identityFromText('sip:alice@a.example');
const idrr = identityFromText('sip:bob@b.example;gr=1');
const xP = { curve: 8, point: fromHex(file.xP) };
const yP = { curve: 8, point: fromHex(file.yP) };
const [na, nb, nsk] = [Uint8Array.of(1, 2), Uint8Array.of(3), new Uint8Array(53).fill(5)];
const challenge = new Uint8Array(16).fill(6);

/** The plaintext of the golden I_MESSAGE_1: IDRi 0, ECCPT 33 (curve 34, point 35, pad 100, KV 104), RANDR 105, IDRr 161. */
function patched(offset: number, octet: number): Uint8Array {
  const bytes = fromHex(file.plain.I1);
  bytes.set([octet], offset);
  return bytes;
}

describe('plaintext of IBAKE', () => {
  it.each<[IbakeType, IbakePlaintext]>([
    ['I_MESSAGE_1', { idri, eccpti: xP, idrr }],
    ['I_MESSAGE_1', { idri, eccpti: { ...xP, mki: Uint8Array.of(1, 2, 3, 4) }, na, idrr }],
    ['R_MESSAGE_1', { idri, idrr, eccptr: yP, nb }],
    ['R_MESSAGE_1', { idri, eccpti: xP, na, idrr, eccptr: yP, nb }],
    ['I_MESSAGE_2', { idri, idrr, eccptr: yP }],
    ['I_MESSAGE_2', { idri, eccpti: xP, na, idrr, eccptr: yP, nb, nsk, challenge }],
    [
      'I_MESSAGE_2',
      { idri, eccpti: xP, idrr, eccptr: { ...yP, authAlgorithm: 2, tgkLength: 300 }, nb: new Uint8Array(0) },
    ],
    ['R_MESSAGE_2', { idri, eccpti: xP, na, nsk, challenge }],
    ['R_MESSAGE_2', { idri, challenge }],
    ['I_MESSAGE_1', { idri, eccpti: { curve: 11, point: Uint8Array.of(4, ...new Uint8Array(96)) }, idrr }],
    ['I_MESSAGE_1', { idri, eccpti: { curve: 14, point: Uint8Array.of(4, ...new Uint8Array(132)) }, idrr }],
  ])('P2 %s %#: decodes to what was encoded', (type, plain) => {
    const bytes = encodeIbakePlaintext(type, plain);
    expect(decodeIbakePlaintext(type, bytes)).toEqual(plain);
    expect(toHex(encodeIbakePlaintext(type, decodeIbakePlaintext(type, bytes)))).toBe(toHex(bytes));
  });

  it.each([
    ['N36 ECCPT curve 1 (P-192): InvalidDh', 34, 1, 'InvalidDh', 6],
    ['N36 ECCPT curve 255: InvalidDh', 34, 255, 'InvalidDh', 6],
    ['N36 ECCPT curve 0: InvalidDh', 34, 0, 'InvalidDh', 6],
    ['N37 ECCPT compressed point: InvalidPoint', 35, 2, 'InvalidPoint', 0],
    ['N37 ECCPT infinity: InvalidPoint', 35, 0, 'InvalidPoint', 0],
    ['N37 ECCPT hybrid point: InvalidPoint', 35, 6, 'InvalidPoint', 0],
    ['N38 ECCPT pad not zero: BadPadding', 100, 1, 'BadPadding', 0],
    ['KV 3 is not defined: BadField', 104, 3, 'BadField', 12],
    ['reserved bits: BadField', 104, 0x10, 'BadField', 12],
    ['N41 RANDR role 2 before ECCPTr: BadIbakeOrder', 106, 2, 'BadIbakeOrder', 0],
    ['N41 RANDR role 3: BadIbakeOrder', 106, 3, 'BadIbakeOrder', 0],
  ] as const)('%s', (_, offset, octet, code, mikey) => {
    const error = failure(() => decodeIbakePlaintext('I_MESSAGE_1', patched(offset, octet)));
    expect([error.code, error.row.mikey]).toEqual([code, mikey]);
    expect(error.offset).toBeLessThanOrEqual(offset);
  });

  it('N41 role 1 twice, or a nonce without its key component: BadIbakeOrder', () => {
    const i1 = toHex(encodeIbakePlaintext('I_MESSAGE_1', { idri, eccpti: xP, na, idrr }));
    const randr = '0102' + '0102';
    const at = i1.indexOf('0e' + randr);
    const twice = `${i1.slice(0, at)}0f${randr}${i1.slice(at)}`;
    expect(failure(() => decodeIbakePlaintext('I_MESSAGE_1', fromHex(twice))).code).toBe('BadIbakeOrder');
    for (const plain of [{ idri, na, idrr, eccptr: yP }, { idri, idrr, nb } as IbakePlaintext]) {
      expect(() => encodeIbakePlaintext('I_MESSAGE_2', plain)).toThrow(TypeError);
    }
    const i2 = toHex(encodeIbakePlaintext('I_MESSAGE_2', { idri, idrr, eccptr: yP, nb }));
    // IDRi with Next payload RANDR, then RANDR(1) without ECCPTi.
    const orphan = `0f${i2.slice(2, 48)}0e${randr}${i2.slice(48)}`;
    expect(failure(() => decodeIbakePlaintext('I_MESSAGE_2', fromHex(orphan))).code).toBe('BadIbakeOrder');
  });

  it('N41 members in another order, or of another message: BadIbakeOrder', () => {
    const plaintexts: Partial<Record<IbakeType, Uint8Array>> = {
      I_MESSAGE_1: encodeIbakePlaintext('I_MESSAGE_1', { idri, eccpti: xP, na, idrr }),
      R_MESSAGE_1: encodeIbakePlaintext('R_MESSAGE_1', { idri, eccpti: xP, na, idrr, eccptr: yP, nb }),
      I_MESSAGE_2: encodeIbakePlaintext('I_MESSAGE_2', { idri, eccpti: xP, idrr, eccptr: yP, nb, challenge }),
      R_MESSAGE_2: encodeIbakePlaintext('R_MESSAGE_2', { idri, eccpti: xP, challenge }),
    };
    for (const [made, bytes] of Object.entries(plaintexts)) {
      for (const type of Object.keys(plaintexts) as IbakeType[]) {
        // R_MESSAGE_1 may be read as I_MESSAGE_2: the same members but for NSK and the challenge.
        if (made === type || (made === 'R_MESSAGE_1' && type === 'I_MESSAGE_2')) continue;
        expect(failure(() => decodeIbakePlaintext(type, bytes)).code).toBe('BadIbakeOrder');
      }
    }
  });

  it('demands canonical form of inner identities; N20, that they equal the clear ones, is the exchange that compares', () => {
    const text = toHex(ascii('sip:alice@'));
    const upper = fromHex(file.plain.I1.replace(`${text}6f`, `${text}4f`));
    const error = failure(() => decodeIbakePlaintext('I_MESSAGE_1', upper));
    expect([error.code, error.offset]).toEqual(['InvalidId', 5]);
    const bob = fromHex(file.plain.I1.replace(toHex(ascii('sip:bob')), toHex(ascii('sip:eve'))));
    expect(decodeIbakePlaintext('I_MESSAGE_1', bob).idrr?.text).toBe('sip:eve@operator-b.example');
  });

  it('refuses an MKI that has not 4 octets, a KV interval, a challenge that has not 16, an R2 that returns nothing', () => {
    expect(() => encodeIbakePlaintext('I_MESSAGE_1', { idri, eccpti: { ...xP, mki: Uint8Array.of(1) }, idrr })).toThrow(
      TypeError,
    );
    expect(() => encodeIbakePlaintext('R_MESSAGE_2', { idri, challenge: new Uint8Array(15) })).toThrow(TypeError);
    expect(() => encodeIbakePlaintext('R_MESSAGE_2', { idri, nsk })).toThrow(TypeError);
    expect(() => encodeIbakePlaintext('I_MESSAGE_1', { idri, eccpti: xP, idrr, challenge })).toThrow(TypeError);
    expect(() =>
      encodeIbakePlaintext('I_MESSAGE_1', { idri, eccpti: { curve: 8, point: xP.point.subarray(1) }, idrr }),
    ).toThrow(TypeError);
    const interval = `${toHex(patched(104, 2)).slice(0, 210)}0000${file.plain.I1.slice(210)}`;
    expect(failure(() => decodeIbakePlaintext('I_MESSAGE_1', fromHex(interval))).code).toBe('BadField');
  });

  it('N3 truncated at every octet: Truncated; N4 trailing octets: TrailingData', () => {
    const bytes = fromHex(file.plain.R1);
    for (let length = 0; length < bytes.length; length++) {
      expect(failure(() => decodeIbakePlaintext('R_MESSAGE_1', bytes.subarray(0, length))).code).toBe('Truncated');
    }
    expect(failure(() => decodeIbakePlaintext('R_MESSAGE_1', Uint8Array.of(...bytes, 0))).code).toBe('TrailingData');
  });

  it('N5 a payload that is none, or that stands in clear only: UnknownPayload', () => {
    for (const next of [200, 5, 22]) {
      expect(failure(() => decodeIbakePlaintext('I_MESSAGE_1', patched(0, next))).code).toBe('UnknownPayload');
    }
  });
});

describe('plaintext and associated data of ESK', () => {
  it('P2 decodes to what was encoded', () => {
    const plain = {
      idri,
      key: new Uint8Array(32).fill(1),
      validity: { kv: 1, spi: Uint8Array.of(1, 2, 3, 4) },
    } as const;
    expect(decodeEskPlaintext(encodeEskPlaintext(plain))).toEqual(plain);
  });

  it('refuses anything but IDRi SK', () => {
    const bytes = encodeEskPlaintext({ idri, key: new Uint8Array(32), validity: { kv: 0 } });
    const type2 = Uint8Array.from(bytes);
    type2.set([0x20], bytes.length - 35);
    expect(failure(() => decodeEskPlaintext(type2)).code).toBe('BadField');
    const responder = Uint8Array.from(bytes);
    responder.set([2], 1);
    expect(failure(() => decodeEskPlaintext(responder)).code).toBe('BadIbakeOrder');
    expect(failure(() => decodeEskPlaintext(fromHex(file.plain.I1))).code).toBe('BadIbakeOrder');
    expect(failure(() => decodeEskPlaintext(bytes.subarray(0, -1))).code).toBe('Truncated');
  });

  it('binds recipient, CSB ID and RAND', () => {
    const aad = eskAad(fromHex('01020304'), new Uint8Array(16).fill(9), Uint8Array.of(0x30, 0));
    expect(toHex(aad)).toBe(`${toHex(ascii('LI-IBAKE esk v1'))}00${'3000'}${'01020304'}10${'09'.repeat(16)}`);
  });
});
