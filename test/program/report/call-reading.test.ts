/** The ladder of a report out of captures: the golden call as it was, and calls of which a part is missing or broken. */
import { createReadStream, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCalls } from '../../../src/program/report/call-reading.ts';
import type { FieldView } from '../../../src/program/report/data.ts';
import { captureOf } from '../../../src/program/lab/message-capture.ts';
import { createTransport, pcapHeader, pcapRecord, readCapture, udpFrame } from '../../../src/protocol/media/index.ts';
import { GOLDEN_1024, GOLDEN_CALL } from '../../support/lab.ts';

const CALL_ID = '1-8717@127.0.0.1';
const golden = () => readCalls(createReadStream(GOLDEN_CALL), new Set([CALL_ID]), 0);
const fixture = JSON.parse(readFileSync(GOLDEN_1024, 'utf8'));
const MESSAGES = fixture.messages as Record<string, string>;

/** Octets of the leaves, in order. */
const leaves = (fields: readonly FieldView[]): FieldView[] =>
  fields.flatMap((field) => (field.fields === undefined ? [field] : leaves(field.fields)));

describe('the golden call', () => {
  it('is a ladder of nine messages over a relay, four of which carry MIKEY', async () => {
    const [call] = await golden();
    expect(call).toMatchObject({ callId: CALL_ID, relays: 1, omitted: 0 });
    expect(
      call?.rungs.map(({ from, title, method, hops, mikey }) => [
        from,
        title.slice(0, 3),
        method,
        hops.map(({ leg }) => leg),
        mikey,
      ]),
    ).toEqual([
      ['caller', 'INV', 'INVITE', [0, 1], [0]],
      ['callee', '100', 'INVITE', [0], []],
      ['callee', '183', 'INVITE', [1, 0], [1]],
      ['caller', 'PRA', 'PRACK', [0, 1], [2]],
      ['callee', '200', 'PRACK', [1, 0], [3]],
      ['callee', '200', 'INVITE', [1, 0], []],
      ['caller', 'ACK', 'ACK', [0, 1], []],
      ['caller', 'BYE', 'BYE', [0, 1], []],
      ['callee', '200', 'BYE', [1, 0], []],
    ]);
    expect(call?.mikey.map(({ name, octets }) => [name, octets.length / 2])).toEqual([
      ['I_MESSAGE_1', 887],
      ['R_MESSAGE_1', 954],
      ['I_MESSAGE_2', 843],
      ['R_MESSAGE_2', 136],
    ]);
  });

  it('counts every octet of SIP that the TCP connections carried', async () => {
    const transport = createTransport();
    let carried = 0;
    for await (const packet of readCapture(createReadStream(GOLDEN_CALL))) {
      for (const event of transport.feed(packet)) if (event.kind === 'tcp') carried += event.payload.length;
    }
    const hops = (await golden()).flatMap(({ rungs }) => rungs.flatMap((rung) => rung.hops));
    expect(hops).toHaveLength(17);
    expect(hops.reduce((sum, { octets }) => sum + octets, 0)).toBe(carried);
  });

  it('covers each octet of each message once, in order', async () => {
    for (const { octets, fields } of (await golden())[0]?.mikey ?? []) {
      const places = leaves(fields).map(({ offset, length }) => [offset, offset + length]);
      expect(places[0]?.[0]).toBe(0);
      expect(places.at(-1)?.[1]).toBe(octets.length / 2);
      for (const [i, [from]] of places.entries()) if (i > 0) expect(from).toBe(places[i - 1]?.[1]);
    }
  });

  it('is not read when it is not asked for, and its clock is moved as told', async () => {
    expect(await readCalls(createReadStream(GOLDEN_CALL), new Set(['another']), 0)).toEqual([]);
    const [moved] = await readCalls(createReadStream(GOLDEN_CALL), new Set([CALL_ID]), -1000);
    const [call] = await golden();
    expect(moved?.startedMs).toBe((call?.startedMs ?? 0) - 1000);
    expect(moved?.rungs).toEqual(call?.rungs);
  });

  it('cut in the middle is what came until then; a file that is no capture is refused', async () => {
    const octets = readFileSync(GOLDEN_CALL);
    const [call] = await readCalls([octets.subarray(0, 8000)], new Set([CALL_ID]), 0);
    expect(call?.rungs.length).toBeGreaterThan(1);
    expect(call?.rungs.length).toBeLessThan(9);
    await expect(readCalls([Buffer.from('no capture')], new Set([CALL_ID]), 0)).rejects.toMatchObject({
      code: 'BadCapture',
    });
  });
});

describe('a call of which not everything was captured', () => {
  const callId = `${Buffer.from(fixture.csbId as string, 'hex').toString('hex')}@fixture.invalid`;
  const read = (messages: Record<string, string>) =>
    readCalls([captureOf(messages, 1_735_732_800)], new Set([callId]), 0);

  it('begins with what is there, each side where it stood', async () => {
    const rest = Object.entries(MESSAGES).filter(([name]) => name !== 'I_MESSAGE_1');
    const [call] = await read(Object.fromEntries(rest));
    expect(call?.rungs.map(({ from, method }) => [from, method])).toEqual([
      ['callee', 'INVITE'],
      ['caller', 'PRACK'],
      ['callee', 'PRACK'],
    ]);
    expect(call?.mikey.map(({ name }) => name)).toEqual(['R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2']);
  });

  it('shows a message that is broken as far as it can be read, with the error', async () => {
    const broken = MESSAGES['R_MESSAGE_1']!.slice(0, -8);
    const [call] = await read({ ...MESSAGES, R_MESSAGE_1: broken });
    const last = leaves(call?.mikey[1]?.fields ?? []).at(-1);
    expect(last?.error).toMatch(/^Truncated: /);
  });
});

it('a message that comes twice on one hop is shown twice; of too many the first are', async () => {
  const ends = { source: { address: '192.0.2.1', port: 5060 }, destination: { address: '192.0.2.2', port: 5060 } };
  const text = [
    'INVITE sip:b@x SIP/2.0',
    'Via: SIP/2.0/UDP a;branch=z9hG4bK1',
    'From: <sip:a@x>;tag=1',
    'To: <sip:b@x>',
    'Call-ID: many',
    'CSeq: 1 INVITE',
    '',
    '',
  ].join('\r\n');
  const records = Array.from({ length: 310 }, (_, i) =>
    pcapRecord(1000 + i, udpFrame(ends.source, ends.destination, Buffer.from(text))),
  );
  const [call] = await readCalls([Buffer.concat([pcapHeader(), ...records])], new Set(['many']), 0);
  expect([call?.rungs.length, call?.omitted, call?.rungs[1]?.hops]).toEqual([
    300,
    10,
    [{ atMs: 1, leg: 0, source: '192.0.2.1:5060', destination: '192.0.2.2:5060', octets: text.length }],
  ]);
});
