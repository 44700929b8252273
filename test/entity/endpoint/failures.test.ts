/** Rows of protocol profile 7.3 that a client must answer: what goes on the wire, what stays local, what is left behind. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ascii, fromHex, type ErrorCode } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { emptyReplayCache, type ReplayCache } from '../../../src/protocol/ibake/index.ts';
import { readErrorMessage } from '../../../src/protocol/mikey/index.ts';
import { secretsLeft, secretsMade } from './secrets.ts';
import {
  ALICE,
  BOB,
  keysOf,
  mikeyOf,
  START,
  tamper,
  TwoClients,
  withBody,
  type TYPES,
  type Wire,
} from './two-clients.ts';

vi.mock('../../../src/foundation/base/secret.ts', async (original) => {
  const { trackSecrets } = await import('./secrets.ts');
  return trackSecrets(await original());
});

type Name = keyof typeof TYPES;
const clients = new TwoClients();

/** One call over a wire that is not as it should be; what either side made of it, and what passed. */
async function failing(wire: Wire, options: Parameters<TwoClients['call']>[0] = {}) {
  // More than a minute later, so that no limit of rates is met.
  await clients.time.pass(61_000);
  clients.wire = wire;
  clients.sip.length = 0;
  clients.results.length = 0;
  const caller = await clients.call(options);
  await clients.time.pass(33_000);
  expect(secretsLeft()).toEqual([]);
  expect(clients.net.open).toBe(0);
  expect(clients.net.ports.size).toBe(0);
  const final = clients.sip
    .map(({ message }) => message)
    .find(({ status, cseq }) => cseq.method === 'INVITE' && (status ?? 0) >= 300);
  return { caller, callee: clients.results[0], final, ladder: clients.ladder };
}

/** Nothing is left of a call that failed, and the next one works. */
afterEach(async () => {
  expect(secretsMade()).toBeGreaterThan(0);
  const { caller } = await failing(() => undefined);
  expect(caller.outcome).toBe('completed');
});

const at =
  (offset: number, change: (octet: number) => number) =>
  (mikey: Uint8Array): Uint8Array =>
    mikey.map((octet, i) => (i === (offset + mikey.length) % mikey.length ? change(octet) : octet));
const flip = (offset: number) => at(offset, (octet) => octet ^ 1);
/** Index of T's first octet of value: HDR has 10 octets and 9 for each of two sessions, T two before its value. */
const T = 10 + 18 + 2;
/** Index of the last octet of the first place where `octets` stand. */
const endOf = (mikey: Uint8Array, octets: Uint8Array): number => Buffer.from(mikey).indexOf(octets) + octets.length - 1;
const BF = fromHex('060b6086480186fd1e01010201');
/** A day of 2026, up to the first digit of its hour. */
const DAY = ascii('20260504' + '0');
const edited =
  (change: (body: string) => string): Wire =>
  (message, octets) =>
    message.kind === 'request' && message.method === 'INVITE' && message.toTag === undefined
      ? [withBody(octets, change)]
      : undefined;

describe('I_MESSAGE_1 that is refused before it is opened: 488 with the error number that anybody could know', () => {
  const cases: [string, (mikey: Uint8Array) => Uint8Array, ErrorCode, number][] = [
    ['N1 version 2 in HDR', at(0, () => 2), 'UnsupportedVersion', 12],
    ['N2 data type 99', at(1, () => 99), 'InvalidDataType', 11],
    ['N3 cut', (mikey) => mikey.subarray(0, -1), 'Truncated', 13],
    ['N4 trailing octets', (mikey) => Uint8Array.of(...mikey, 0), 'TrailingData', 13],
    ['N5 unknown next payload 200', at(2, () => 200), 'UnknownPayload', 13],
    ['N6 T of type COUNTER', at(T - 1, () => 2), 'InvalidTimestamp', 1],
    ['N7 T ten minutes old', at(T + 2, (octet) => octet - 3), 'InvalidTimestamp', 1],
    ['N9 PRF function 5', at(3, () => 0x85), 'InvalidPrf', 2],
    ['N24 ibeAlg = bb1', (mikey) => at(endOf(mikey, BF), () => 2)(mikey), 'InvalidEncryptionAlgorithm', 4],
    ['N26 notBefore is not the epoch of T', (mikey) => at(endOf(mikey, DAY), () => 0x31)(mikey), 'EpochMismatch', 0],
  ];
  it.each(cases)('%s', async (_name, change, code, number) => {
    const { caller, callee, final, ladder } = await failing(tamper('I_MESSAGE_1', change));
    expect(callee).toEqual({ outcome: 'failed', code, ibeMs: 0 });
    expect(final?.status).toBe(488);
    expect(readErrorMessage(final?.body ?? new Uint8Array()).error).toBe(number);
    expect(caller).toMatchObject({ outcome: 'refused', status: 488, hint: number, code: 'CALL_REFUSED' });
    expect(ladder).toEqual(['caller INVITE', 'callee 488 INVITE', 'caller ACK']);
  });

  it('N21 an identity that is not canonical', async () => {
    const { callee, caller } = await failing(
      tamper('I_MESSAGE_1', (mikey) => {
        const place = Buffer.from(mikey).indexOf('operator-b');
        return mikey.map((octet, i) => (i === place ? octet - 0x20 : octet));
      }),
    );
    expect(callee?.code).toBe('InvalidId');
    expect(caller).toMatchObject({ status: 488, hint: 7 });
  });

  it('N27 a key epoch that is not held', async () => {
    const held = new TwoClients({ callee: { keys: keysOf(BOB, { heldFrom: START }) } });
    held.time.nowMs = 86_400_000;
    const result = await held.call();
    expect(result).toMatchObject({ outcome: 'refused', status: 488, hint: 0 });
    expect(held.results).toMatchObject([{ code: 'NoKeyForEpoch' }]);
    await held.settle();
  });
});

/** Index of the last octet of RAND, which stands before IDRi: 5 octets of IDR before its data. */
const lastOfRand = (mikey: Uint8Array): number => Buffer.from(mikey).indexOf('sip:alice') - 6;
/** Index in W: a BFCiphertextBlock ends with it, OCTET STRING of 16 octets at this level, before the DEM. */
const insideW = (mikey: Uint8Array): number => Buffer.from(mikey).lastIndexOf(Uint8Array.of(0x04, 0x10)) + 2;

describe('I_MESSAGE_1 that does not open: 488 with ERR 0, whatever the cause', () => {
  it.each<[string, (mikey: Uint8Array) => Uint8Array]>([
    ['N32 W changed', (mikey) => flip(insideW(mikey))(mikey)],
    ['N33 the tag changed', flip(-1)],
    ['N34 RAND altered, which stands in clear', (mikey) => flip(lastOfRand(mikey))(mikey)],
  ])('%s', async (_name, change) => {
    const { caller, callee, final } = await failing(tamper('I_MESSAGE_1', change));
    expect(callee).toMatchObject({ outcome: 'failed', code: 'IbeDecryptFailed' });
    expect(readErrorMessage(final?.body ?? new Uint8Array()).error).toBe(0);
    expect(caller).toMatchObject({ outcome: 'refused', status: 488, hint: 0 });
  });
});

describe('I_MESSAGE_1 and its SDP', () => {
  it('N8 a replay gets no answer at all, and costs no pairing', async () => {
    let first: string | undefined;
    const copy: Wire = (message) => {
      const mikey = message.method === 'INVITE' ? mikeyOf(message) : undefined;
      if (mikey !== undefined) first ??= Buffer.from(mikey).toString('base64');
      return undefined;
    };
    await failing(copy);
    const replaying: Wire = (message, octets) =>
      message.method === 'INVITE'
        ? [withBody(octets, (body) => body.replace(/(key-mgmt:mikey )\S+/, `$1${String(first)}`))]
        : undefined;
    const { caller, callee, ladder } = await failing(replaying);
    expect(callee).toEqual({ outcome: 'failed', code: 'Replay', ibeMs: 0 });
    expect(ladder).toEqual(['caller INVITE']);
    expect(caller).toMatchObject({ outcome: 'timeout', code: 'CALL_TIMEOUT' });
  });

  it.each<[string, (body: string) => string, ErrorCode]>([
    [
      'N47 SDP-IDs that differ from the SDP',
      (body) => body.replace(/(a=key-mgmt:mikey )/, 'a=key-mgmt:other eHg=\r\n$1'),
      'BiddingDown',
    ],
    ['N48 base64 with garbage', (body) => body.replace(/(key-mgmt:mikey \S\S)\S/, '$1?'), 'BadKeyMgmt'],
    ['N48 two mikey lines at one level', (body) => body.replace(/(a=key-mgmt:mikey \S+\r\n)/, '$1$1'), 'BadKeyMgmt'],
    [
      'key management at the level of the line',
      (body) => body.replace(/(a=key-mgmt.*\r\n)(m=[^]*)$/, '$2$1'),
      'BadKeyMgmt',
    ],
    ['no key management', (body) => body.replace(/a=key-mgmt.*\r\n/, ''), 'BiddingDown'],
    ['a=crypto beside it', (body) => `${body}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n`, 'BiddingDown'],
    ['RTP/AVP', (body) => body.replace('RTP/SAVP', 'RTP/AVP'), 'BiddingDown'],
    ['a second stream over RTP/AVP', (body) => `${body}m=audio 9 RTP/AVP 0\r\n`, 'BiddingDown'],
    [
      'another codec only',
      (body) => body.replace('RTP/SAVP 0', 'RTP/SAVP 96').replace('rtpmap:0 PCMU', 'rtpmap:96 opus'),
      'BadSdp',
    ],
    ['a name for an address', (body) => body.replace(/c=IN IP4 .*\r\n/, 'c=IN IP4 media.example\r\n'), 'BadSdp'],
    ['an address on hold', (body) => body.replace(/c=IN IP4 .*\r\n/, 'c=IN IP4 0.0.0.0\r\n'), 'BadSdp'],
    ['no SDP at all', () => '', 'BadSdp'],
    ['no SDP but other text', () => 'hello\r\n', 'BadSdp'],
    [
      'a stream more than the CS map',
      (body) => `${body}m=video 9 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n`,
      'CsMapMismatch',
    ],
  ])('488: %s', async (_name, change, code) => {
    const { caller, callee } = await failing(edited(change));
    expect(callee).toMatchObject({ outcome: 'failed', code });
    expect(caller).toMatchObject({ outcome: 'refused', status: 488 });
  });

  it('N36 a curve that policy refuses: ERR 0, since the caller would have to be able to read it', async () => {
    const other = new TwoClients({ callee: { policy: { curves: [8] } } });
    expect(await other.call({ offer: { curve: 14 } })).toMatchObject({ outcome: 'refused', status: 488, hint: 0 });
    expect(other.results).toMatchObject([{ code: 'InvalidDh' }]);
    await other.settle();
  });

  it('N45 a suite that policy refuses: ERR 10, with what would be taken', async () => {
    const other = new TwoClients({ callee: { policy: { suites: ['AES_CM_128_HMAC_SHA1_80'] } } });
    const offer = { suite: 'AES_256_CM_HMAC_SHA1_80' as const };
    expect(await other.call({ offer })).toMatchObject({ outcome: 'refused', status: 488, hint: 10 });
    const refusal = other.sip.map(({ message }) => message).find(({ status }) => status === 488);
    expect(readErrorMessage(refusal?.body ?? new Uint8Array()).policies).toHaveLength(1);
    await other.settle();
  });
});

describe('R_MESSAGE_1 that is refused: the dialog ends, nothing of it was ever spoken in', () => {
  const cases: [string, (mikey: Uint8Array) => Uint8Array, ErrorCode][] = [
    ['N3 cut', (mikey) => mikey.subarray(0, -1), 'Truncated'],
    ['N14 T that differs from I1', at(T + 3, (octet) => octet ^ 1), 'TimestampMismatch'],
    ['N16 another CSB ID', flip(4), 'CsbMismatch'],
    ['N17 the SSRC of the caller changed', flip(12), 'CsMapMismatch'],
    ['N17 no SSRC of the callee', (mikey) => mikey.map((octet, i) => (i >= 20 && i < 24 ? 0 : octet)), 'CsMapMismatch'],
    ['N33 the tag changed', flip(-1), 'IbeDecryptFailed'],
    ['another type in its place', at(1, () => 25), 'BadOrder'],
  ];
  it.each(cases)('%s', async (_name, change, code) => {
    const { caller, callee, ladder } = await failing(tamper('R_MESSAGE_1', change));
    expect(caller).toMatchObject({ outcome: 'failed', code });
    expect(caller.recording).toBeUndefined();
    expect(callee).toMatchObject({ outcome: 'cancelled' });
    expect(ladder).not.toContain('caller PRACK');
    expect(ladder).toContain('callee 487 INVITE');
  });

  it('N73 a foreign identity that answers', async () => {
    const mallory = new TwoClients({
      callee: { keys: { ...keysOf(BOB), identity: identityFromText('sip:mallory@operator-b.example') } },
    });
    // It is not called so: the callee refuses by itself.
    expect(await mallory.call()).toMatchObject({ outcome: 'refused', status: 488, hint: 7 });
    await mallory.settle();
  });

  it.each<[string, (body: string) => string, ErrorCode]>([
    ['without key management', (body) => body.replace(/a=key-mgmt.*\r\n/, ''), 'BiddingDown'],
    ['RTP/AVP', (body) => body.replace('RTP/SAVP', 'RTP/AVP'), 'BiddingDown'],
    ['a=crypto beside it', (body) => `${body}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n`, 'BiddingDown'],
    ['the stream refused', (body) => body.replace(/m=audio \d+/, 'm=audio 0'), 'BadSdp'],
    ['a line too many', (body) => `${body}m=audio 9 RTP/SAVP 0\r\n`, 'BadSdp'],
  ])('an answer %s ends the call: there is no fallback', async (_name, change, code) => {
    const { caller } = await failing((message, octets) =>
      message.status === 183 ? [withBody(octets, change)] : undefined,
    );
    expect(caller).toMatchObject({ outcome: 'failed', code });
  });

  it('an answer in an unreliable provisional response is not taken, and a 200 without the exchange is no call', async () => {
    const unreliable: Wire = (message, octets) => {
      const text = Buffer.from(octets).toString('latin1');
      if (message.status !== 183) return undefined;
      // What a client without RFC 3262 does: the answer in a plain 183, and again in the 200.
      const plain = text.replace(/Require: 100rel\r\n|RSeq: \d+\r\n/g, '');
      return [plain, plain.replace('183 Session Progress', '200 OK')].map(
        (each) => new Uint8Array(Buffer.from(each, 'latin1')),
      );
    };
    const { caller, ladder } = await failing(unreliable);
    expect(caller).toMatchObject({ outcome: 'failed', code: 'UnexpectedMessage' });
    expect(ladder).toContain('caller ACK');
    expect(ladder).toContain('caller BYE');
  });

  it('a 200 in clear ends the call', async () => {
    const clear: Wire = (message, octets) => {
      if (message.status !== 183) return undefined;
      const text = Buffer.from(octets).toString('latin1').replace('183 Session Progress', '200 OK');
      return [withBody(new Uint8Array(Buffer.from(text, 'latin1')), (body) => body.replace(/a=key-mgmt.*\r\n/, ''))];
    };
    expect((await failing(clear)).caller).toMatchObject({ outcome: 'failed', code: 'BiddingDown' });
  });
});

describe('I_MESSAGE_2 that is refused: the same bare 488 for every cause, and nothing of MIKEY', () => {
  const cases: [string, (mikey: Uint8Array) => Uint8Array, ErrorCode][] = [
    ['N3 cut', (mikey) => mikey.subarray(0, -1), 'Truncated'],
    ['N13 another RAND', (mikey) => flip(lastOfRand(mikey))(mikey), 'RandMismatch'],
    ['N15 T not later than that of I1', at(T + 3, (octet) => octet - 1), 'TimestampNotFresh'],
    ['N16 another CSB ID', flip(4), 'CsbMismatch'],
    ['N17 the map changed', flip(13), 'CsMapMismatch'],
    ['N33 the tag changed', flip(-1), 'IbeDecryptFailed'],
  ];
  it.each(cases)('%s', async (_name, change, code) => {
    const { caller, callee, final, ladder } = await failing(tamper('I_MESSAGE_2', change));
    expect(callee).toMatchObject({ outcome: 'failed', code });
    expect(final?.status).toBe(488);
    expect(final?.body.length).toBe(0);
    expect(ladder).toContain('callee 488 PRACK');
    expect(
      clients.sip.filter(({ message }) => message.status === 488).every(({ message }) => message.body.length === 0),
    ).toBe(true);
    expect(['failed', 'refused']).toContain(caller.outcome);
  });
});

describe('R_MESSAGE_2 that is refused', () => {
  const cases: [Name, string, (mikey: Uint8Array) => Uint8Array, ErrorCode][] = [
    ['R_MESSAGE_2', 'N11 V wrong by one bit', flip(-1), 'AuthenticationFailure'],
    ['R_MESSAGE_2', 'N14 T that differs from I2', flip(T + 7), 'TimestampMismatch'],
    ['R_MESSAGE_2', 'N17 the map changed', flip(21), 'CsMapMismatch'],
    ['R_MESSAGE_2', 'N3 cut', (mikey) => mikey.subarray(0, -1), 'Truncated'],
  ];
  it.each(cases)('%s: %s', async (name, _title, change, code) => {
    const { caller, callee } = await failing(tamper(name, change));
    expect(caller).toMatchObject({ outcome: 'failed', code });
    expect(caller.statistics).toBeUndefined();
    expect(callee?.outcome).not.toBe('completed');
  });

  it('N74 no challenge comes back from a device that answers for its user', async () => {
    const device = identityFromText('sip:bob@operator-b.example;gr=kx81');
    const other = new TwoClients({ callee: { keys: keysOf(device) } });
    other.wire = tamper('R_MESSAGE_2', (mikey) => flip(-40)(mikey));
    expect(await other.call()).toMatchObject({ outcome: 'failed' });
    await other.settle();
    expect(secretsLeft()).toEqual([]);
  });
});

describe('a call that cannot begin', () => {
  it('to a domain that the federation table does not have: nothing is sent', async () => {
    const { caller, ladder } = await failing(() => undefined, { to: identityFromText('sip:x@nowhere.example') });
    expect(caller).toMatchObject({ outcome: 'failed', code: 'NoPeerParameters' });
    expect(ladder).toEqual([]);
  });

  it('N44 to oneself', async () => {
    const { caller, ladder } = await failing(() => undefined, { to: ALICE });
    expect(caller).toMatchObject({ outcome: 'failed', code: 'SelfCall' });
    expect(ladder).toEqual([]);
  });

  it('over a connection that is gone', async () => {
    const channel = clients.connect();
    channel.close();
    await clients.time.pass(10);
    const { caller } = await failing(() => undefined, { channel });
    expect(caller).toMatchObject({ outcome: 'failed', code: 'UNAVAILABLE' });
  });
});

describe('a disk that is full', () => {
  it('503, nothing is left of the exchange, what was opened is known again, and the next call works', async () => {
    const kept: ReplayCache[] = [];
    let full = true;
    const save = (cache: ReplayCache): void => {
      if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      kept.push(cache);
    };
    const other = new TwoClients({ callee: { replay: { initial: emptyReplayCache(), save } } });
    // More than may be half-open of one caller: each gives its place back.
    for (let i = 0; i < 5; i++) {
      expect(await other.call()).toMatchObject({ outcome: 'refused', status: 503 });
      expect(secretsLeft()).toEqual([]);
      expect(other.results.at(-1)).toMatchObject({ outcome: 'failed', code: 'UNAVAILABLE' });
    }
    expect(other.ladder).not.toContain('callee 183 INVITE');
    await other.time.pass(61_000);
    full = false;
    expect(await other.call()).toMatchObject({ outcome: 'completed' });
    expect(kept.map(({ entries }) => entries.size)).toEqual([6]);
    await other.settle();
    expect(other.callee.pending).toEqual({ calls: 0, timers: 0, transactions: 0 });
    expect(other.net.open).toBe(0);
  });
});
