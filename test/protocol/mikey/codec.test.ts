/** P1 and P2 of protocol profile 7.2, and messages that others made. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, fromBase64, fromHex, isHalfkeyError, toHex } from '../../../src/foundation/base/index.ts';
import {
  annotate,
  decodeIbakePlaintext,
  decodeMessage,
  encodeIbakePlaintext,
  encodeMessage,
  mikeyText,
  readErrorMessage,
  readIbakeMessage,
  type AnnotatedField,
  type MikeyMessage,
} from '../../../src/protocol/mikey/index.ts';
import {
  decodeKeyTransport,
  readRequestKey,
  readRequestKeyResponse,
} from '../../../src/protocol/mikey/provisioning/index.ts';
import { decodeKeyIds, encodeKeyIds, encodeSdpIds } from '../../../src/protocol/mikey/payload/extension.ts';
import { mikeyMessage } from './arbitraries.ts';
import { golden, goldenMessage, SHORT, TYPES } from './golden.ts';

/** The value, or undefined for a coded error; any other error is a failure of the decoder. */
function attempt<T>(decode: () => T, size: number): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    if (error.offset === undefined || error.offset > size)
      throw new Error(`no offset, or one behind the end: ${error.code}`, { cause: error });
    return undefined;
  }
}

/** Golden octets with a few places changed, cut out or put in. */
const mutated = (original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      original,
      fc.array(fc.tuple(fc.nat(10000), fc.nat(255), fc.constantFrom('set', 'cut', 'put', 'swap')), {
        minLength: 1,
        maxLength: 4,
      }),
    )
    .map(([bytes, changes]) => {
      const octets = [...bytes];
      for (const [place, octet, how] of changes) {
        // The front of a message has the structure: half of the changes go there.
        const at = (octet % 2 === 0 ? place % 200 : place) % Math.max(octets.length, 1);
        if (how === 'set') octets[at] = octet;
        if (how === 'swap') octets[at] = (octets[at] ?? 0) ^ (1 << (octet % 8));
        if (how === 'cut') octets.splice(at, 1 + (octet % 4));
        if (how === 'put') octets.splice(at, 0, octet);
      }
      return Uint8Array.from(octets);
    });

const anyGolden = fc.constantFrom(...TYPES.map((type) => goldenMessage(type)));

function leaves(fields: readonly AnnotatedField[]): AnnotatedField[] {
  return fields.flatMap((field) => (field.fields === undefined ? [field] : leaves(field.fields)));
}

describe('messages', () => {
  it('P2 decode(encode(m)) equals m', () => {
    fc.assert(
      fc.property(mikeyMessage, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
      { seed: 2, numRuns: 400 },
    );
  });

  it('P1 encode(decode(b)) equals b for all that is accepted; all else is a coded error with an offset', () => {
    let accepted = 0;
    const input = fc.oneof(
      mutated(anyGolden),
      mutated(mikeyMessage.map(encodeMessage)),
      fc.uint8Array({ maxLength: 60 }),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        const message = attempt(() => decodeMessage(bytes), bytes.length);
        if (message !== undefined) {
          accepted++;
          expect(toHex(encodeMessage(message))).toBe(toHex(bytes));
        }
        for (const read of [readIbakeMessage, readRequestKey, readRequestKeyResponse, readErrorMessage]) {
          const structure = attempt(() => read(bytes), bytes.length);
          if (structure !== undefined) expect(message).toBeDefined();
        }
      }),
      { seed: 1, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  it('P1 holds for encrypted parts', () => {
    const file = golden();
    const types = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2'] as const;
    const input = fc
      .constantFrom(...types)
      .chain((type) => fc.tuple(fc.constant(type), mutated(fc.constant(fromHex(file.plain[SHORT[type]])))));
    let accepted = 0;
    fc.assert(
      fc.property(input, ([type, bytes]) => {
        const plain = attempt(() => decodeIbakePlaintext(type, bytes), bytes.length);
        attempt(() => decodeKeyTransport(bytes), bytes.length);
        if (plain === undefined) return;
        accepted++;
        expect(toHex(encodeIbakePlaintext(type, plain))).toBe(toHex(bytes));
      }),
      { seed: 1, numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('keeps nothing of the input', () => {
    const bytes = goldenMessage('I_MESSAGE_1');
    const message = decodeMessage(bytes);
    const read = readIbakeMessage(bytes);
    bytes.fill(0);
    expect(toHex(encodeMessage(message))).toBe(golden().messages.I_MESSAGE_1);
    expect(toHex(read.bytes)).toBe(golden().messages.I_MESSAGE_1);
    expect(decodeMessage(Buffer.from(golden().messages.R_MESSAGE_2, 'hex'))).toEqual(
      decodeMessage(goldenMessage('R_MESSAGE_2')),
    );
  });

  const message = decodeMessage(goldenMessage('I_MESSAGE_1'));
  it.each<[string, Partial<MikeyMessage>]>([
    ['a CSB ID of 3 octets', { csbId: new Uint8Array(3) }],
    ['an SSRC of 33 bits', { csMap: { type: 0, entries: [{ policy: 0, ssrc: 2 ** 32, roc: 0 }] } }],
    ['a T of 7 octets', { payloads: [{ kind: 'T', tsType: 0, value: new Uint8Array(7) }] }],
    ['a short RAND', { payloads: [{ kind: 'RAND', value: new Uint8Array(15) }] }],
    ['a long RAND', { payloads: [{ kind: 'RAND', value: new Uint8Array(256) }] }],
    [
      'V before the end',
      {
        payloads: [
          { kind: 'V', algorithm: 2, mac: new Uint8Array(32) },
          { kind: 'ERR', error: 0 },
        ],
      },
    ],
    [
      'SIGN before the end',
      {
        payloads: [
          { kind: 'SIGN', type: 0, signature: new Uint8Array(2) },
          { kind: 'ERR', error: 0 },
        ],
      },
    ],
    ['a MAC of another length', { payloads: [{ kind: 'V', algorithm: 2, mac: new Uint8Array(20) }] }],
    ['NULL authentication in I_MESSAGE_1', { payloads: [{ kind: 'V', algorithm: 0, mac: new Uint8Array(0) }] }],
    ['an undefined ID type', { payloads: [{ kind: 'ID', idType: 3, data: new Uint8Array(1) }] }],
    ['256 sessions', { csMap: { type: 1, count: 256 } }],
  ])('does not encode %s', (_, change) => {
    expect(() => encodeMessage({ ...message, ...change })).toThrow(/./);
    try {
      encodeMessage({ ...message, ...change });
    } catch (error) {
      expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    }
  });
});

describe('messages that others made', () => {
  // RFC 4567 5.1: pre-shared key, data types 0 and 1.
  const offer =
    'AQAFgM0XflABAAAAAAAAAAAAAAsAyONQ6gAAAAAGEEoo2pee4hp2UaDX8ZE22YwKAAAPZG9uYWxkQGR1Y2suY29tAQAAAAAAAQAk0JKpgaVkDaawi9whVBtBt' +
    '0KZ14ymNuu62+Nv3ozPLygwK/GbAV9iemnGUIZ19fWQUOSrzKTAv9zV';
  const answer = 'AQEFgM0XflABAAAAAAAAAAAAAAYAyONQ6gAAAAAJAAAQbWlja2V5QG1vdXNlLmNvbQABn8HdGE5BMDXFIuGEga+62AgY5cc=';

  it('RFC 4567 5.1, the offer', () => {
    const bytes = fromBase64(offer);
    const message = decodeMessage(bytes);
    expect(message).toMatchObject({ dataType: 0, v: true, prf: 0, csbId: fromHex('cd177e50') });
    expect(message.csMap).toEqual({ type: 0, entries: [{ policy: 0, ssrc: 0, roc: 0 }] });
    expect(message.payloads).toEqual([
      { kind: 'T', tsType: 0, value: fromHex('c8e350ea00000000') },
      { kind: 'RAND', value: fromHex('4a28da979ee21a7651a0d7f19136d98c') },
      { kind: 'ID', idType: 0, data: ascii('donald@duck.com') },
      { kind: 'SP', policy: 0, protocol: 0, parameters: [] },
      {
        kind: 'KEMAC',
        encryption: 1,
        encrypted: fromHex('d092a981a5640da6b08bdc21541b41b74299d78ca636ebbadbe36fde8ccf2f28302bf19b'),
        macAlgorithm: 1,
        mac: fromHex('5f627a69c6508675f5f59050e4abcca4c0bfdcd5'),
      },
    ]);
    expect(encodeMessage(message)).toEqual(bytes);
  });

  it('RFC 4567 5.1, the answer', () => {
    const message = decodeMessage(fromBase64(answer));
    expect(message.dataType).toBe(1);
    expect(message.payloads.map(({ kind }) => kind)).toEqual(['T', 'ID', 'V']);
    expect(message.payloads[2]).toEqual({
      kind: 'V',
      algorithm: 1,
      mac: fromHex('9fc1dd184e413035c522e18481afbad80818e5c7'),
    });
    expect(encodeMessage(message)).toEqual(fromBase64(answer));
  });

  it('cannot be read as MIKEY-IBAKE', () => {
    expect(() => readIbakeMessage(fromBase64(offer))).toThrow(
      expect.objectContaining({ code: 'InvalidDataType' }) as Error,
    );
  });
});

describe('extensions', () => {
  it('Key ID sub-payloads (RFC 4563 4) are read and checked', () => {
    const ids = [
      { type: 0, id: fromHex('0102') },
      { type: 2, id: new Uint8Array(0) },
    ];
    expect(decodeKeyIds(encodeKeyIds(ids))).toEqual(ids);
    expect(() => decodeKeyIds(fromHex('0003ff'))).toThrow(
      expect.objectContaining({ code: 'Truncated', offset: 2 }) as Error,
    );
    const message: MikeyMessage = {
      ...decodeMessage(goldenMessage('I_MESSAGE_1')),
      payloads: [{ kind: 'EXT', type: 3, data: fromHex('0003ff') }],
    };
    expect(() => encodeMessage(message)).toThrow(TypeError);
  });

  it('SDP IDs are joined by semicolons (RFC 4567 4.1.4)', () => {
    expect(encodeSdpIds(['mikey', 'keyp1'])).toEqual(ascii('mikey;keyp1'));
    expect(() => encodeSdpIds([])).toThrow(TypeError);
    expect(() => encodeSdpIds(['a;b'])).toThrow(TypeError);
  });
});

describe('annotation', () => {
  it.each(TYPES)('%s: each octet once, in order, groups around their fields, no error', (type) => {
    const bytes = goldenMessage(type);
    const fields = annotate(bytes);
    expect(
      leaves(fields)
        .map(({ octets }) => octets)
        .join(''),
    ).toBe(toHex(bytes));
    expect(fields.map(({ octets }) => octets).join('')).toBe(toHex(bytes));
    let at = 0;
    for (const { offset, length, octets, error } of leaves(fields)) {
      expect([offset, octets.length, error]).toEqual([at, 2 * length, undefined]);
      at += length;
    }
    for (const { clause, fields: inner } of fields)
      expect([typeof clause, inner?.length ?? 0]).toEqual(['string', expect.any(Number)]);
  });

  it('covers the octets of anything, and ends with the error that the decoder throws', () => {
    const input = fc.oneof(
      mutated(anyGolden),
      mutated(mikeyMessage.map(encodeMessage)),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(input, (bytes) => {
        const all = leaves(annotate(bytes));
        expect(all.map(({ octets }) => octets).join('')).toBe(toHex(bytes));
        expect(all.slice(0, -1).every(({ error }) => error === undefined)).toBe(true);
        let code: string | undefined;
        try {
          decodeMessage(bytes);
        } catch (error) {
          code = isHalfkeyError(error) ? error.code : 'untyped';
        }
        if (code !== undefined) expect(all.at(-1)?.error?.code).toBe(code);
        expect(mikeyText(annotate(bytes))).toMatch(/^[\x20-\x7e\n]*$/);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it('says what the fields mean', () => {
    const text = mikeyText(annotate(goldenMessage('I_MESSAGE_1')));
    expect(text).toContain(
      '   30  eb 1f ac c0 80 00 00 00                            TS value: 2025-01-01T12:00:00Z\n',
    );
    for (const part of [
      '22 (I_MESSAGE_1)',
      'PRF-HMAC-SHA-256',
      'IDRi  (RFC 6043 6.6)',
      'SSRC: 0xfd0052b5',
      '1 (AES-CM)',
      '"mikey"',
      '434 octets, IBE envelope',
    ]) {
      expect(text).toContain(part);
    }
    expect(text.split('\n').every((line) => line === line.trimEnd())).toBe(true);
  });

  it('shows the good part of a message that breaks, then code, offset and hint', () => {
    const cut = goldenMessage('I_MESSAGE_1').subarray(0, 100);
    const last = annotate(cut).at(-1);
    expect(last).toMatchObject({ name: 'not read', offset: 94, length: 6, error: { code: 'Truncated', offset: 94 } });
    expect(mikeyText(annotate(cut))).toMatch(
      /IDRi {2}\(RFC 6043 6\.6\)[^]*not read\nerror: Truncated at octet 94: .+\nhint: .+\n$/,
    );
  });

  it('applies the grammar after the last octet', () => {
    const message = decodeMessage(goldenMessage('I_MESSAGE_1'));
    const bytes = encodeMessage({ ...message, payloads: message.payloads.filter(({ kind }) => kind !== 'RAND') });
    expect(annotate(bytes).at(-1)).toMatchObject({
      name: 'refused',
      length: 0,
      octets: '',
      error: { code: 'BadOrder' },
    });
    expect(mikeyText([])).toBe('\n');
    expect(annotate(new Uint8Array(0)).at(-1)?.error?.code).toBe('Truncated');
  });

  it('prints no control character of an identity', () => {
    const message = decodeMessage(goldenMessage('I_MESSAGE_1'));
    const evil = encodeMessage({ ...message, payloads: [{ kind: 'ID', idType: 1, data: ascii('\u001b[31m"\\') }] });
    expect(mikeyText(annotate(evil))).toContain(String.raw`ID data: "\x1b[31m\x22\x5c"`);
  });
});
