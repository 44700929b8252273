/** The same through the whole command: what a replay says, and ends with, when its capture is not whole. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  fixtureOf,
  interleave,
  makeCall,
  pcapngOf,
  pcapOf,
  testDistrict,
  testParty,
  type CallOptions,
  type TestCall,
} from '../support/calls.ts';
import { handedOver, labs, run, secretsIn, temporaryDirectory, type LabOutcome } from '../support/lab.ts';

const T1 = Date.UTC(2026, 6, 14, 12);
const alice = testParty('sip:alice@operator-a.example', testDistrict('operator-a.example'));
const bob = testParty('sip:bob@operator-b.example', testDistrict('operator-b.example'));
const call = (options: Partial<CallOptions> = {}): TestCall =>
  makeCall({ number: 1, caller: alice, called: bob, t1Ms: T1, ...options });
const made = call();
const earlier = makeCall({ number: 2, caller: bob, called: alice, t1Ms: T1 - 2_400_000 });
const lost = call({ without: ['183'] });
const unproved = call({ without: ['200-PRACK'], packets: 0 });

const CASES = {
  'cut inside a packet': pcapOf(made.frames).subarray(0, -7),
  'a pcapng that begins forty minutes before the call': pcapngOf(interleave(earlier.frames, made.frames)),
  'without R_MESSAGE_1': pcapOf(lost.frames),
  'without anything that proves the key': pcapOf(unproved.frames),
  'of other people': pcapOf(
    makeCall({ number: 3, caller: testParty('sip:carol@operator-a.example', alice.district), called: bob, t1Ms: T1 })
      .frames,
  ),
} as const;
type Name = keyof typeof CASES;

describe('a capture', () => {
  const outcomes = new Map<string, LabOutcome>();

  beforeAll(async () => {
    const directory = temporaryDirectory();
    const fixture = join(directory, 'fixture.json');
    writeFileSync(fixture, JSON.stringify(fixtureOf(made)));
    const done = await labs(
      Object.entries(CASES).map(([name, octets], i) => {
        const capture = join(directory, `${String(i)}.pcap`);
        writeFileSync(capture, octets);
        return { name, fixture, capture, target: alice.identity.text, way: '4/2' as const };
      }),
    );
    for (const { name, outcome } of done) outcomes.set(name, outcome);
  }, 300_000);
  const outcomeOf = (name: Name): LabOutcome => outcomes.get(name) as LabOutcome;

  it('cut inside a packet: recovered, 0, and a note', () => {
    const { status, json } = outcomeOf('cut inside a packet');
    expect(json.sessions).toMatchObject([
      { status: 'recovered', keyConfirmed: true, kSession: made.exchange.kSession },
    ]);
    expect(json.notes).toEqual(['the capture is cut off: what was whole has been used']);
    expect([status, json.error]).toEqual([0, undefined]);
  });

  it('pcapng that begins long before: the clock is that of the call', () => {
    const { status, json } = outcomeOf('a pcapng that begins forty minutes before the call');
    expect(json.sessions).toMatchObject([
      { callId: made.callId, status: 'recovered', streams: [{ decrypted: 5 }, { decrypted: 5 }] },
    ]);
    expect(json.notes).toEqual(['a call of the target is not covered by the warrant: OUTSIDE_WINDOW']);
    expect(status).toBe(0);
  });

  it('without R_MESSAGE_1: 2, what is missing by name, nobody was asked, nothing was written', async () => {
    const { status, json, stdout, stderr, out } = outcomeOf('without R_MESSAGE_1');
    expect(status).toBe(2);
    expect(json.sessions).toMatchObject([{ status: 'INCOMPLETE', reason: 'need R_MESSAGE_1', kSession: null }]);
    expect(json.error).toMatchObject({ code: 'NOT_RECOVERED', message: 'INCOMPLETE: need R_MESSAGE_1' });
    expect(stderr).toContain('need R_MESSAGE_1');
    expect(handedOver(out)).toEqual([]);
    for (const role of ['kms', 'provider', 'df']) {
      const config = join(out, 'roles', role, 'config.json');
      const verified = await run(['log', 'verify', '--config', config, '--json']);
      expect(JSON.parse(verified.stdout)).toMatchObject({ entries: 0, kinds: {} });
    }
    const key = Buffer.from(lost.exchange.kSession, 'hex').subarray(1, 33);
    expect(secretsIn(stdout + stderr, { key })).toEqual([]);
  });

  it('a key that nothing proves is not as wished: 2', () => {
    const { status, json } = outcomeOf('without anything that proves the key');
    expect(status).toBe(2);
    expect(json.sessions).toMatchObject([{ status: 'recovered', keyConfirmed: false, streams: [] }]);
    expect(json.error).toMatchObject({ code: 'NOT_RECOVERED', message: 'recovered, not confirmed' });
  });

  it('of other people: 2, no session, a reason, and not their names', () => {
    const { status, json, stdout, stderr } = outcomeOf('of other people');
    expect(status).toBe(2);
    expect(json).toMatchObject({ sessions: [], reason: 'the capture holds no call of the target' });
    expect(json.error).toMatchObject({ code: 'NO_SESSION' });
    expect(stdout + stderr).not.toMatch(/carol|bob@/);
  });
});
