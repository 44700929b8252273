import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { fromBigInt, fromHex, isHalfkeyError, toBigInt, toHex } from '../../../src/foundation/base/index.ts';
import {
  decodeDer,
  derGeneralizedTime,
  derIa5String,
  derInteger,
  derIntegerOctets,
  derOctetString,
  derOid,
  DerReader,
  derSequence,
  TAG,
} from '../../../src/foundation/der/index.ts';

/** Reads one element of any supported type and writes it again: the walker that the property tests use. */
function rewrite(reader: DerReader): Uint8Array {
  switch (reader.nextTag) {
    case TAG.integer:
      return derInteger(reader.integer());
    case TAG.octetString:
      return derOctetString(reader.octetString());
    case TAG.oid:
      return derOid(reader.oid());
    case TAG.ia5String:
      return derIa5String(reader.ia5String());
    case TAG.generalizedTime:
      return derGeneralizedTime(reader.generalizedTime());
    default: {
      const inner = reader.sequence();
      const parts: Uint8Array[] = [];
      while (inner.nextTag !== undefined) parts.push(rewrite(inner));
      return derSequence(...parts);
    }
  }
}

function rewriteAll(bytes: Uint8Array): Uint8Array {
  const reader = new DerReader(bytes);
  const out = rewrite(reader);
  reader.finish();
  return out;
}

function failure(hex: string): HalfkeyError {
  try {
    rewriteAll(fromHex(hex));
  } catch (error) {
    if (isHalfkeyError(error, 'BadDer')) return error;
    throw error;
  }
  throw new Error(`accepted ${hex}`);
}

const element: fc.Arbitrary<Uint8Array> = fc.letrec<{ node: Uint8Array; leaf: Uint8Array }>((tie) => ({
  leaf: fc.oneof(
    fc.bigInt(0n, 2n ** 300n).map(derInteger),
    fc.uint8Array({ maxLength: 300 }).map(derOctetString),
    fc
      .tuple(fc.nat(2), fc.nat(39), fc.array(fc.bigInt(0n, 2n ** 130n), { maxLength: 5 }))
      .map((arcs) => derOid(arcs.flat().join('.'))),
    fc.string({ unit: 'grapheme-ascii' }).map(derIa5String),
    fc
      .date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
      .map((date) => derGeneralizedTime(`${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`)),
  ),
  node: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 4 }).map((parts) => derSequence(...parts)),
  ),
})).node;

it('an INTEGER of octets is that of the number, and reads back as octets without leading zeros but one', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 80n), fc.integer({ min: 11, max: 20 }), (value, length) => {
      const bytes = derIntegerOctets(fromBigInt(value, length));
      expect(bytes).toEqual(derInteger(value));
      const octets = new DerReader(bytes).integerOctets();
      expect(toBigInt(octets)).toBe(value);
      expect(octets.length === 1 || octets[0] !== 0 || octets[1]! >= 0x80).toBe(true);
    }),
  );
  expect(toHex(derIntegerOctets(new Uint8Array()))).toBe('020100');
});

describe('known encodings', () => {
  it.each([
    ['0', '020100'],
    ['127', '02017f'],
    ['128', '02020080'],
    ['255', '020200ff'],
    ['256', '02020100'],
    ['32768', '0203008000'],
  ])('INTEGER %s', (value, hex) => {
    expect(toHex(derInteger(BigInt(value)))).toBe(hex);
    expect(new DerReader(fromHex(hex)).integer()).toBe(BigInt(value));
  });

  it.each([
    ['2.16.840.1.114334.1.1.1.1', '060b6086480186fd1e01010101'],
    ['1.3.14.3.2.26', '06052b0e03021a'],
    ['2.25.121698714555808039573330697175064966403.1', '06156981b78ea8f8c1f4aaf08d848b84ba85a9b3ea0301'],
    ['2.999', '06028837'],
    ['0.0', '060100'],
  ])('OBJECT IDENTIFIER %s', (text, hex) => {
    expect(toHex(derOid(text))).toBe(hex);
    expect(new DerReader(fromHex(hex)).oid()).toBe(text);
  });

  it('takes one, two and three length octets at their borders', () => {
    for (const length of [0, 127, 128, 255, 256, 65535, 65536]) {
      const bytes = derOctetString(new Uint8Array(length));
      expect(new DerReader(bytes).octetString().length).toBe(length);
    }
    expect(toHex(derOctetString(new Uint8Array(128)).subarray(0, 3))).toBe('048180');
    expect(toHex(derOctetString(new Uint8Array(256)).subarray(0, 4))).toBe('04820100');
  });

  it('reads a structure, and demands that all of it is read', () => {
    const bytes = derSequence(derInteger(2n), derOctetString(Uint8Array.of(1, 2)));
    expect(decodeDer(bytes, (s) => [s.integer(), toHex(s.octetString())])).toEqual([2n, '0102']);
    expect(() => decodeDer(bytes, (s) => s.integer())).toThrow(expect.objectContaining({ code: 'BadDer', offset: 5 }));
  });
});

describe('refused encodings', () => {
  it.each([
    ['nothing', '', 0],
    ['a tag alone', '02', 0],
    ['an unknown tag', '0500', 0],
    ['a constructed OCTET STRING', '240404020102', 0],
    ['an INTEGER without octets', '0200', 0],
    ['a negative INTEGER', '0201ff', 0],
    ['a needless leading zero', '0202007f', 0],
    ['an indefinite length', '30800000', 0],
    ['a long form where the short one fits', '04810101', 0],
    ['a leading zero in the length', `04820080${'00'.repeat(128)}`, 0],
    ['a length of five octets', '04850000000001aa', 0],
    ['a length that is cut', '0482ff', 0],
    ['contents that are cut', '0403aabb', 0],
    ['a trailing octet', '02010100', 3],
    ['a trailing octet in a SEQUENCE', '3004020101ff', 5],
    ['an element that runs out of its SEQUENCE', '3003020201ff', 2],
    ['an arc with a leading 80', '06022a80', 0],
    ['an arc with a needless octet', '06032a8001', 0],
    ['an OBJECT IDENTIFIER without octets', '0600', 0],
    ['an OBJECT IDENTIFIER of 129 octets', `0681812a${'01'.repeat(128)}`, 0],
    ['an IA5String with an 8-bit octet', '160180', 0],
    ['a time with a fraction', '181132303235303130313030303030302e355a', 0],
    ['a time without seconds', '180d3230323530313031303030305a', 0],
    ['the 30th of February', '180f32303235303233303030303030305a', 0],
    ['the hour 24', '180f32303235303130313234303030305a', 0],
  ])('%s', (_name, hex, offset) => {
    expect(failure(hex).offset).toBe(offset);
  });

  it('misuse of the writer is a TypeError', () => {
    expect(() => derInteger(-1n)).toThrow(TypeError);
    for (const oid of ['', '1', '3.1', '1.40', '2.01', '1.2.', 'a.b', `1.2${'.1'.repeat(128)}`])
      expect(() => derOid(oid)).toThrow(TypeError);
    expect(() => derIa5String('é')).toThrow(TypeError);
    expect(() => derGeneralizedTime('2025-01-01')).toThrow(TypeError);
  });
});

describe('P18 only the canonical encoding is accepted', () => {
  it('what is written reads back and is written again octet for octet', () => {
    fc.assert(
      fc.property(element, (bytes) => {
        expect(toHex(rewriteAll(bytes))).toBe(toHex(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('mutated octets are refused as BadDer or are another canonical encoding', () => {
    let accepted = 0;
    let refused = 0;
    const mutation = fc.tuple(element, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(3));
    fc.assert(
      fc.property(mutation, ([bytes, where, flip, kind]) => {
        const at = where % bytes.length;
        const head = bytes.subarray(0, at);
        const octet = Uint8Array.of((bytes[at] ?? 0) ^ flip);
        const tail = bytes.subarray(at + (kind === 1 ? 0 : 1));
        const mutated = Uint8Array.from([...head, ...(kind === 2 ? [] : octet), ...(kind === 3 ? [] : tail)]);
        let again: Uint8Array;
        try {
          again = rewriteAll(mutated);
        } catch (error) {
          expect(isHalfkeyError(error, 'BadDer')).toBe(true);
          refused++;
          return;
        }
        accepted++;
        expect(toHex(again)).toBe(toHex(mutated));
      }),
      { numRuns: 2000, seed: 5091 },
    );
    expect(accepted).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(200);
  });

  it('random octets never throw anything but BadDer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(toHex(rewriteAll(bytes))).toBe(toHex(bytes));
        } catch (error) {
          if (!isHalfkeyError(error, 'BadDer')) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
