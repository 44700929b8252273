/**
 * And nothing else: of ten calls that are up at the same time one is the target's. The holders are asked about that
 * one, its speech is written, and of the others there is nothing: no request, no octet, no name, whichever way.
 *
 *   tap ── ten calls, interleaved ──> DF ── one request ──> KMS, provider
 *                                      └── one session ──> out/session-1
 *
 * Among the others: a call of the target's correspondent, one of somebody with almost the target's name, and one
 * whose media go to the very address at which the target's correspondent was called before.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/foundation/base/index.ts';
import { fixtureOf, interleave, makeCall, pcapOf, testDistrict, testParty, type TestCall } from '../support/calls.ts';
import { filesBelow, handedOver, labs, run, temporaryDirectory, type LabOutcome, type Way } from '../support/lab.ts';
import { findNeedles, secretNeedle, type Needle } from '../support/taint.ts';

const T1 = Date.UTC(2026, 4, 6, 9, 30);
const here = testDistrict('operator-a.example');
const there = testDistrict('operator-b.example');
/** Long names, so that none is found by chance. */
const nameOf = (i: number): string => `subscriber-${String(i)}-${(7919 * (i + 1)).toString(36)}-of-twenty`;
const parties = Array.from({ length: 20 }, (_, i) =>
  testParty(`sip:${nameOf(i)}@operator-${i % 2 === 0 ? 'a' : 'b'}.example`, i % 2 === 0 ? here : there),
);
const party = (i: number): (typeof parties)[number] => parties[i] as (typeof parties)[number];
const OURS = 4;
const [target, peer] = [party(2 * OURS), party(2 * OURS + 1)];
const namesake = testParty(`sip:${nameOf(2 * OURS)}x@operator-a.example`, here);

type Role = 'initiator' | 'responder';

/** The target's call is number 4; all begin within a second, so that every packet has those of nine others around it. */
function tenCalls(role: Role): { ours: TestCall; strangers: readonly TestCall[] } {
  const correspondent = role === 'initiator' ? peer : target;
  const calls = Array.from({ length: 10 }, (_, number): TestCall => {
    const [caller, called] = [party(2 * number), party(2 * number + 1)];
    const t1Ms = T1 + 73 * ((3 * number) % 10);
    const common = { number, t1Ms, called, packets: 12, transport: number % 3 === 2 ? 'udp' : 'tcp' } as const;
    return makeCall({ ...common, caller: number === 6 ? correspondent : number === 7 ? namesake : caller });
  });
  const heir = makeCall({
    number: 40,
    addresses: OURS,
    t1Ms: T1 + 5000,
    caller: party(0),
    called: party(1),
    packets: 12,
  });
  const ours = calls[OURS] as TestCall;
  return { ours, strangers: [...calls.filter((call) => call !== ours), heir] };
}
const captures = { initiator: tenCalls('initiator'), responder: tenCalls('responder') };

const userOf = (uri: string): string => uri.slice(4, uri.indexOf('@'));
const text = (name: string, value: string): Needle => secretNeedle(name, Buffer.from(value).toString('hex'));
const octets = (name: string, value: Uint8Array): Needle => secretNeedle(name, toHex(value));
const speechOf = ({ tracks }: TestCall): Uint8Array[] =>
  Object.values(tracks).flatMap(({ clear }) => clear.map((packet) => packet.subarray(12, 60)));

/** Everything of the strangers that could turn up somewhere. */
const needlesOf = (strangers: readonly TestCall[]): Needle[] => [
  ...[...parties.filter((one) => one !== target && one !== peer), namesake].map(({ identity }) =>
    text('a name', userOf(identity.text)),
  ),
  ...strangers.flatMap((call) => [
    text('a Call-ID', call.callId),
    secretNeedle('a session key', call.exchange.kSession.slice(2, 66)),
    ...speechOf(call).map((speech) => octets('speech of a stranger', speech)),
    // What was captured is not kept as it came, either.
    ...call.frames
      .filter(({ what }) => what === 'RTP')
      .map((frame) => octets('SRTP of a stranger', frame.octets.subarray(-40))),
  ]),
];
/** What the same search must find in the product and in the answer, or it would find nothing. */
const controlOf = (ours: TestCall): Needle[] => [
  text('the Call-ID', ours.callId),
  ...speechOf(ours).map((speech) => octets('speech of the target', speech)),
];

const CASES: readonly { way: Way; role: Role }[] = [
  { way: '4/2', role: 'initiator' },
  { way: '4/2', role: 'responder' },
  { way: '4/1', role: 'initiator' },
  { way: '3', role: 'responder' },
];
const KINDS: Readonly<Record<Way, Readonly<Record<string, object>>>> = {
  '3': { 'kms-consolidated': { request: 1, answer: 1 }, df: { receipt: 1 } },
  '4/1': { kms: { request: 1, answer: 1 }, provider: { request: 1, answer: 1 }, df: { receipt: 2 } },
  '4/2': { kms: { request: 1, answer: 1 }, provider: { request: 1, answer: 1 }, df: { receipt: 2 } },
};

describe('ten calls, one of them the target', () => {
  let outcomes: readonly LabOutcome[];

  beforeAll(async () => {
    const directory = temporaryDirectory();
    for (const [role, { ours, strangers }] of Object.entries(captures)) {
      writeFileSync(join(directory, `${role}.json`), JSON.stringify(fixtureOf(ours)));
      const frames = interleave(ours.frames, ...strangers.map((call) => call.frames));
      writeFileSync(join(directory, `${role}.pcap`), pcapOf(frames));
    }
    const done = await labs(
      CASES.map(({ way, role }) => ({
        way,
        fixture: join(directory, `${role}.json`),
        capture: join(directory, `${role}.pcap`),
        target: (role === 'initiator' ? target : peer).identity.text,
        more: ['--verbose'],
      })),
    );
    outcomes = done.map(({ outcome }) => outcome);
  }, 300_000);

  const each = CASES.map(({ way, role }, i) => [way, role, i] as const);

  it.each(each)('solution %s, target %s: one session, whole and proved', (_, role, i) => {
    const { status, stderr, json } = outcomes[i] as LabOutcome;
    const { ours } = captures[role];
    expect(status, stderr).toBe(0);
    expect(json.sessions).toMatchObject([
      {
        callId: ours.callId,
        initiator: target.identity.text,
        responder: peer.identity.text,
        role,
        status: 'recovered',
        keyConfirmed: true,
        kSession: ours.exchange.kSession,
        streams: (['initiator-to-responder', 'responder-to-initiator'] as const).map((direction) => ({
          ssrc: ours.tracks[direction].ssrc,
          direction,
          packets: 12,
          decrypted: 12,
          failed: 0,
        })),
      },
    ]);
    expect(json.notes).toEqual(['24 packets of an SSRC that no session names were dropped']);
  });

  it.each(each)(
    'solution %s, target %s: one request and one answer in each log, and nothing else',
    async (way, _, i) => {
      const { out } = outcomes[i] as LabOutcome;
      const kinds = await Promise.all(
        Object.keys(KINDS[way]).map(async (role) => {
          const config = join(out, 'roles', role, 'config.json');
          const { stdout } = await run(['log', 'verify', '--config', config, '--json']);
          return [role, (JSON.parse(stdout) as { kinds: object }).kinds] as const;
        }),
      );
      expect(Object.fromEntries(kinds)).toEqual(KINDS[way]);
    },
  );

  it.each(each)('solution %s, target %s: what was told on the way is about that call', (way, role, i) => {
    const { stderr } = outcomes[i] as LabOutcome;
    const { ours, strangers } = captures[role];
    const told = (what: string): string[] => stderr.split('\n').filter((line) => line.includes(what));
    expect(told('a call of the target is in the capture')).toHaveLength(1);
    expect(told('a call of the target is in the capture')[0]).toContain(ours.csbId);
    expect(told('df ->')).toHaveLength(way === '3' ? 1 : 2);
    for (const { csbId } of strangers) expect(stderr).not.toContain(csbId);
  });

  it.each(each)(
    'solution %s, target %s: of nobody else is there a name or an octet, wherever one looks',
    (_, role, i) => {
      const { out, stdout, stderr } = outcomes[i] as LabOutcome;
      const { ours, strangers } = captures[role];
      const places: [string, Buffer | string][] = [
        ['standard output', stdout],
        ['standard error', stderr],
        ...filesBelow(out).map((file): [string, Buffer] => [file.slice(out.length), readFileSync(file)]),
      ];
      // The sound file has the samples of both sides in turn.
      const wav = readFileSync(join(out, 'session-1/call.wav'));
      const data = wav.subarray(wav.indexOf('data') + 8);
      for (const side of [0, 1])
        places.push([`channel ${String(side)}`, data.filter((_, at) => at % 2 === side) as Buffer]);
      expect(places.some(([name]) => name.endsWith('state.db'))).toBe(true);

      const needles = needlesOf(strangers);
      expect(places.flatMap(([name, content]) => findNeedles(name, Buffer.from(content), needles))).toEqual([]);
      const found = places.flatMap(([name, content]) => findNeedles(name, Buffer.from(content), controlOf(ours)));
      const times = (what: string): number => found.filter((one) => one === what).length;
      expect(times('the Call-ID in standard output')).toBe(1);
      expect(times('speech of the target in /session-1/media.pcap')).toBe(24);
      expect(times('speech of the target in channel 0')).toBe(12);
      expect(times('speech of the target in channel 1')).toBe(12);
      expect(handedOver(out)).toHaveLength(3);
    },
  );
});
