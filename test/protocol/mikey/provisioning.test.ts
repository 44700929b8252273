/** REQUEST_KEY messages and key transport (protocol profile 3.7). */
import { describe, expect, it } from 'vitest';
import { ascii, fromHex, isHalfkeyError, ntpFromUnixMs, type ErrorCode } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { annotate, encodeMessage, mikeyText, type MikeyMessage } from '../../../src/protocol/mikey/index.ts';
import {
  decodeKeyTransport,
  encodeKeyTransport,
  readRequestKey,
  readRequestKeyResponse,
  type TransportedKeys,
} from '../../../src/protocol/mikey/provisioning/index.ts';

type Payload = MikeyMessage['payloads'][number];

function code(run: () => unknown): ErrorCode | 'accepted' {
  try {
    run();
  } catch (error) {
    if (isHalfkeyError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

const now = Date.UTC(2036, 1, 6);
const idr = (role: number, text: string): Payload => ({ kind: 'IDR', role, idType: 1, data: ascii(text) });
const tr = (role: number, unixMs: number): Payload => ({
  kind: 'TR',
  role,
  tsType: 3,
  value: ntpFromUnixMs(unixMs).subarray(0, 4),
});
const t: Payload = { kind: 'T', tsType: 0, value: ntpFromUnixMs(now) };
const rand: Payload = { kind: 'RAND', value: new Uint8Array(16).fill(3) };
const alice = idr(1, 'sip:alice@a.example');
const kms = idr(3, 'sip:kms@a.example');
const v: Payload = { kind: 'V', algorithm: 2, mac: new Uint8Array(32).fill(1) };
const kemac = (encryption: number, macAlgorithm = 0): Payload => ({
  kind: 'KEMAC',
  encryption,
  encrypted: Uint8Array.of(1, 2),
  macAlgorithm,
  mac: new Uint8Array(macAlgorithm * 20),
});
const wish = [alice, tr(2, now), tr(3, now + 5 * 86400000)];
const sign: Payload = { kind: 'SIGN', type: 1, signature: Uint8Array.of(8, 8) };
const pke: Payload = { kind: 'PKE', cache: 0, data: Uint8Array.of(7) };
const cert: Payload = { kind: 'CERT', type: 0, data: Uint8Array.of(6) };

function message(dataType: 19 | 20 | 21, ...payloads: readonly Payload[]): Uint8Array {
  return encodeMessage({
    dataType,
    v: dataType !== 21,
    prf: 1,
    csbId: fromHex('0a0b0c0d'),
    csMap: { type: 1, count: 0 },
    payloads,
  });
}

describe('REQUEST_KEY_PSK', () => {
  it('names identities, each with or without a window, also across NTP eras', () => {
    const bytes = message(
      19,
      t,
      rand,
      ...wish,
      alice,
      idr(1, 'sip:alice@a.example;gr=1'),
      kms,
      { kind: 'IDR', role: 4, idType: 2, data: Uint8Array.of(0, 255) },
      v,
    );
    const request = readRequestKey(bytes);
    expect(request).toMatchObject({
      prf: 1,
      csbId: fromHex('0a0b0c0d'),
      kms: identityFromText('sip:kms@a.example'),
      bytes,
    });
    expect(request.wishes).toEqual([
      { identity: identityFromText('sip:alice@a.example'), from: now / 1000, to: now / 1000 + 5 * 86400 },
      { identity: identityFromText('sip:alice@a.example') },
      { identity: identityFromText('sip:alice@a.example;gr=1') },
    ]);
    expect(request.proof).toEqual({
      kind: 'PSK',
      psk: Uint8Array.of(0, 255),
      v: { algorithm: 2, mac: new Uint8Array(32).fill(1) },
    });
  });

  it('N51 KEMAC under AES-CM: KeystreamReuseRefused; under AES-KW it may stand', () => {
    expect(code(() => readRequestKey(message(19, t, rand, alice, kms, kemac(1), v)))).toBe('KeystreamReuseRefused');
    expect(code(() => readRequestKey(message(19, t, rand, alice, kms, kemac(3), v)))).toBe('KeystreamReuseRefused');
    expect(code(() => readRequestKey(message(19, t, rand, alice, kms, kemac(0), v)))).toBe(
      'InvalidEncryptionAlgorithm',
    );
    expect(readRequestKey(message(19, t, rand, alice, kms, kemac(2), v)).kemac?.encryption).toBe(2);
  });

  it.each<[string, Payload[], ErrorCode]>([
    ['no identity', [t, rand, kms, v], 'InvalidId'],
    ['no KMS', [t, rand, alice, v], 'InvalidId'],
    ['no RAND', [t, alice, kms, v], 'BadOrder'],
    ['no V', [t, rand, alice, kms], 'BadOrder'],
    ['a window without end', [t, rand, alice, tr(2, now), kms, v], 'BadOrder'],
    ['a window without start', [t, rand, alice, tr(3, now), kms, v], 'BadOrder'],
    ['a window that runs backwards', [t, rand, alice, tr(2, now), tr(3, now - 1000), kms, v], 'InvalidTimestamp'],
    ['a window before its identity', [t, rand, tr(2, now), tr(3, now), alice, kms, v], 'BadOrder'],
    [
      'a window of 8-octet times',
      [t, rand, alice, { kind: 'TR', role: 2, tsType: 0, value: ntpFromUnixMs(now) }, tr(3, now), kms, v],
      'InvalidTimestamp',
    ],
    ['identities apart', [t, rand, alice, kms, alice, v], 'BadOrder'],
    ['an identity that is not canonical', [t, rand, idr(1, 'sips:alice@a.example'), kms, v], 'InvalidId'],
    ['the proof of the other variant', [t, rand, alice, kms, pke, sign], 'BadOrder'],
  ])('refuses %s', (_, payloads, expected) => {
    expect(code(() => readRequestKey(message(19, ...payloads)))).toBe(expected);
  });

  it('needs the empty map without sessions', () => {
    const base = {
      dataType: 19,
      v: true,
      prf: 1,
      csbId: fromHex('0a0b0c0d'),
      payloads: [t, rand, alice, kms, v],
    } as const;
    expect(code(() => readRequestKey(encodeMessage({ ...base, csMap: { type: 0, entries: [] } })))).toBe('BadField');
    expect(code(() => readRequestKey(encodeMessage({ ...base, csMap: { type: 1, count: 1 } })))).toBe('BadField');
  });
});

describe('REQUEST_KEY_PKE', () => {
  it('carries certificates, envelope key and signature', () => {
    const hash: Payload = { kind: 'CHASH', hashFunction: 2, hash: new Uint8Array(32).fill(2) };
    expect(readRequestKey(message(20, t, rand, ...wish, cert, cert, kms, hash, pke, sign)).proof).toEqual({
      kind: 'PKE',
      certificates: [Uint8Array.of(6), Uint8Array.of(6)],
      certificateHash: new Uint8Array(32).fill(2),
      envelopeKey: Uint8Array.of(7),
      signature: { type: 1, octets: Uint8Array.of(8, 8) },
    });
    expect(readRequestKey(message(20, t, rand, alice, kms, pke, sign)).proof).toMatchObject({
      kind: 'PKE',
      certificates: [],
    });
  });

  it.each<[string, Payload[], ErrorCode]>([
    ['no signature', [t, rand, alice, kms, pke], 'BadOrder'],
    ['no envelope key', [t, rand, alice, kms, sign], 'BadOrder'],
    ['the name of a pre-shared key', [t, rand, alice, kms, idr(4, 'sip:k@a.example'), pke, sign], 'BadOrder'],
    ['certificates behind the KMS', [t, rand, alice, kms, cert, pke, sign], 'BadOrder'],
  ])('refuses %s', (_, payloads, expected) => {
    expect(code(() => readRequestKey(message(20, ...payloads)))).toBe(expected);
  });
});

describe('REQUEST_KEY_RESP', () => {
  it('names the identities served and carries KEMAC', () => {
    const response = readRequestKeyResponse(
      message(21, t, alice, idr(1, 'sip:alice@a.example;gr=1'), kms, kemac(1), v),
    );
    expect(response.identities.map(({ text }) => text)).toEqual(['sip:alice@a.example', 'sip:alice@a.example;gr=1']);
    expect(response.kemac).toEqual(kemac(1));
    expect(response.v.algorithm).toBe(2);
  });

  it.each<[string, Payload[], ErrorCode]>([
    ['a MAC in KEMAC', [t, alice, kms, kemac(1, 1), v], 'InvalidMac'],
    ['no identity', [t, kms, kemac(1), v], 'InvalidId'],
    ['no KMS', [t, alice, kemac(1), v], 'InvalidId'],
    ['no KEMAC', [t, alice, kms, v], 'BadOrder'],
    ['RAND', [t, rand, alice, kms, kemac(1), v], 'BadOrder'],
  ])('refuses %s', (_, payloads, expected) => {
    expect(code(() => readRequestKeyResponse(message(21, ...payloads)))).toBe(expected);
  });

  it('is told from a request', () => {
    expect(code(() => readRequestKey(message(21, t, alice, kms, kemac(1), v)))).toBe('InvalidDataType');
    expect(code(() => readRequestKeyResponse(message(19, t, rand, alice, kms, v)))).toBe('InvalidDataType');
  });

  it('is annotated like any message', () => {
    const text = mikeyText(annotate(message(21, t, alice, kms, kemac(1), v)));
    expect(text).toContain('21 (REQUEST_KEY_RESP)');
    expect(text).toContain('encrypted data: 2 octets, key data');
    expect(text).not.toContain('error:');
    expect(mikeyText(annotate(message(19, t, rand, alice, kms, kemac(1), v)))).toContain(
      'error: KeystreamReuseRefused at octet',
    );
  });
});

describe('key transport', () => {
  const keys: TransportedKeys[] = [
    {
      identity: identityFromText('sip:alice@a.example'),
      keys: [
        { key: Uint8Array.of(0x30, 1), validity: { kv: 2, from: new Uint8Array(8), to: new Uint8Array(8).fill(1) } },
        { key: Uint8Array.of(0x30, 2), validity: { kv: 0 } },
      ],
      liMs: new Uint8Array(58).fill(4),
    },
    { identity: identityFromText('tel:+441632960000'), keys: [{ key: Uint8Array.of(0x30), validity: { kv: 0 } }] },
  ];

  it('P2 decodes to what was encoded', () => {
    expect(decodeKeyTransport(encodeKeyTransport(keys))).toEqual(keys);
  });

  it('refuses identities without keys', () => {
    const bare = { identity: identityFromText('sip:alice@a.example'), keys: [] };
    expect(() => encodeKeyTransport([bare])).toThrow(TypeError);
    expect(() => encodeKeyTransport([])).toThrow(TypeError);
    const one = encodeKeyTransport(keys.slice(1));
    // IDR 0 to 22, key data from there on: made the last payload, the identity has no key.
    const idOnly = one.slice(0, 5 + 'tel:+441632960000'.length);
    idOnly[0] = 0;
    expect(code(() => decodeKeyTransport(idOnly))).toBe('BadOrder');
  });

  it('refuses other keys than private keys, and other roles', () => {
    const one = encodeKeyTransport(keys.slice(1));
    const at = 5 + 'tel:+441632960000'.length;
    const tgk = Uint8Array.from(one);
    tgk[at + 1] = 0x00;
    expect(code(() => decodeKeyTransport(tgk))).toBe('BadField');
    const undefinedType = Uint8Array.from(one);
    undefinedType[at + 1] = 0xf0;
    expect(code(() => decodeKeyTransport(undefinedType))).toBe('BadField');
    const responder = Uint8Array.from(one);
    responder[1] = 2;
    expect(code(() => decodeKeyTransport(responder))).toBe('BadOrder');
    for (let length = 0; length < one.length; length++)
      expect(code(() => decodeKeyTransport(one.subarray(0, length)))).toBe('Truncated');
  });
});
