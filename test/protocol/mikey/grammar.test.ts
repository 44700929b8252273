/** Rows of protocol profile 7.3 that concern the clear part of messages, and the grammar 3.3. */
import { describe, expect, it } from 'vitest';
import {
  ascii,
  fromHex,
  isHalfkeyError,
  ntpToUnixSeconds,
  toHex,
  type ErrorCode,
  type HalfkeyError,
} from '../../../src/foundation/base/index.ts';
import { generalizedTime, keyEpochStart } from '../../../src/foundation/identity/index.ts';
import {
  decodeMessage,
  encodeMessage,
  ibakeAad,
  readErrorMessage,
  readIbakeMessage,
  securityPolicyOf,
  type IbakeType,
  type MikeyMessage,
} from '../../../src/protocol/mikey/index.ts';
import { golden, goldenMessage, TYPES } from './golden.ts';

type Payload = MikeyMessage['payloads'][number];

function failure(run: () => unknown): HalfkeyError {
  try {
    run();
  } catch (error) {
    if (isHalfkeyError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The golden message with other payloads, read back. */
function read(
  type: IbakeType,
  change: (payloads: readonly Payload[], message: MikeyMessage) => readonly Payload[],
  header = {},
): ReturnType<typeof readIbakeMessage> {
  const message = decodeMessage(goldenMessage(type));
  return readIbakeMessage(encodeMessage({ ...message, ...header, payloads: change(message.payloads, message) }));
}

const refusal = (...of: Parameters<typeof read>): ErrorCode => failure(() => read(...of)).code;
const isRole = (role: number) => (payload: Payload) => payload.kind === 'IDR' && payload.role === role;
const without = (test: (payload: Payload) => boolean) => (payloads: readonly Payload[]) =>
  payloads.filter((p) => !test(p));
const insert =
  (before: Payload['kind'] | 'end', ...more: readonly Payload[]) =>
  (payloads: readonly Payload[]) => {
    const at = before === 'end' ? payloads.length : payloads.findIndex(({ kind }) => kind === before);
    return [...payloads.slice(0, at), ...more, ...payloads.slice(at)];
  };
const idr = (role: number, text = 'sip:kms@a.example'): Payload => ({
  kind: 'IDR',
  role,
  idType: 1,
  data: ascii(text),
});
const ext = (type: number, text = ''): Payload => ({ kind: 'EXT', type, data: ascii(text) });
const v: Payload = { kind: 'V', algorithm: 2, mac: new Uint8Array(32) };

/** Golden octets with some replaced. */
function patched(type: IbakeType, ...changes: readonly (readonly [offset: number, octet: number])[]): Uint8Array {
  const bytes = goldenMessage(type);
  for (const [offset, octet] of changes) bytes.set([octet], offset);
  return bytes;
}

// Offsets in the golden I_MESSAGE_1: T 28, RAND 38, IDRi 56, IDRr 89, SP 120, SDP-IDs 155, IBAKE 164.
describe('header and chain', () => {
  it.each([
    ['N1 version 2: UnsupportedVersion', 0, 2, 'UnsupportedVersion', 0, 12],
    ['N2 data type 99: InvalidDataType', 1, 99, 'InvalidDataType', 1, 11],
    ['N2 data type 11 (RFC 6043): InvalidDataType', 1, 11, 'InvalidDataType', 1, 11],
    ['N5 next payload 200: UnknownPayload', 155, 200, 'UnknownPayload', 155, 13],
    ['N5 next payload 25 (ECCPT) in clear: UnknownPayload', 2, 25, 'UnknownPayload', 2, 13],
    ['N5 next payload 26 (SAKKE): UnknownPayload', 28, 26, 'UnknownPayload', 28, 13],
    ['N6 T of type COUNTER: InvalidTimestamp', 29, 2, 'InvalidTimestamp', 29, 1],
    ['N9 PRF func 5: InvalidPrf', 3, 0x85, 'InvalidPrf', 3, 2],
    ['N12 RAND of 15 octets: RandTooShort', 39, 15, 'RandTooShort', 39, 12],
    ['N46 SP parameter overruns its list: Truncated', 153, 2, 'Truncated', 154, 13],
    ['a CS ID map of type 7: BadField', 9, 7, 'BadField', 9, 12],
    ['an ID role 9: InvalidId', 57, 9, 'InvalidId', 57, 7],
  ] as const)('%s', (_, offset, octet, code, at, mikey) => {
    for (const decode of [decodeMessage, readIbakeMessage]) {
      const error = failure(() => decode(patched('I_MESSAGE_1', [offset, octet])));
      expect([error.code, error.offset, error.row.mikey]).toEqual([code, at, mikey]);
    }
  });

  it('N5 names the payload', () => {
    expect(failure(() => decodeMessage(patched('I_MESSAGE_1', [2, 200]))).message).toContain('payload 200');
  });

  it.each(TYPES)('N3 %s truncated at every octet: Truncated with the offset', (type) => {
    const bytes = goldenMessage(type);
    for (let length = 0; length < bytes.length; length++) {
      const error = failure(() => decodeMessage(bytes.subarray(0, length)));
      expect(error.code).toBe('Truncated');
      expect(error.offset).toBeLessThanOrEqual(length);
    }
  });

  it.each(TYPES)('N4 %s with a trailing octet: TrailingData', (type) => {
    const bytes = goldenMessage(type);
    const error = failure(() => decodeMessage(Uint8Array.from([...bytes, 0])));
    expect([error.code, error.offset]).toEqual(['TrailingData', bytes.length]);
  });

  it('N6 T of type NTP or NTP-UTC-32 is refused in all four messages', () => {
    for (const type of TYPES) {
      for (const tsType of [1, 2, 3, 9])
        expect(failure(() => readIbakeMessage(patched(type, [29, tsType]))).code).toBe('InvalidTimestamp');
    }
  });

  it.each([
    ['NULL', 0],
    ['HMAC-SHA-1 with PRF 1', 1],
    ['undefined', 7],
  ])('N10 V with algorithm %s: InvalidMac', (_, algorithm) => {
    const bytes = goldenMessage('R_MESSAGE_2');
    const error = failure(() => readIbakeMessage(patched('R_MESSAGE_2', [bytes.length - 33, algorithm])));
    expect([error.code, error.offset, error.row.mikey]).toEqual(['InvalidMac', bytes.length - 33, 3]);
  });

  it('V of PRF 0 is HMAC-SHA-1-160', () => {
    const sha1 = { kind: 'V', algorithm: 1, mac: new Uint8Array(20).fill(7) } as const;
    const change = (payloads: readonly Payload[]): Payload[] => [...payloads.slice(0, -1), sha1];
    expect(read('R_MESSAGE_2', change, { prf: 0 }).v).toEqual({ algorithm: 1, mac: sha1.mac });
  });

  it('N76 T in NTP era 1 (2036-02-08): accepted, right epoch', () => {
    const t = fromHex('0000f68000000000');
    const message = read('I_MESSAGE_1', (payloads) => payloads.map((p) => (p.kind === 'T' ? { ...p, value: t } : p)));
    expect(toHex(message.t)).toBe(toHex(t));
    const noon = fromHex('00019f4000000000');
    const later = read('I_MESSAGE_1', (payloads) => payloads.map((p) => (p.kind === 'T' ? { ...p, value: noon } : p)));
    expect(generalizedTime(keyEpochStart(ntpToUnixSeconds(later.t), 86400))).toBe('20360208000000Z');
    expect(generalizedTime(keyEpochStart(ntpToUnixSeconds(message.t), 86400))).toBe('20360208000000Z');
  });
});

describe('identities', () => {
  it('N18 two IDRi: DuplicatePayload', () => {
    expect(refusal('I_MESSAGE_1', (p) => insert('SP', ...p.filter(isRole(1)))(p))).toBe('DuplicatePayload');
    expect(failure(() => readIbakeMessage(patched('I_MESSAGE_1', [90, 1]))).code).toBe('DuplicatePayload');
  });

  it.each(TYPES)('N19 %s without the role IDRr: InvalidId', (type) => {
    expect(refusal(type, without(isRole(2)))).toBe('InvalidId');
    expect(refusal(type, without(isRole(1)))).toBe('InvalidId');
    expect(failure(() => read(type, without(isRole(2)))).row.mikey).toBe(7);
  });

  it('N19 IDRr under another role: InvalidId', () => {
    for (const role of [3, 4, 5, 6, 7])
      expect(failure(() => readIbakeMessage(patched('I_MESSAGE_1', [90, role]))).code).toBe('InvalidId');
  });

  it.each([
    ['port', 'sip:bob@b.example:5060'],
    ['parameter other than gr', 'sip:bob@b.example;user=phone'],
    ['upper-case host', 'sip:bob@B.example'],
    ['lower-case hex', 'sip:b%2fb@b.example'],
  ])('N21 IDR with %s: InvalidId', (_, text) => {
    const error = failure(() => read('I_MESSAGE_1', (p) => p.map((q) => (isRole(2)(q) ? idr(2, text) : q))));
    expect([error.code, error.offset, error.row.mikey]).toEqual(['InvalidId', 94, 7]);
    expect(error.message).not.toContain('b.example');
  });

  it('N21 gr is kept', () => {
    const message = read('I_MESSAGE_1', (p) => p.map((q) => (isRole(2)(q) ? idr(2, 'sip:bob@b.example;gr=Ab1') : q)));
    expect(message.idrr).toEqual({ type: 1, text: 'sip:bob@b.example;gr=Ab1' });
  });

  it('N22 non-ASCII or local tel identity, byte string: InvalidId', () => {
    const with2 = (payload: object) => (p: readonly Payload[]) =>
      p.map((q) => (isRole(2)(q) ? ({ ...q, ...payload } as Payload) : q));
    expect(refusal('I_MESSAGE_1', with2({ data: Uint8Array.of(0x73, 0x69, 0x70, 0x3a, 0xe9, 0x40, 0x61) }))).toBe(
      'InvalidId',
    );
    expect(refusal('I_MESSAGE_1', with2({ data: ascii('tel:1234') }))).toBe('InvalidId');
    expect(refusal('I_MESSAGE_1', with2({ idType: 2, data: ascii('sip:bob@b.example') }))).toBe('InvalidId');
    expect(refusal('I_MESSAGE_1', with2({ idType: 0 }))).toBe('InvalidId');
    expect(refusal('I_MESSAGE_1', with2({ data: new Uint8Array(0) }))).toBe('InvalidId');
  });
});

describe('order and number of payloads', () => {
  const sp = securityPolicyOf('AEAD_AES_128_GCM', 1);
  const esk: Payload = { kind: 'ESK', encrypted: Uint8Array.of(1, 2, 3) };
  const ibake: Payload = { kind: 'IBAKE', encrypted: Uint8Array.of(9) };
  const rand: Payload = { kind: 'RAND', value: new Uint8Array(16) };

  it('I_MESSAGE_1 may carry IDRkmsi, IDRkmsr, more policies; an ESK is bound and discarded', () => {
    const message = read('I_MESSAGE_1', (p) => [
      ...insert('EXT', sp)(insert('SP', idr(6), idr(7, 'sip:kms@b.example'))(p)),
      esk,
    ]);
    expect(message.kmsi?.text).toBe('sip:kms@a.example');
    expect(message.kmsr?.text).toBe('sip:kms@b.example');
    expect(message.policies.map(({ policy }) => policy)).toEqual([0, 1]);
    expect(message.esk).toBeUndefined();
    expect(toHex(ibakeAad(message, new Uint8Array(0))).endsWith('0000' + '03010203')).toBe(true);
  });

  it('I_MESSAGE_2 may carry policies, SDP-IDs and ESK, and may lack RAND', () => {
    const message = read('I_MESSAGE_2', (p) => [...insert('IBAKE', sp, ext(1, 'mikey;keyp1'))(p), esk]);
    expect(message.policies).toEqual([sp]);
    expect(message.sdpIds).toEqual(['mikey', 'keyp1']);
    expect(message.esk).toEqual(Uint8Array.of(1, 2, 3));
    expect(
      read(
        'I_MESSAGE_2',
        without((q) => q.kind === 'RAND'),
      ).rand,
    ).toBeUndefined();
  });

  it('R_MESSAGE_1 may carry Gen.Ext 242 before IBAKE, without data', () => {
    expect(read('R_MESSAGE_1', insert('IBAKE', ext(242))).deferred).toBe(true);
    expect(refusal('R_MESSAGE_1', insert('IBAKE', ext(242, 'x')))).toBe('BadField');
    expect(refusal('R_MESSAGE_1', insert('end', ext(242)))).toBe('BadOrder');
    expect(refusal('I_MESSAGE_1', insert('IBAKE', ext(242)))).toBe('BadOrder');
  });

  it('R_MESSAGE_2 may carry IBAKE; V is no part of its AAD', () => {
    const message = read('R_MESSAGE_2', insert('V', ibake));
    expect(message.encrypted).toEqual(Uint8Array.of(9));
    const aad = ibakeAad(message, new Uint8Array(0));
    expect(toHex(aad.subarray(16))).toBe(toHex(message.bytes.subarray(0, (message.places.ibake ?? 0) + 1)));
  });

  it('an update carries V: with IBAKE as the first of four messages, without as one of two', () => {
    const rekey = read('I_MESSAGE_1', (p) => [...without((q) => q.kind === 'RAND')(p), v]);
    expect([rekey.rand, rekey.v?.algorithm, rekey.encrypted?.length]).toEqual([undefined, 2, 434]);
    const bare = without((q) => ['RAND', 'EXT', 'IBAKE'].includes(q.kind));
    expect(read('I_MESSAGE_1', (p) => [...bare(p), v]).encrypted).toBeUndefined();
    expect(read('R_MESSAGE_1', (p) => [...bare(p), v]).v?.algorithm).toBe(2);
    expect(refusal('I_MESSAGE_1', (p) => [...p, v])).toBe('BadOrder'); // RAND beside V
    expect(refusal('I_MESSAGE_1', (p) => [...without((q) => q.kind === 'RAND')(p), esk, v])).toBe('BadOrder');
    expect(refusal('R_MESSAGE_1', (p) => [...p, v])).toBe('BadOrder');
    expect(refusal('I_MESSAGE_2', (p) => [...p, v])).toBe('BadOrder');
    expect(refusal('I_MESSAGE_1', (p) => bare(p))).toBe('BadOrder');
  });

  it.each<[string, IbakeType, (payloads: readonly Payload[]) => readonly Payload[], ErrorCode]>([
    ['T missing', 'I_MESSAGE_1', without((p) => p.kind === 'T'), 'BadOrder'],
    ['T not first', 'R_MESSAGE_1', ([t, ...p]) => [...p.slice(0, 2), t as Payload, ...p.slice(2)], 'BadOrder'],
    ['RAND missing in I1', 'I_MESSAGE_1', without((p) => p.kind === 'RAND'), 'BadOrder'],
    ['RAND in R1', 'R_MESSAGE_1', insert('IDR', rand), 'BadOrder'],
    ['two RAND', 'I_MESSAGE_1', insert('IDR', rand), 'DuplicatePayload'],
    ['no SP in I1 with sessions', 'I_MESSAGE_1', without((p) => p.kind === 'SP'), 'BadOrder'],
    [
      'two SP with one number',
      'I_MESSAGE_1',
      insert('EXT', securityPolicyOf('AEAD_AES_128_GCM', 0)),
      'DuplicatePayload',
    ],
    ['no SDP-IDs in I1', 'I_MESSAGE_1', without((p) => p.kind === 'EXT'), 'BadOrder'],
    [
      'SDP-IDs before SP',
      'I_MESSAGE_1',
      (p) => insert('SP', ext(1, 'mikey'))(without((q) => q.kind === 'EXT')(p)),
      'BadOrder',
    ],
    ['two SDP-IDs', 'I_MESSAGE_1', insert('IBAKE', ext(1, 'mikey')), 'DuplicatePayload'],
    ['SP in R1', 'R_MESSAGE_1', insert('IBAKE', sp), 'BadOrder'],
    ['SDP-IDs in R2', 'R_MESSAGE_2', insert('V', ext(1, 'mikey')), 'BadOrder'],
    ['a vendor extension', 'I_MESSAGE_1', insert('IBAKE', ext(0, 'x')), 'BadOrder'],
    ['LI-MS in clear', 'R_MESSAGE_1', insert('IBAKE', ext(241, 'x')), 'BadOrder'],
    ['IBAKE missing in I2', 'I_MESSAGE_2', without((p) => p.kind === 'IBAKE'), 'BadOrder'],
    ['two IBAKE', 'I_MESSAGE_2', insert('end', ibake), 'DuplicatePayload'],
    ['ESK in R1', 'R_MESSAGE_1', insert('end', esk), 'BadOrder'],
    ['ESK before IBAKE', 'I_MESSAGE_2', insert('IBAKE', esk), 'BadOrder'],
    ['V missing in R2', 'R_MESSAGE_2', without((p) => p.kind === 'V'), 'BadOrder'],
    ['IDRr before IDRi', 'R_MESSAGE_1', (p) => [p[0], p[2], p[1], ...p.slice(3)] as Payload[], 'BadOrder'],
    ['IDRkmsi in I2', 'I_MESSAGE_2', insert('IBAKE', idr(6)), 'BadOrder'],
    ['IDRkmsr before IDRkmsi', 'I_MESSAGE_1', insert('SP', idr(7), idr(6)), 'BadOrder'],
    [
      'an ID payload',
      'I_MESSAGE_1',
      insert('SP', { kind: 'ID', idType: 1, data: ascii('sip:x@a.example') }),
      'BadOrder',
    ],
    [
      'KEMAC',
      'I_MESSAGE_1',
      insert('IBAKE', { kind: 'KEMAC', encryption: 1, encrypted: rand.value, macAlgorithm: 0, mac: new Uint8Array(0) }),
      'BadOrder',
    ],
    ['an empty SDP-IDs list', 'I_MESSAGE_1', (p) => p.map((q) => (q.kind === 'EXT' ? ext(1) : q)), 'BadField'],
    ['a space in SDP-IDs', 'I_MESSAGE_1', (p) => p.map((q) => (q.kind === 'EXT' ? ext(1, 'mikey; x') : q)), 'BadField'],
  ])('refuses %s', (_, type, change, code) => {
    expect(refusal(type, change)).toBe(code);
  });

  it('a payload after V: BadOrder', () => {
    const bytes = goldenMessage('R_MESSAGE_2');
    expect(failure(() => decodeMessage(patched('R_MESSAGE_2', [bytes.length - 34, 11]))).code).toBe('BadOrder');
    const message = decodeMessage(bytes);
    expect(() => encodeMessage({ ...message, payloads: [...message.payloads, rand] })).toThrow(TypeError);
  });

  it('needs an SRTP-ID map with two sessions an m-line', () => {
    const same = (p: readonly Payload[]): readonly Payload[] => p;
    const entry = { policy: 0, ssrc: 1, roc: 0 };
    expect(refusal('I_MESSAGE_1', same, { csMap: { type: 1, count: 0 } })).toBe('BadField');
    expect(refusal('I_MESSAGE_1', same, { csMap: { type: 2, entries: [] } })).toBe('BadField');
    expect(refusal('I_MESSAGE_1', same, { csMap: { type: 0, entries: [entry] } })).toBe('BadField');
    expect(
      read('I_MESSAGE_1', same, { csMap: { type: 0, entries: Array<typeof entry>(254).fill(entry) } }).csMap,
    ).toHaveLength(254);
    expect(
      read(
        'I_MESSAGE_1',
        without((q) => q.kind === 'SP'),
        { csMap: { type: 0, entries: [] } },
      ).policies,
    ).toEqual([]);
  });

  it('ignores the V bit, as RFC 6267 6.1 says', () => {
    expect(readIbakeMessage(patched('I_MESSAGE_1', [3, 1])).type).toBe('I_MESSAGE_1');
  });

  it('reads no other data type', () => {
    expect(failure(() => readIbakeMessage(patched('I_MESSAGE_1', [1, 0]))).code).toBe('InvalidDataType');
  });

  it('refuses thousands of payloads without reading them again and again', () => {
    const message = decodeMessage(goldenMessage('I_MESSAGE_1'));
    const many = Array.from({ length: 12000 }, (): Payload => ext(0));
    expect(
      failure(() => readIbakeMessage(encodeMessage({ ...message, payloads: [...message.payloads, ...many] }))).code,
    ).toBe('BadOrder');
  });
});

describe('error message', () => {
  const t: Payload = { kind: 'T', tsType: 0, value: fromHex(golden().T1) };
  const message = (...payloads: readonly Payload[]): Uint8Array =>
    encodeMessage({
      dataType: 6,
      v: false,
      prf: 1,
      csbId: fromHex('01020304'),
      csMap: { type: 1, count: 0 },
      payloads: [...payloads],
    });
  const sp = securityPolicyOf('AES_CM_128_HMAC_SHA1_80', 3);

  it('HDR T ERR {SP} [V]', () => {
    expect(readErrorMessage(message(t, { kind: 'ERR', error: 10 }, sp, v))).toEqual({
      prf: 1,
      csbId: fromHex('01020304'),
      t: fromHex(golden().T1),
      error: 10,
      policies: [sp],
      v: { algorithm: 2, mac: new Uint8Array(32) },
    });
    expect(readErrorMessage(message(t, { kind: 'ERR', error: 0 })).v).toBeUndefined();
  });

  it.each<[string, Payload[], ErrorCode]>([
    ['no ERR', [t], 'BadOrder'],
    ['no T', [{ kind: 'ERR', error: 1 }], 'BadOrder'],
    ['two ERR', [t, { kind: 'ERR', error: 1 }, { kind: 'ERR', error: 2 }], 'DuplicatePayload'],
    [
      'a counter as T',
      [
        { kind: 'T', tsType: 2, value: new Uint8Array(4) },
        { kind: 'ERR', error: 1 },
      ],
      'InvalidTimestamp',
    ],
    [
      'NULL authentication',
      [t, { kind: 'ERR', error: 1 }, { kind: 'V', algorithm: 0, mac: new Uint8Array(0) }],
      'InvalidMac',
    ],
    ['an identity', [t, idr(1), { kind: 'ERR', error: 1 }], 'BadOrder'],
  ])('refuses %s', (_, payloads, code) => {
    expect(failure(() => readErrorMessage(message(...payloads))).code).toBe(code);
  });

  it('refuses reserved octets and another data type', () => {
    const bytes = message(t, { kind: 'ERR', error: 0 });
    bytes.set([1], bytes.length - 1);
    expect(failure(() => readErrorMessage(bytes)).code).toBe('BadField');
    expect(failure(() => readErrorMessage(goldenMessage('I_MESSAGE_1'))).code).toBe('InvalidDataType');
  });
});
