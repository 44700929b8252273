/**
 * tshark reads the messages of MIKEY-IBAKE as our decoder does, field by field: in the golden call, in SIP that we wrote
 * around the other golden messages, and in messages that are drawn.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, ntpToUnixSeconds, ntpTime, fromHex, toBase64, uint } from '../../src/foundation/base/index.ts';
import { captureOf } from '../../src/program/lab/message-capture.ts';
import { decodeMessage, encodeMessage, type MikeyMessage } from '../../src/protocol/mikey/index.ts';
import { golden, GOLDEN_NAMES, goldenMessage, TYPES } from '../protocol/mikey/golden.ts';
import { makeExchange, newSubscriber } from '../support/exchange.ts';
import { GOLDEN_CALL, temporaryDirectory } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { differences, FIELDS, mikeyCapture, tsharkReads } from './mikey-fields.ts';

/** Through the proxy each message passes twice. */
const IN_THE_CALL = TYPES.flatMap((type) => [type, type]);

function written(octets: Uint8Array): string {
  const file = join(temporaryDirectory(), 'messages.pcap');
  writeFileSync(file, octets);
  return file;
}

/** tshark's readings of a capture beside our values: the fields that differ, message by message. */
function judged(capture: string, messages: readonly MikeyMessage[]): string[][] {
  const read = tsharkReads(capture);
  expect(read).toHaveLength(messages.length);
  return messages.map((message, i) => differences(read[i], message));
}

const octets = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const octet = fc.nat(255);
const word = fc.nat(0xffffffff);
/** tshark shows text, so that these are texts; no `|`, which stands between its values here. */
const text = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.string({ unit: fc.constantFrom(...'abcXYZ019:@.;=-_'), minLength: 1, maxLength }).map(ascii);
/** From 1970 to 2036. */
const stamp = fc
  .tuple(fc.integer({ min: 0x83aa7e80, max: 0xffffffff }), word)
  .map(([seconds, fraction]) => Uint8Array.from([...uint(seconds, 4), ...uint(fraction, 4)]));
const parameter = fc.record({ type: fc.nat(12), value: octets(1) });

const drawn: fc.Arbitrary<MikeyMessage> = fc
  .record({
    ...{ dataType: fc.constantFrom(22, 23, 24, 25), prf: fc.constantFrom(0, 1), v: fc.boolean(), csbId: octets(4) },
    entries: fc.array(fc.record({ policy: octet, ssrc: word, roc: word }), { maxLength: 8 }),
    ...{ t: stamp, rand: octets(16, 255), sdpIds: text(40), encrypted: octets(0, 300), mac: octets(32) },
    ids: fc.array(fc.record({ role: fc.integer({ min: 1, max: 7 }), idType: fc.nat(1), data: text(255) }), {
      maxLength: 6,
    }),
    policies: fc.array(
      fc.record({ policy: octet, protocol: fc.constant(0), parameters: fc.array(parameter, { maxLength: 13 }) }),
      { maxLength: 3 },
    ),
  })
  .map(({ dataType, prf, v, csbId, entries, t, rand, ids, policies, sdpIds, encrypted, mac }) => ({
    ...{ dataType: dataType as 22, prf: prf as 0 | 1, v, csbId, csMap: { type: 0, entries } },
    payloads: [
      { kind: 'T', tsType: 0, value: t },
      { kind: 'RAND', value: rand },
      ...ids.map((id) => ({ kind: 'IDR' as const, ...id })),
      ...policies.map((policy) => ({ kind: 'SP' as const, ...policy })),
      { kind: 'EXT', type: 1, data: sdpIds },
      dataType === 25
        ? { kind: 'V', algorithm: prf + 1, mac: mac.subarray(0, prf === 0 ? 20 : 32) }
        : { kind: 'IBAKE', encrypted },
    ],
  }));

describe('tshark reads MIKEY-IBAKE as we do', () => {
  it('in the golden call', () => {
    needs('tshark');
    const messages = IN_THE_CALL.map((type) => decodeMessage(goldenMessage(type, 'n3072-mode3-P-256')));
    expect(judged(GOLDEN_CALL, messages)).toEqual(messages.map(() => []));
  });

  it.each(GOLDEN_NAMES.slice(0, 3))('in SIP that we write around the messages of %s', (name) => {
    needs('tshark');
    const { messages, T1 } = golden(name);
    const capture = written(captureOf(messages, ntpToUnixSeconds(ntpTime(fromHex(T1)))));
    const ours = TYPES.map((type) => decodeMessage(goldenMessage(type, name)));
    expect(judged(capture, ours)).toEqual(ours.map(() => []));
  });

  it('in an exchange of parties with a nonce mode each', () => {
    needs('tshark');
    const district = { name: 'https://pps.operator-a.example/ibe/pp', serial: 3n, masterSecret: 0x1234567n };
    const [initiator, responder] = [newSubscriber(2), newSubscriber(3)];
    const made = makeExchange({ template: golden().messages, district, initiator, responder, t1: 1_791_000_000 });
    const octetStrings = TYPES.map((type) => made.messages[type]);
    expect(judged(written(mikeyCapture(octetStrings)), octetStrings.map(decodeMessage))).toEqual(TYPES.map(() => []));
  });

  it('in messages of every shape that it knows', () => {
    needs('tshark');
    const messages = fc.sample(drawn, { numRuns: 200, seed: 6267 });
    expect(judged(written(mikeyCapture(messages.map(encodeMessage))), messages)).toEqual(messages.map(() => []));
  });
});

/** An octet of a golden I_MESSAGE_1, and the fields that it is part of. */
const FAULTS: readonly (readonly [number, ...string[]])[] = [
  [0, 'mikey.version'],
  [7, 'mikey.csb_id'],
  [10, 'mikey.srtp_id.policy_no'],
  [14, 'mikey.srtp_id.ssrc'],
  [18, 'mikey.srtp_id.roc'],
  [33, 'mikey.t.ntp'],
  [45, 'mikey.rand.data'],
  [57, 'mikey.id.role'],
  [65, 'mikey.id.data'],
  [121, 'mikey.sp.no'],
  [127, 'mikey.sp.patam.value', 'mikey.sp.encr_alg'],
];

describe('a planted fault: one octet', () => {
  const original = goldenMessage('I_MESSAGE_1', 'n3072-mode3-P-256');
  const changed = (at: number): Uint8Array => original.with(at, (original[at] as number) ^ 2);

  it('is found in its field, and nothing else is', () => {
    needs('tshark');
    const capture = written(mikeyCapture(FAULTS.map(([at]) => changed(at))));
    const ours = FAULTS.map(() => decodeMessage(original));
    expect(judged(capture, ours)).toEqual(FAULTS.map(([, ...fields]) => fields));
  });

  it('is found in the golden call itself, in the one copy that has it', () => {
    needs('tshark');
    const capture = Buffer.from(readFileSync(GOLDEN_CALL));
    const at = capture.indexOf(toBase64(original));
    capture.write(toBase64(changed(45)), at, 'latin1');
    const messages = IN_THE_CALL.map((type) => decodeMessage(goldenMessage(type, 'n3072-mode3-P-256')));
    expect(judged(written(capture), messages)).toEqual(messages.map((_, i) => (i === 0 ? ['mikey.rand.data'] : [])));
  });

  it('is found as malformed where it is a length', () => {
    needs('tshark');
    const [read] = tsharkReads(written(mikeyCapture([original.slice(0, 60)])));
    expect(read?.['_ws.malformed']).not.toEqual([]);
  });

  it('every field of the table is part of some message', () => {
    const messages = fc.sample(drawn, { numRuns: 200, seed: 6267 });
    const never = Object.entries(FIELDS).filter(([, ours]) => messages.every((message) => ours(message).length === 0));
    expect(never.map(([name]) => name)).toEqual(['_ws.malformed']);
  });
});
