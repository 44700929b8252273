import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/foundation/base/bytes.ts';
import { deriveSessionOctets, deriveSrtpKeys, LABEL } from '../../../src/protocol/srtp/session-keys.ts';
import { srtpSuite } from '../../../src/protocol/srtp/suite.ts';
import { counterMode } from '../../../src/protocol/srtp/transform.ts';
import { Secret } from '../../../src/foundation/base/secret.ts';

interface DerivationVectors {
  prf: Record<string, { cs: Record<string, Record<string, string>> }>;
}
interface Golden {
  cs: Record<string, { TEK: string; SALT: string; ke: string; ka: string; ks: string }>;
}
const vectors = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));

describe('keystream', () => {
  const segment = (suiteName: 'AES_CM_128_HMAC_SHA1_80' | 'AES_256_CM_HMAC_SHA1_80', key: string): Uint8Array => {
    const keys = {
      encryption: new Secret('SrtpEncryptionKey', fromHex(key)),
      authentication: new Secret('SrtpAuthenticationKey', new Uint8Array(20)),
      salt: new Secret('SrtpSalt', fromHex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD')),
    } as const;
    return counterMode(srtpSuite(suiteName), keys, 0, 0, new Uint8Array(1044512));
  };
  const block = (keystream: Uint8Array, number: number): string =>
    toHex(keystream.subarray(16 * number, 16 * number + 16));

  it('is that of RFC 3711 B.2', () => {
    const keystream = segment('AES_CM_128_HMAC_SHA1_80', '2B7E151628AED2A6ABF7158809CF4F3C');
    expect([0, 1, 2, 0xfeff, 0xff00, 0xff01].map((number) => block(keystream, number))).toEqual([
      'e03ead0935c95e80e166b16dd92b4eb4',
      'd23513162b02d0f72a43a2fe4a5f97ab',
      '41e95b3bb0a2e8dd477901e4fca894c0',
      'ec8cdf7398607cb0f2d21675ea9ea1e4',
      '362b7c3c6773516318a077d7fc5073ae',
      '6a2cc3787889374fbeb4c81b17ba6c44',
    ]);
  });

  it('is that of RFC 6188 7.1 for 256-bit keys', () => {
    const keystream = segment(
      'AES_256_CM_HMAC_SHA1_80',
      '57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98',
    );
    expect([0, 1, 2, 0xfeff, 0xff00, 0xff01].map((number) => block(keystream, number))).toEqual([
      '92bdd28a93c3f52511c677d08b5515a4',
      '9da71b2378a854f67050756ded165bac',
      '63c4868b7096d88421b563b8c94c9a31',
      'cea518c90fd91ced9cbb18c078a54711',
      '3dbc4814f4da5f00a08772b63c6a046d',
      '6eb246913062a16891433e97dd01a57f',
    ]);
  });
});

describe('key derivation', () => {
  it('is that of RFC 3711 B.3', () => {
    const key = fromHex('E1F97A0D3E018BE0D64FA32C06DE4139');
    const salt = fromHex('0EC675AD498AFEEBB6960B3AABE6');
    expect(toHex(deriveSessionOctets(key, salt, LABEL.srtpEncryption, 16))).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(toHex(deriveSessionOctets(key, salt, LABEL.srtpSalt, 14))).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(toHex(deriveSessionOctets(key, salt, LABEL.srtpAuthentication, 94))).toBe(
      'cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbcee049646c43d9327ad175578ef7227098' +
        '6371c10c9a369ac2f94a8c5fbcdddc256d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2',
    );
  });

  it('is that of RFC 6188 7.2 for 256-bit keys', () => {
    const key = fromHex('f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6');
    const salt = fromHex('3b04803de51ee7c96423ab5b78d2');
    expect(toHex(deriveSessionOctets(key, salt, LABEL.srtpEncryption, 32))).toBe(
      '5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4',
    );
    expect(toHex(deriveSessionOctets(key, salt, LABEL.srtpSalt, 14))).toBe('fa31791685ca444a9e07c6c64e93');
    expect(toHex(deriveSessionOctets(key, salt, LABEL.srtpAuthentication, 20))).toBe(
      'fd9c32d39ed5fbb5a9dc96b30818454d1313dc05',
    );
  });

  it.each(['PRF-HMAC-SHA-1', 'PRF-HMAC-SHA-256'])('agrees with the derivation vectors for %s', (prf) => {
    const streams = (vectors('vectors-derivation.json') as DerivationVectors).prf[prf]?.cs ?? {};
    expect(Object.keys(streams)).toEqual(['1', '2']);
    for (const cs of Object.values(streams)) {
      const derive = (label: number, octets: number): string =>
        toHex(deriveSessionOctets(fromHex(cs['TEK128'] ?? ''), fromHex(cs['SALT112'] ?? ''), label, octets));
      expect(derive(LABEL.srtpEncryption, 16)).toBe(cs['srtp_ke']);
      expect(derive(LABEL.srtpAuthentication, 20)).toBe(cs['srtp_ka']);
      expect(derive(LABEL.srtpSalt, 14)).toBe(cs['srtp_ks']);
      expect(derive(LABEL.srtcpEncryption, 16)).toBe(cs['srtcp_ke']);
      expect(derive(LABEL.srtcpAuthentication, 20)).toBe(cs['srtcp_ka']);
      expect(derive(LABEL.srtcpSalt, 14)).toBe(cs['srtcp_ks']);
    }
  });

  it.each(['n1024-mode3-P-256', 'n2048-mode2-P-384', 'n3072-mode1-P-256', 'n3072-mode3-P-256'])(
    'gives ke, ka, ks of golden-%s',
    (name) => {
      const streams = Object.values((vectors(`golden-${name}.json`) as Golden).cs);
      expect(streams).toHaveLength(2);
      for (const { TEK, SALT, ke, ka, ks } of streams) {
        const keys = deriveSrtpKeys(srtpSuite('AES_CM_128_HMAC_SHA1_80'), fromHex(TEK), fromHex(SALT));
        expect([keys.encryption.use(toHex), keys.authentication.use(toHex), keys.salt.use(toHex)]).toEqual([
          ke,
          ka,
          ks,
        ]);
      }
    },
  );
});
