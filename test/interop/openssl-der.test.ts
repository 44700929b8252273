/** OpenSSL finds in our DER every tag, length and value that we put there, for each structure of each level. */
import { describe, expect, it } from 'vitest';
import {
  bb1Encrypt,
  bb1ExtractPrivateKey,
  bb1Setup,
  decodeEnvelope,
  derivePublicParameters,
  domainParameters,
  encodeBB1Ciphertext,
  encodeBB1MasterSecret,
  encodeBB1PrivateKey,
  encodeBB1PublicParameters,
  encodeCiphertext,
  encodeMasterSecret,
  encodePrivateKey,
  encodePublicParameters,
  encrypt,
  extractPrivateKey,
  identityInfo,
  type Level,
} from '../../src/crypto/ibe/index.ts';
import { kernelFor, pointFromOctets, type Point } from '../../src/crypto/curve/index.ts';
import { latin1 } from '../../src/foundation/base/bytes.ts';
import { generalizedTime, identityFromText } from '../../src/foundation/identity/index.ts';
import { readIbakeMessage } from '../../src/protocol/mikey/index.ts';
import { MASTER_SECRET, seeded } from '../crypto/ibe/fixtures.ts';
import { golden, GOLDEN_NAMES, goldenMessage } from '../protocol/mikey/golden.ts';
import { needs } from '../support/needs.ts';
import { asn1Elements, layout, type Wanted } from './openssl.ts';

/** OIDs of protocol profile 1.5 and 2.3, with the octets of their contents. */
const CURVE = { oid: '2.16.840.1.114334.1.1.1.1', octets: 11 };
const BF = { oid: '2.16.840.1.114334.1.1.2.1', octets: 11 };
const IDENTITY = { oid: '2.25.121698714555808039573330697175064966403.1', octets: 21 };
const HASHES: Readonly<Record<Level, Wanted>> = {
  1024: { oid: '1.3.14.3.2.26', octets: 5 },
  2048: { oid: '2.16.840.1.101.3.4.2.4', octets: 9 },
  3072: { oid: '2.16.840.1.101.3.4.2.1', octets: 9 },
  7680: { oid: '2.16.840.1.101.3.4.2.2', octets: 9 },
};
const point = ({ x, y }: Point): Wanted => [x, y];

/** Each structure at a level: our octets, and what they are to hold. */
function structures(level: Level): Readonly<Record<string, readonly [Uint8Array, Wanted]>> {
  const domain = domainParameters(level);
  const { p, q, P } = domain;
  const id = Uint8Array.of(66, 111, 98);
  const random = seeded(`der ${String(level)}`);
  const params = derivePublicParameters(domain, MASTER_SECRET);
  const key = extractPrivateKey(params, MASTER_SECRET, id);
  const c = encrypt(params, id, random(16), random);
  const bb1 = bb1Setup(domain, random);
  const { d0, d1 } = bb1ExtractPrivateKey(domain, bb1.masterSecret, id, random);
  const { alpha, beta, gamma } = bb1.masterSecret;
  const { P1, P2, P3, v } = bb1.params;
  const sealed = bb1Encrypt(bb1.params, id, random(16), random);
  const secret = (octets: Uint8Array): Wanted => point(pointFromOctets(kernelFor(domain), octets));
  const head = [2n, CURVE, p, q, point(P)];
  return {
    BFPublicParameters: [encodePublicParameters(params), [...head, point(params.Ppub), HASHES[level]]],
    BFMasterSecret: [encodeMasterSecret(MASTER_SECRET), [2n, MASTER_SECRET]],
    BFPrivateKeyBlock: [encodePrivateKey(key), [2n, point(key)]],
    BFCiphertextBlock: [encodeCiphertext(c), [2n, point(c.u), c.v, c.w]],
    BB1PublicParameters: [
      encodeBB1PublicParameters(bb1.params),
      [...head, point(P1), point(P2), point(P3), [v.re, v.im], HASHES[level]],
    ],
    BB1MasterSecret: [encodeBB1MasterSecret(bb1.masterSecret), [2n, alpha, beta, gamma]],
    BB1PrivateKeyBlock: [encodeBB1PrivateKey({ d0, d1 }), [2n, secret(d0), secret(d1)]],
    BB1CiphertextBlock: [encodeBB1Ciphertext(sealed), [2n, point(sealed.c0), point(sealed.c1), sealed.u, sealed.y]],
  };
}

describe('OpenSSL reads our DER as we mean it', () => {
  it.each([1024, 3072] as const)('the structures of RFC 5091 at level %i', (level) => {
    needs('openssl');
    for (const [name, [der, wanted]] of Object.entries(structures(level))) {
      expect([name, asn1Elements(der)]).toEqual([name, layout(wanted)]);
    }
  });

  it.each([2048, 7680] as const)('BFPublicParameters of level %i', (level) => {
    needs('openssl');
    const params = derivePublicParameters(domainParameters(level), MASTER_SECRET);
    const { p, q, P, Ppub } = params;
    const wanted = [2n, CURVE, p, q, point(P), point(Ppub), HASHES[level]];
    expect(asn1Elements(encodePublicParameters(params))).toEqual(layout(wanted));
  });

  it.each(GOLDEN_NAMES)('the envelopes of %s', (name) => {
    needs('openssl');
    const level = Number(/n(\d+)/.exec(name)?.[1]) as Level;
    for (const type of ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2'] as const) {
      const der = readIbakeMessage(goldenMessage(type, name)).encrypted as Uint8Array;
      const { serial, notBefore, kem, dem } = decodeEnvelope(der, domainParameters(level));
      const wanted = [1n, BF, serial, { time: notBefore }, [2n, point(kem.u), kem.v, kem.w], dem];
      expect(asn1Elements(der)).toEqual(layout(wanted));
    }
  });

  it('IBEIdentityInfo, and the identityData in it', () => {
    needs('openssl');
    const district = 'https://pps.operator-a.example/ibe/pp';
    const identity = identityFromText('sip:alice@operator-a.example');
    const notBefore = generalizedTime(1_735_689_600);
    const der = identityInfo({ district, serial: 2n ** 63n - 1n, identity, notBefore });
    const data: Wanted = [1n, { ia5: identity.text }, { time: '20250101000000Z' }];
    const { header = 0, length = 0 } = layout(data)[0] ?? {};
    const inner = der.subarray(der.length - header - length);
    expect(asn1Elements(inner)).toEqual(layout(data));
    expect(asn1Elements(der)).toEqual(layout([{ ia5: district }, 2n ** 63n - 1n, IDENTITY, inner]));
    // The golden ones differ in serial only.
    expect(latin1(der)).toContain(latin1(inner));
    expect(golden('n3072-mode3-P-256').identityDER.A).toContain(Buffer.from(inner).toString('hex'));
  });
});

describe('a planted fault: one octet', () => {
  const der = readIbakeMessage(goldenMessage('I_MESSAGE_1')).encrypted as Uint8Array;
  const { serial, notBefore, kem, dem } = decodeEnvelope(der, domainParameters(1024));
  const wanted = layout([1n, BF, serial, { time: notBefore }, [2n, point(kem.u), kem.v, kem.w], dem]);

  it('of a value is found in that element alone', () => {
    needs('openssl');
    for (const [i, { tag, offset, header, length }] of wanted.entries()) {
      if (tag === 'SEQUENCE') continue;
      // Of a time the last digit: behind it is the Z.
      const at = offset + header + length - (tag === 'GENERALIZEDTIME' ? 2 : 1);
      const found = asn1Elements(der.with(at, (der[at] as number) ^ 2));
      const differ = found.flatMap((element, j) => (JSON.stringify(element) === JSON.stringify(wanted[j]) ? [] : [j]));
      expect(differ).toEqual([i]);
    }
  });

  it('of a tag or of a length is objected to', () => {
    needs('openssl');
    const reads = (octets: Uint8Array): unknown => {
      try {
        return asn1Elements(octets);
      } catch {
        return 'refused';
      }
    };
    for (const { offset, header } of wanted) {
      expect(reads(der.with(offset, (der[offset] as number) ^ 0x06))).not.toEqual(wanted);
      const at = offset + header - 1;
      expect(reads(der.with(at, (der[at] as number) ^ 0x01))).not.toEqual(wanted);
    }
    expect(reads(der.slice(0, -1))).toBe('refused');
  });
});
