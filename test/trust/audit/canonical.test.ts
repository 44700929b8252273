import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, decodeRecord } from '../../../src/trust/audit/index.ts';

const text = (value: object): string => new TextDecoder().decode(canonicalJson(value));
const octets = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('canonical JSON', () => {
  it('sorts by UTF-16 code units as RFC 8785 3.2.3 does', () => {
    // The example of RFC 8785 3.2.3; U+1F600 sorts by its surrogates, before U+FB33.
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const names = Object.keys(JSON.parse(text(value)) as object).filter((name) => name !== '1');
    expect(text(value).startsWith('{"\\r":"Carriage Return","1":"One","\u0080":')).toBe(true);
    expect(names).toEqual(['\r', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']);
  });

  it('writes nested values without white space and -0 as 0', () => {
    expect(text({ b: [1, -0, null, true], a: { d: 'x', c: [] } })).toBe('{"a":{"c":[],"d":"x"},"b":[1,0,null,true]}');
  });

  it.each([
    ['a fraction', { a: 0.5 }],
    ['2^53', { a: 2 ** 53 }],
    ['NaN', { a: NaN }],
    ['a lone surrogate', { a: '\ud800' }],
    ['a lone surrogate as name', { '\udc00': 1 }],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  it('refuses deep nesting before the stack is at risk', () => {
    let value: object = {};
    for (let i = 0; i < 100_000; i++) value = { a: value };
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  it.each([[{ a: undefined }], [{ a: 1n }], [{ a: new Date(0) }], [{ a: new Uint8Array(1) }], [{ a: () => 1 }]])(
    'throws TypeError for %o',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );

  it('decodes exactly what it encodes', () => {
    const value = fc.dictionary(
      fc.string({ unit: 'grapheme' }),
      fc.oneof(
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.integer()),
      ),
    );
    fc.assert(
      fc.property(value, (body) => {
        const encoded = canonicalJson(body);
        expect(canonicalJson(decodeRecord(encoded))).toEqual(encoded);
      }),
      { numRuns: 100, seed: 8785 },
    );
  });

  it.each([
    '',
    '[]',
    '1',
    'null',
    '{"a":1} ',
    '{ "a":1}',
    '{"b":1,"a":1}',
    '{"a":1,"a":1}',
    '{"a":1.0}',
    '{"a":1e0}',
    '{"a":"\\u0041"}',
    '{"a":-0}',
    '\ufeff{}',
  ])('refuses the record octets %j', (wrong) => {
    expect(() => decodeRecord(octets(wrong))).toThrow(expect.objectContaining({ code: 'LOG_BROKEN' }));
  });

  it('refuses octets that are not UTF-8', () => {
    expect(() => decodeRecord(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toThrow(
      expect.objectContaining({ code: 'LOG_BROKEN' }),
    );
  });
});
