/**
 * A capture that is not whole yields what can be recovered, and the result names what is missing.
 *
 *   caller      proxy      callee       what the tap has lost, here, there, or everywhere
 *     | I1 ------> | ------> |
 *     | <------ R1 | <------ |          the key of the caller needs R1; that of the called one I1 and I2
 *     | I2 ------> | ------> |          RAND stands in I1 and I2, the policies in I1 only
 *     | <------ R2 | <------ |          R2 proves the key; without it a right SRTP tag does
 *     | <===== SRTP =======> |
 */
import { describe, expect, it } from 'vitest';
import { concat } from '../../src/foundation/base/index.ts';
import { pcapHeader, pcapRecord } from '../../src/protocol/media/index.ts';
import { createHarness, expectNothing, T1, type Harness, type Outcome } from '../entity/delivery/harness.ts';
import {
  interleave,
  makeCall,
  pcapngOf,
  pcapOf,
  seededRandom,
  testDistrict,
  testParty,
  type CallOptions,
  type Frame,
  type Party,
  type TestCall,
} from '../support/calls.ts';

const district = testDistrict('operator-a.example');
const alice = testParty('sip:alice@operator-a.example', district);
const bob = testParty('sip:bob@operator-a.example', district);
const call = (options: Partial<CallOptions> = {}): TestCall =>
  makeCall({ number: 1, caller: alice, called: bob, t1Ms: T1, ...options });
const made = call();

async function fed(target: Party, capture: Uint8Array | readonly Frame[]): Promise<Outcome & { harness: Harness }> {
  const harness = await createHarness({
    district,
    served: [alice, bob],
    way: '4/2',
    targets: [target.identity.text],
  });
  return { ...(await harness.take(capture)), harness };
}

/** Times rise with the order given, as they do for a tap that was slow. */
const inOrder = (frames: readonly Frame[]): Frame[] => frames.map((frame, i) => ({ ...frame, timeMs: T1 + 10 * i }));
const CUT = 'the capture is cut off: what was whole has been used';

describe('messages that were not captured', () => {
  const cases: [string, Party, NonNullable<CallOptions['without']>, string][] = [
    ['everything but I_MESSAGE_1', alice, ['183', 'PRACK', '200-PRACK'], 'need R_MESSAGE_1'],
    ['everything but I_MESSAGE_1', bob, ['183', 'PRACK', '200-PRACK'], 'need I_MESSAGE_2'],
    ['R_MESSAGE_1', alice, ['183'], 'need R_MESSAGE_1'],
    ['I_MESSAGE_2', bob, ['PRACK'], 'need I_MESSAGE_2'],
    ['I_MESSAGE_1', bob, ['INVITE'], 'need I_MESSAGE_1'],
    ['I_MESSAGE_1 and I_MESSAGE_2', alice, ['INVITE', 'PRACK'], 'need I_MESSAGE_1'],
    ['I_MESSAGE_1 and I_MESSAGE_2', bob, ['INVITE', 'PRACK'], 'need I_MESSAGE_1 and I_MESSAGE_2'],
    ['I_MESSAGE_1 and R_MESSAGE_1', alice, ['INVITE', '183'], 'need R_MESSAGE_1'],
    ['I_MESSAGE_1 and R_MESSAGE_1', bob, ['INVITE', '183'], 'need I_MESSAGE_1'],
    ['everything but R_MESSAGE_2', alice, ['INVITE', '183', 'PRACK'], 'need R_MESSAGE_1'],
  ];
  it.each(cases)('lost: %s; target $1.identity.text', async (_, target, without, missing) => {
    const lossy = call({ without });
    const outcome = await fed(target, lossy.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'INCOMPLETE', reason: missing, callId: lossy.callId }]);
    expect(outcome.harness.asked).toEqual([]);
    expectNothing(outcome.harness, outcome, lossy);
  });

  it('packets of a call without a key are counted, and counted as failed', async () => {
    const { sessions } = await fed(alice, call({ without: ['183'] }).frames);
    expect(sessions[0]?.streams).toMatchObject([
      { packets: 5, decrypted: 0, failed: 5 },
      { packets: 5, decrypted: 0, failed: 5 },
    ]);
  });

  it('only media, or only the end of a call: no session and no note', async () => {
    for (const kept of [['RTP'], ['BYE', '200-BYE', 'RTP']]) {
      const outcome = await fed(
        alice,
        made.frames.filter(({ what }) => kept.includes(what)),
      );
      expect([outcome.sessions, outcome.notes]).toEqual([[], []]);
    }
  });
});

describe('cut off', () => {
  const whole = pcapOf(made.frames);
  const endOf = (step: string, frames: readonly Frame[] = made.frames): number =>
    pcapOf(frames.slice(0, frames.findLastIndex(({ what }) => what === step) + 1)).length;

  it.each([
    ['after the INVITE', endOf('INVITE'), alice, 'need R_MESSAGE_1'],
    ['after 183', endOf('183'), bob, 'need I_MESSAGE_2'],
  ])('%s', async (_, end, target, missing) => {
    const { sessions, notes } = await fed(target, whole.subarray(0, end));
    expect(sessions).toMatchObject([{ status: 'INCOMPLETE', reason: missing }]);
    expect(notes).toEqual([]);
  });

  it('after R_MESSAGE_1 the key of the caller is there, and not proved', async () => {
    const { sessions } = await fed(alice, whole.subarray(0, endOf('183')));
    expect(sessions).toMatchObject([
      { status: 'recovered', keyConfirmed: false, kSession: made.exchange.kSession, streams: [] },
    ]);
  });

  it('after R_MESSAGE_2 it is proved', async () => {
    const { sessions } = await fed(alice, whole.subarray(0, endOf('200-PRACK')));
    expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true, streams: [] }]);
  });

  it('anywhere: what is whole is used, a packet that is cut gives a note, and never an error', async () => {
    const ends = [24, 40];
    for (const frame of made.frames.keys()) ends.push(pcapOf(made.frames.slice(0, frame + 1)).length);
    const statuses = new Set<string>();
    for (const [i, end] of ends.entries()) {
      if (i < 2) continue;
      const before = ends[i - 1] as number;
      // In the header of the record, in the frame, one octet before its end.
      for (const cut of [before + 7, before + 16 + Math.floor((end - before - 16) / 2), end - 1]) {
        if (cut <= endOf('INVITE')) continue;
        const { sessions, notes } = await fed(alice, whole.subarray(0, cut));
        expect(notes).toEqual([CUT]);
        expect(sessions).toHaveLength(1);
        statuses.add(`${String(sessions[0]?.status)} ${String(sessions[0]?.keyConfirmed)}`);
      }
    }
    expect([...statuses]).toEqual(['INCOMPLETE false', 'recovered false', 'recovered true']);
  });

  it('inside the first packet, or before it: BadCapture, since nothing was captured', async () => {
    for (const length of [0, 1, 23, 24, 30, 100]) {
      await expect(fed(alice, whole.subarray(0, length))).rejects.toMatchObject({ code: 'BadCapture' });
    }
  });

  it('pcapng, too', async () => {
    const ng = pcapngOf(made.frames);
    const { sessions, notes } = await fed(alice, ng.subarray(0, ng.length - 3));
    expect(notes).toEqual([CUT]);
    expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
    await expect(fed(alice, ng.subarray(0, 40))).rejects.toMatchObject({ code: 'BadCapture' });
  });
});

describe('holes', () => {
  const without = (...lost: readonly ((frame: Frame) => boolean)[]): Frame[] =>
    made.frames.filter((frame) => !lost.some((one) => one(frame)));
  const carries =
    (what: string, leg?: number) =>
    (frame: Frame): boolean =>
      frame.what === what && (leg === undefined || frame.leg === leg);

  it.each([
    ['only the first leg', 2],
    ['only the second leg', 1],
  ] as const)('%s', async (_, lost) => {
    const { sessions, notes } = await fed(
      alice,
      made.frames.filter(({ leg }) => leg !== lost),
    );
    expect(notes).toEqual([]);
    expect(sessions).toMatchObject([
      { status: 'recovered', keyConfirmed: true, streams: [{ decrypted: 5 }, { decrypted: 5 }] },
    ]);
  });

  it('a message that was lost on one leg is taken from the other', async () => {
    const frames = without(carries('INVITE', 1), carries('183', 2), carries('PRACK', 1), carries('200-PRACK', 2));
    const { sessions } = await fed(bob, frames);
    expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true, kSession: made.exchange.kSession }]);
  });

  it('a segment that is missing on both legs costs its message, and what comes behind is read', async () => {
    const lost = without(carries('183'));
    const { sessions } = await fed(alice, lost);
    expect(sessions).toMatchObject([{ status: 'INCOMPLETE', reason: 'need R_MESSAGE_1' }]);
    const other = await fed(bob, lost);
    expect(other.sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
  });

  it('the middle of a message in many segments', async () => {
    const small = call({ mss: 200 });
    const pieces = small.frames.filter(({ what, leg }) => what === '183' && leg === 1);
    const twins = small.frames.filter(({ what, leg }) => what === '183' && leg === 2);
    const [a, b] = [pieces[2], twins[3]];
    const frames = small.frames.filter((frame) => frame !== a && frame !== b);
    const { sessions } = await fed(alice, frames);
    expect(sessions).toMatchObject([{ status: 'INCOMPLETE', reason: 'need R_MESSAGE_1' }]);
    // One of the two is enough.
    const { sessions: better } = await fed(
      alice,
      small.frames.filter((frame) => frame !== a),
    );
    expect(better).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
  });

  it('media packets that are missing', async () => {
    const media = made.frames.filter(({ what }) => what === 'RTP');
    const { sessions } = await fed(
      alice,
      made.frames.filter((frame) => frame !== media[0] && frame !== media[5]),
    );
    expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
    expect(sessions[0]?.streams.map(({ packets, failed }) => [packets, failed])).toEqual([
      [4, 0],
      [4, 0],
    ]);
  });
});

describe('out of order', () => {
  const udp = call({ transport: 'udp' });
  const moved = (frames: readonly Frame[], what: string, behind: string): Frame[] => {
    const rest = frames.filter((frame) => frame.what !== what);
    const at = rest.findLastIndex((frame) => frame.what === behind) + 1;
    return inOrder([...rest.slice(0, at), ...frames.filter((frame) => frame.what === what), ...rest.slice(at)]);
  };

  it.each([
    ['R_MESSAGE_1 before I_MESSAGE_1', 'INVITE', '183'],
    ['R_MESSAGE_2 before I_MESSAGE_2', 'PRACK', '200-PRACK'],
    ['R_MESSAGE_1 after R_MESSAGE_2', '183', '200-PRACK'],
    ['the answer before R_MESSAGE_2', '200-PRACK', '200'],
    ['R_MESSAGE_2 after the end of the call', '200-PRACK', '200-BYE'],
  ])('%s', async (_, what, behind) => {
    for (const target of [alice, bob]) {
      const { sessions } = await fed(target, moved(udp.frames, what, behind));
      expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true, kSession: udp.exchange.kSession }]);
    }
  });

  it('TCP segments in any order, and twice', async () => {
    const small = call({ mss: 150 });
    const random = seededRandom('order');
    const jitter = small.frames.flatMap((frame) => {
      if (frame.what === 'RTP') return [frame];
      const late = { ...frame, timeMs: frame.timeMs + (random(1)[0] as number) / 10 };
      return (random(1)[0] as number) < 60 ? [late, { ...frame, timeMs: late.timeMs + 30 }] : [late];
    });
    const { sessions, notes } = await fed(bob, interleave(jitter));
    expect(notes).toEqual([]);
    expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true, kSession: small.exchange.kSession }]);
  });

  it('I_MESSAGE_1 behind I_MESSAGE_2 could be that of a re-key: never a wrong key, and what is missing is named', async () => {
    const { sessions } = await fed(bob, moved(udp.frames, 'INVITE', '200-PRACK'));
    expect(sessions.map(({ status }) => status)).toEqual(sessions.map(() => 'INCOMPLETE'));
    expect(sessions.length).toBeGreaterThan(0);
  });
});

describe('among other things', () => {
  const random = seededRandom('garbage');
  const garbage = (timeMs: number, octets: Uint8Array): Frame => ({
    timeMs,
    octets,
    callId: '',
    what: 'garbage',
    leg: 0,
  });

  it('frames without any sense', async () => {
    const noise = Array.from({ length: 200 }, (_, i) => garbage(T1 + 5 * i, random(1 + (random(1)[0] as number) * 4)));
    const broken = made.frames.flatMap((frame, i): Frame[] => {
      const octets = Uint8Array.from(frame.octets);
      const at = (random(1)[0] as number) % 42;
      octets[at] = (octets[at] as number) ^ 0xff;
      return i % 2 === 0 ? [{ ...frame, octets: octets.subarray(0, 14 + at), timeMs: frame.timeMs + 0.1 }] : [];
    });
    const { sessions } = await fed(alice, interleave(made.frames, noise, broken));
    expect(sessions).toMatchObject([
      { status: 'recovered', keyConfirmed: true, streams: [{ decrypted: 5 }, { decrypted: 5 }] },
    ]);
  });

  it('a link type that nobody knows: no packet is understood, nothing is found', async () => {
    const frames = made.frames.map(({ timeMs, octets }) => pcapRecord(timeMs, octets));
    const outcome = await fed(alice, concat(pcapHeader(147), ...frames));
    expect([outcome.sessions, outcome.notes]).toEqual([[], []]);
  });

  it('a file that is no capture: BadCapture', async () => {
    for (const octets of [random(500), new TextEncoder().encode('v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n'.repeat(20))]) {
      await expect(fed(alice, octets)).rejects.toMatchObject({ code: 'BadCapture' });
    }
  });

  it('a MIKEY message that is damaged in SIP: the fault is named', async () => {
    const cut = call({ rewrite: (step, mikey) => (step === '183' ? mikey.subarray(0, 60) : mikey) });
    const outcome = await fed(alice, cut.frames);
    expect(outcome.sessions).toMatchObject([{ status: 'Truncated' }]);
    expect(outcome.harness.asked).toEqual([]);
    expectNothing(outcome.harness, outcome, cut);
  });

  it('the two calls of one target, one whole and one not', async () => {
    const other = call({ number: 2, without: ['183'], t1Ms: T1 + 5000 });
    const { sessions } = await fed(alice, interleave(made.frames, other.frames));
    expect(sessions).toMatchObject([
      { callId: made.callId, status: 'recovered', keyConfirmed: true },
      { callId: other.callId, status: 'INCOMPLETE', reason: 'need R_MESSAGE_1' },
    ]);
  });
});
