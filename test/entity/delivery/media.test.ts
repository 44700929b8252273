/** The media of a warranted session: which packets belong to it, what is dropped and counted, what is handed over. */
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../../src/protocol/media/index.ts';
import { createTransport, parseRtp } from '../../../src/protocol/media/index.ts';
import {
  chunksOf,
  interleave,
  makeCall,
  pcapngOf,
  pcapOf,
  seededRandom,
  testDistrict,
  testParty,
  type CallOptions,
  type Direction,
  type Frame,
  type TestCall,
} from '../../support/calls.ts';
import { createHarness, T1, type Harness, type HarnessOptions, type Outcome } from './harness.ts';

const district = testDistrict('operator-a.example');
const alice = testParty('sip:alice@operator-a.example', district);
const bob = testParty('sip:bob@operator-a.example', district);
const call = (options: Partial<CallOptions> = {}): TestCall =>
  makeCall({ number: 1, caller: alice, called: bob, t1Ms: T1, ...options });

async function taken(
  made: Pick<TestCall, 'frames'> | Uint8Array,
  options: Partial<HarnessOptions> = {},
): Promise<Outcome & { harness: Harness }> {
  const harness = await createHarness({
    district,
    served: [alice, bob],
    way: '4/2',
    targets: [alice.identity.text],
    ...options,
  });
  return { ...(await harness.take(made instanceof Uint8Array ? made : made.frames)), harness };
}

/** Clear RTP packets that were handed over, by SSRC. */
async function delivered({ files }: Outcome): Promise<Map<string, Uint8Array[]>> {
  const transport = createTransport();
  const found = new Map<string, Uint8Array[]>();
  const pcap = files.get('session-1/media.pcap') ?? new Uint8Array();
  for await (const packet of readCapture(chunksOf(pcap))) {
    for (const event of transport.feed(packet)) {
      const ssrc = parseRtp(event.payload).ssrc.toString(16).padStart(8, '0');
      found.set(ssrc, [...(found.get(ssrc) ?? []), Uint8Array.from(event.payload)]);
    }
  }
  return found;
}

/** One channel of the sound file: 0 the initiator, 1 the responder. */
function channel({ files }: Outcome, which: 0 | 1): string {
  const wav = Buffer.from(files.get('session-1/call.wav') ?? []);
  const data = wav.subarray(wav.indexOf('data') + 8);
  return Buffer.from(data.filter((_, i) => i % 2 === which)).toString('latin1');
}

const streamsOf = ({ sessions }: Outcome): [Direction, number, number, number][] =>
  (sessions[0]?.streams ?? []).map(({ direction, packets, decrypted, failed }) => [
    direction,
    packets,
    decrypted,
    failed,
  ]);
const both = (packets: number, decrypted = packets): [Direction, number, number, number][] => [
  ['initiator-to-responder', packets, decrypted, packets - decrypted],
  ['responder-to-initiator', packets, decrypted, packets - decrypted],
];

async function expectWhole(outcome: Outcome, made: TestCall): Promise<void> {
  expect(outcome.sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
  const clear = await delivered(outcome);
  for (const { ssrc, clear: spoken } of Object.values(made.tracks)) expect(clear.get(ssrc)).toEqual(spoken);
}

describe('what is delivered is what was spoken, packet by packet', () => {
  it.each<[string, Partial<CallOptions>]>([
    ['over TCP', {}],
    ['over UDP', { transport: 'udp' }],
    ['in segments of 100 octets', { mss: 100 }],
    ['over IPv6', { ipv6: true }],
    ['in a VLAN', { vlan: true }],
    ['over IPv6 and UDP', { ipv6: true, transport: 'udp' }],
    ['with key management at media level', { level: 'media' }],
    ['with media that begin before R_MESSAGE_2 and before the answer', { mediaAtMs: 220 }],
    ['when the caller moves its media in the middle', { moves: true, packets: 8 }],
    ['when both sides have the same SSRC', { sameSsrc: true }],
  ])('%s', async (_, options) => {
    const made = call(options);
    const outcome = await taken(made);
    expect(outcome.sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
    expect(outcome.notes).toEqual([]);
    expect(streamsOf(outcome)).toEqual(both(options.packets ?? 5));
    const clear = await delivered(outcome);
    for (const { ssrc, clear: spoken } of Object.values(made.tracks)) {
      for (const packet of spoken) expect(clear.get(ssrc)).toContainEqual(packet);
    }
    expect([...clear.values()].flat()).toHaveLength(2 * (options.packets ?? 5));
  });

  it('when R_MESSAGE_2 comes after the first media: they are opened at once, and the key is proved later', async () => {
    const made = call({ transport: 'udp' });
    const late = made.frames.map((frame) =>
      frame.what === '200-PRACK' ? { ...frame, timeMs: frame.timeMs + 250 } : frame,
    );
    const outcome = await taken({ frames: interleave(late) });
    expect(outcome.harness.events).toContainEqual(
      expect.objectContaining({ event: 'recovered', confirmedBy: 'nothing yet' }),
    );
    await expectWhole(outcome, made);
  });

  it('from pcapng', async () => {
    const made = call();
    await expectWhole(await taken(pcapngOf(made.frames)), made);
  });

  it('the speech of the initiator is the left channel, of the responder the right one', async () => {
    const made = call();
    const outcome = await taken(made);
    for (const [which, direction] of [
      [0, 'initiator-to-responder'],
      [1, 'responder-to-initiator'],
    ] as const) {
      const sound = channel(outcome, which);
      for (const packet of made.tracks[direction].clear) {
        expect(sound).toContain(Buffer.from(packet.subarray(12)).toString('latin1'));
      }
      expect(sound).not.toContain(direction === 'initiator-to-responder' ? 'responder-to' : 'initiator-to');
    }
  });

  it('a re-INVITE of the called party, and the same call twice in one capture, change nothing', async () => {
    const made = call();
    const again = made.frames.map((frame) => ({ ...frame, timeMs: frame.timeMs + 2000 }));
    const outcome = await taken({
      frames: interleave(
        made.frames,
        again.filter(({ what }) => what !== 'RTP'),
      ),
    });
    await expectWhole(outcome, made);
    expect(outcome.sessions).toHaveLength(1);
  });
});

describe('N66 packets that are not of the stream are dropped and counted, and the stream goes on', () => {
  it('wrong tags', async () => {
    const outcome = await taken(call({ altered: [1, 3] }));
    expect(streamsOf(outcome)).toEqual([['initiator-to-responder', 5, 3, 2], both(5)[1]]);
    expect([...(await delivered(outcome)).values()].map((packets) => packets.length)).toEqual([3, 5]);
  });

  it('replayed packets', async () => {
    const made = call({ repeated: [0, 4] });
    const outcome = await taken(made);
    expect(streamsOf(outcome)).toEqual([['initiator-to-responder', 7, 5, 2], both(5)[1]]);
    await expectWhole(outcome, made);
  });

  it('another SSRC: told, and of no stream', async () => {
    const outcome = await taken(call({ foreign: [0, 2, 3] }));
    expect(streamsOf(outcome)).toEqual([['initiator-to-responder', 2, 2, 0], both(5)[1]]);
    expect(outcome.notes).toEqual(['3 packets of an SSRC that no session names were dropped']);
  });

  it('another SSRC while the key is not there yet: told as well', async () => {
    const outcome = await taken(call({ foreign: [0], mediaAtMs: 210 }));
    expect(outcome.notes).toEqual(['1 packets of an SSRC that no session names were dropped']);
  });

  it('a stream to an address that many calls name is held once, and the reader may overwrite its frames', async () => {
    const [calls, packets] = [50, 400];
    const unanswered = ['183', 'PRACK', '200-PRACK', '200', 'ACK', 'BYE', '200-BYE'] as const;
    const naming = Array.from({ length: calls }, (_, i) =>
      call({ number: 10 + i, addresses: 10, caller: bob, called: alice, packets: 0, without: unanswered }),
    );
    const invites = naming.flatMap(({ frames }) => frames);
    const one = call({ number: 9, addresses: 10, caller: bob, called: alice, packets, t1Ms: T1 + 1000 });
    const media = one.frames.filter(({ what }) => what === 'RTP');
    const octets = pcapOf(interleave(invites, media));
    const harness = await createHarness({ district, served: [alice], way: '4/2', targets: [alice.identity.text] });
    let grown = 0;
    const chunks = (async function* () {
      for (let at = 0; at < octets.length; at += 4096) yield octets.slice(at, at + 4096);
      octets.fill(0);
      grown = process.memoryUsage().arrayBuffers;
    })();
    const before = process.memoryUsage().arrayBuffers;
    const { intake } = await harness.delivery.takeCapture(chunks, 0);
    expect(harness.delivery.sessionsOf(intake).sessions).toHaveLength(calls);
    // A copy for each call would be 50 times the media.
    expect(grown - before).toBeLessThan((calls / 2) * packets * 172);
  });

  it('what is no RTP, or RTCP, is left alone', async () => {
    const made = call();
    const media = made.frames.filter(({ what }) => what === 'RTP');
    const noise = media.flatMap((frame) =>
      [
        (rtp: Uint8Array) => rtp.set([0x81, 200]),
        (rtp: Uint8Array) => rtp.set([0x00, 0x01]),
        (rtp: Uint8Array) => rtp.set([0xff]),
      ].map((change): Frame => {
        const octets = Uint8Array.from(frame.octets);
        change(octets.subarray(42));
        return { ...frame, octets, timeMs: frame.timeMs + 1 };
      }),
    );
    const outcome = await taken({ frames: interleave(made.frames, noise) });
    expect(streamsOf(outcome)).toEqual(both(5));
    expect(outcome.notes).toEqual([]);
  });

  it('octets without any sense, to the addresses of the call', async () => {
    const made = call();
    const random = seededRandom('noise');
    const noise = made.frames
      .filter(({ what }) => what === 'RTP')
      .map((frame): Frame => {
        const octets = Uint8Array.from(frame.octets);
        octets.set(random(octets.length - 43), 43);
        return { ...frame, octets, timeMs: frame.timeMs - 3 };
      });
    const outcome = await taken({ frames: interleave(made.frames, noise) });
    expect(outcome.sessions).toMatchObject([{ status: 'recovered' }]);
    const clear = await delivered(outcome);
    for (const { ssrc, clear: spoken } of Object.values(made.tracks)) expect(clear.get(ssrc)).toEqual(spoken);
  });
});

describe('time', () => {
  it('packets outside the interception interval are neither decrypted nor written', async () => {
    const made = call({ packets: 10 });
    const at = (ms: number): string => new Date(ms).toISOString();
    // The third packet of each side is the first inside, the sixth of each side the last.
    const interception = { from: at(T1 - 1000), to: at(T1 + 500 + 20 * 6) };
    const ending = await taken(made, { warrant: { interception } });
    expect(streamsOf(ending)).toEqual(both(6));
    expect(ending.notes).toEqual(['8 packets outside the interception interval were dropped']);
    expect([...(await delivered(ending)).values()].map((packets) => packets.length)).toEqual([6, 6]);

    const beginning = await taken(made, {
      warrant: { interception: { from: at(T1 + 500 + 40), to: at(T1 + 60_000) }, inProgressSeconds: 60 },
    });
    expect(streamsOf(beginning)).toEqual(both(8));
    expect(beginning.notes).toEqual(['4 packets outside the interception interval were dropped']);
    const speech = [channel(ending, 0), channel(beginning, 0)];
    expect(speech[0]).toContain('packet 5');
    expect(speech[0]).not.toContain('packet 6');
    expect(speech[1]).not.toContain('packet 1');
    expect(speech[1]).toContain('packet 2');
  });

  it('tells when T and the clock of the capture differ by more than five minutes', async () => {
    for (const [clockMs, notes] of [
      [299_000, []],
      [301_000, ['T of a call and the capture clock differ by more than 300 s']],
      [-301_000, ['T of a call and the capture clock differ by more than 300 s']],
    ] as const) {
      expect((await taken(call({ clockMs }))).notes).toEqual(notes);
    }
  });

  it('N77 ringing for 400 s is no wrong clock', async () => {
    const made = call();
    const late = made.frames.map((frame) =>
      frame.what === 'INVITE' ? frame : { ...frame, timeMs: frame.timeMs + 400_000 },
    );
    const outcome = await taken({ frames: late });
    expect(outcome.notes).toEqual([]);
    expect(outcome.sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
  });

  it('an offset of the capture clock is added to every time', async () => {
    const harness = await createHarness({ district, served: [alice], way: '4/2', targets: [alice.identity.text] });
    const made = call({ clockMs: -86_400_000 });
    const outcome = await harness.take(made.frames, 86_400_000);
    expect(outcome.notes).toEqual([]);
    await expectWhole(outcome, made);
  });
});

describe('what is missing', () => {
  it('more calls than are followed, between I_MESSAGE_1 and its answer: those of nobody are dropped', async () => {
    const made = call();
    const invite = makeCall({ number: 2, caller: bob, called: bob, t1Ms: T1 + 50, transport: 'udp', packets: 0 })
      .frames[0] as Frame;
    const at = Buffer.from(invite.octets).indexOf('call-2-');
    const junk = Array.from({ length: 10_050 }, (_, i): Frame => {
      const octets = Uint8Array.from(invite.octets);
      octets.set(new TextEncoder().encode(String(i).padStart(5, '0')), at + 7);
      return { ...invite, octets };
    });
    const outcome = await taken({ frames: interleave(made.frames, junk) });
    await expectWhole(outcome, made);
    expect(outcome.notes).toEqual([expect.stringMatching(/^\d+ calls were dropped for want of room$/)]);
  });

  it('a session without media is recovered, and has no streams', async () => {
    const outcome = await taken(call({ packets: 0 }));
    expect(outcome.sessions).toMatchObject([
      { status: 'recovered', keyConfirmed: true, streams: [], files: { wav: null, pcap: null } },
    ]);
    expect([...outcome.files.keys()]).toEqual(['session-1/keys.json']);
  });

  it('without R_MESSAGE_2 the first right tag proves the key, and without media nothing does', async () => {
    const proved = await taken(call({ without: ['200-PRACK'] }));
    expect(proved.sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
    const unproved = await taken(call({ without: ['200-PRACK'], packets: 0 }));
    expect(unproved.sessions).toMatchObject([{ status: 'recovered', keyConfirmed: false }]);
  });

  it('without I_MESSAGE_1 there is a key, and no policy to decrypt with', async () => {
    const made = call({ without: ['INVITE'] });
    const outcome = await taken(made);
    expect(outcome.sessions).toMatchObject([
      {
        status: 'recovered',
        keyConfirmed: true,
        kSession: made.exchange.kSession,
        reason: 'need I_MESSAGE_1, which carries the security policies',
      },
    ]);
    expect(JSON.parse(new TextDecoder().decode(outcome.files.get('session-1/keys.json')))).toMatchObject({
      kSession: made.exchange.kSession,
      streams: [],
    });
    expect(outcome.files.has('session-1/media.pcap')).toBe(false);
  });

  it('a product that cannot be written: INTERNAL for that session, and the other goes on', async () => {
    const other = makeCall({ number: 2, caller: alice, called: bob, t1Ms: T1 + 10_000 });
    const written: string[] = [];
    const outcome = await taken(
      { frames: interleave(call().frames, other.frames) },
      {
        sink: (session, name) => {
          if (session === 'session-1') return Promise.reject(new Error('no space left: /secret/place'));
          written.push(name);
          return Promise.resolve(name);
        },
      },
    );
    expect(outcome.sessions).toMatchObject([
      { status: 'INTERNAL', reason: 'the product could not be handed over', kSession: null, keyConfirmed: false },
      { status: 'recovered' },
    ]);
    expect(written).toEqual(['call.wav', 'media.pcap', 'keys.json']);
    expect(JSON.stringify(outcome.sessions)).not.toContain('secret');
    // Who runs the Delivery Function is told the cause.
    expect(outcome.harness.faults).toMatchObject([
      { code: 'INTERNAL', cause: new Error('no space left: /secret/place') },
    ]);
  });
});
