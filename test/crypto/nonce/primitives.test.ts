/** The published vectors of the primitives under the nonces, at the calls that the nonces make (RFC 3394, 5297, 5649). */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { aessiv } from '@noble/ciphers/aes.js';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/foundation/base/index.ts';

const hex = (text: string): Uint8Array => fromHex(text.replace(/\s/g, ''));

describe('AES-SIV', () => {
  it('RFC 5297 A.1', () => {
    const key = hex('fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0 f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff');
    const ad = hex('10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627');
    const plain = hex('11223344 55667788 99aabbcc ddee');
    const output = hex('85632d07 c6e8f37f 950acd32 0a2ecc93 40c02b96 90c4dc04 daef7f6a fe5c');
    expect(toHex(aessiv(key, ad).encrypt(plain))).toBe(toHex(output));
    expect(toHex(aessiv(key, ad).decrypt(output))).toBe(toHex(plain));
    output[0] = 0x84;
    expect(() => aessiv(key, ad).decrypt(output)).toThrow();
  });
});

describe('key wrap', () => {
  function wrap(algorithm: string, key: string, iv: string, plain: string): string {
    const cipher = createCipheriv(algorithm, hex(key), hex(iv));
    return toHex(concat(cipher.update(hex(plain)), cipher.final()));
  }
  function unwrap(algorithm: string, key: string, iv: string, wrapped: string): string {
    const decipher = createDecipheriv(algorithm, hex(key), hex(iv));
    return toHex(concat(decipher.update(hex(wrapped)), decipher.final()));
  }
  const kek192 = '5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8';

  it.each([
    ['c37b7e6492584340bed12207808941155068f738', '138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a'],
    ['466f7250617369', 'afbeb0f07dfbf5419200f2ccb50bb24f'],
  ])('RFC 5649 6: %s', (plain, wrapped) => {
    expect(wrap('id-aes192-wrap-pad', kek192, 'a65959a6', plain)).toBe(wrapped);
    expect(unwrap('id-aes192-wrap-pad', kek192, 'a65959a6', wrapped)).toBe(plain);
  });

  it('RFC 3394 4.6: the wrapping process under RFC 5649, with a 256-bit key', () => {
    const kek = '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F';
    const plain = '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f';
    const wrapped = '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21';
    expect(wrap('id-aes256-wrap', kek, 'a6a6a6a6a6a6a6a6', plain)).toBe(wrapped);
    expect(unwrap('id-aes256-wrap', kek, 'a6a6a6a6a6a6a6a6', wrapped)).toBe(plain);
  });
});
