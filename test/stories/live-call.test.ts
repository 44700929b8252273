/**
 * A live call as `npm start` makes it: opened while they speak, each octet of it what was said and what was heard.
 *
 *   alice.wav --mu-law--> SRTP --> tap --> bob, who records
 *                                   └----> DF: left channel of call.wav
 *
 * Then the same call where nobody has a warrant: the clients see no difference, the Delivery Function sees nothing; and
 * what the tap recorded of it is opened afterwards by warrants of either side, so that a capture is all it takes.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRow, ratchetTo } from '../../src/entity/custody/record.ts';
import {
  createIssuer,
  decodePrivateKey,
  derivePublicParameters,
  domainParameters,
  identityInfo,
} from '../../src/crypto/ibe/index.ts';
import { fromBigInt, Secret, toHex } from '../../src/foundation/base/index.ts';
import { generalizedTime, identityFromText, keyEpochStart } from '../../src/foundation/identity/index.ts';
import { openKmsStore, openMsStore, openState } from '../../src/platform/index.ts';
import type { Session } from '../../src/contract/administration/index.ts';
import type { LiveResult } from '../../src/program/lab/live.ts';
import { encodeMuLaw, readSpeechWav } from '../../src/protocol/media/index.ts';
import { speech } from '../support/clients.ts';
import { DAY } from '../support/exchange.ts';
import { ALICE, BOB, noneLeft, rolesOf, run, secretsBelow, temporaryDirectory, type Outcome } from '../support/lab.ts';
import { quietCall, type QuietCall } from '../support/live-call.ts';
import { eventsOf, traceOf } from '../support/live-trace.ts';
import { needs } from '../support/needs.ts';
import { channelsOf, dataOf, rmsDbfs, spansOf } from '../support/sound.ts';

const out = join(temporaryDirectory(), 'out');
const roles = join(out, 'roles');
let outcome: Outcome;
let result: LiveResult;

const said = (name: string): Buffer => Buffer.from(encodeMuLaw(readSpeechWav(readFileSync(speech(name)))));
const RECORDINGS = { alice: 'callee/recordings/call-1.wav', bob: 'caller/recording.wav' } as const;
const STREAMS = [
  { side: 'left', name: 'alice', channel: 0 },
  { side: 'right', name: 'bob', channel: 1 },
] as const;

/** Both channels of a product, left alice, each from its first to its last packet. */
async function heard(directory: string, { streams }: Session): Promise<[Buffer, Buffer]> {
  const spans = spansOf(await eventsOf(join(directory, 'session-1', 'media.pcap')));
  const channels = channelsOf(readFileSync(join(directory, 'session-1', 'call.wav')));
  const cut = (side: 0 | 1, direction: string): Buffer => {
    const { from, to } = spans.get(streams.find((one) => one.direction === direction)?.ssrc ?? '') ?? {
      from: 0,
      to: 0,
    };
    return channels[side].subarray(from, to);
  };
  return [cut(0, 'initiator-to-responder'), cut(1, 'responder-to-initiator')];
}
/** The one session of a result. */
const only = (sessions: readonly Session[]): Session => {
  expect(sessions).toHaveLength(1);
  return sessions[0] as Session;
};

beforeAll(async () => {
  outcome = await run(['lab', '--solution', '4', '--alternative', '2', '--out', out, '--json']);
  expect(outcome.status, outcome.stderr).toBe(0);
  result = JSON.parse(outcome.stdout) as LiveResult;
});

describe('a live call', () => {
  it('gives one session, recovered and confirmed, in the form of a replay, and no packet failed', () => {
    expect(Object.keys(result)).toEqual(['version', 'roles', 'sessions', 'notes', 'call', 'report']);
    expect(result.sessions).toEqual([
      {
        callId: expect.any(String) as string,
        ...{ initiator: ALICE, responder: BOB, target: ALICE, role: 'initiator' },
        ...{ status: 'recovered', reason: null, solution: 4, alternative: 2, keyConfirmed: true, kSession: null },
        streams: ['alice', 'bob'].map((name) => ({
          ssrc: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
          direction: name === 'alice' ? 'initiator-to-responder' : 'responder-to-initiator',
          packets: Math.ceil(said(name).length / 160),
          decrypted: Math.ceil(said(name).length / 160),
          failed: 0,
          timeline: expect.objectContaining({ stepMs: 100 }),
        })),
        files: { wav: join(out, 'session-1', 'call.wav'), pcap: join(out, 'session-1', 'media.pcap'), keys: null },
      },
    ]);
    expect(result.notes).toEqual([]);
    expect(result.call).toMatchObject({ outcome: 'completed', statistics: { lostPackets: 0, droppedPackets: 0 } });
  });

  it.each(STREAMS)('$side: what $name said is what was heard and what was delivered', async ({ name, channel }) => {
    const delivered = (await heard(out, only(result.sessions)))[channel];
    const spoken = said(name);
    expect(delivered.equals(spoken)).toBe(true);
    const recorded = dataOf(readFileSync(join(roles, RECORDINGS[name])));
    expect(delivered.equals(recorded)).toBe(true);
    expect(rmsDbfs(delivered)).toBeGreaterThan(-35);
  });

  it.each(STREAMS)('$side: another coder of mu-law says the same', async ({ name, channel }) => {
    needs('ffmpeg');
    const args = ['-v', 'error', '-i', speech(name), '-f', 'mulaw', '-c:a', 'pcm_mulaw', '-'];
    const coded = execFileSync('ffmpeg', args, { maxBuffer: 1 << 24 });
    expect((await heard(out, only(result.sessions)))[channel].equals(coded)).toBe(true);
  });

  it('shows each message of the ladder with its size and time, and tells the times apart', () => {
    const rungs = [...outcome.stderr.matchAll(/^ *(\d+) ms {2}caller (--->|<---) {2}(.*)$/gm)];
    expect(
      rungs.map(([, , arrow, text]) => `${arrow ?? ''} ${(text ?? '').replace(/\d+ octets.*/, 'OCTETS')}`),
    ).toEqual([
      '---> INVITE  I_MESSAGE_1, OCTETS',
      '<--- 183 INVITE  R_MESSAGE_1, OCTETS',
      '---> PRACK  I_MESSAGE_2, OCTETS',
      '<--- 200 PRACK  R_MESSAGE_2, OCTETS',
      '<--- 200 INVITE',
      '---> ACK',
      '---> BYE',
      '<--- 200 BYE',
    ]);
    const times = rungs.map(([, ms]) => Number(ms));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(outcome.stderr).toMatch(/set up in \d+ ms; identity-based encryption at the caller took \d+ ms/);
    const { setUpMs, ibeMs } = result.call as { setUpMs: number; ibeMs: number };
    expect(setUpMs).toBeGreaterThan(ibeMs);
  });

  it('leaves no role, and no key in the directory of a client', async () => {
    await noneLeft(out);
    expect(rolesOf(out)).toEqual([]);
    expect(result.roles.map(({ role }) => role).sort()).toEqual([
      ...['callee', 'df', 'kms', 'kms', 'provider', 'provider', 'tap'],
    ]);
    for (const [client, side, identity] of [
      ['caller', 'a', ALICE],
      ['callee', 'b', BOB],
    ] as const) {
      const keys = await keysOf(side, identity);
      expect(Object.keys(keys)).toEqual(['PR x', 'PR y', 'MS']);
      expect(secretsBelow(join(roles, client), keys)).toEqual([]);
    }
  });
});

describe('the same call without a warrant', () => {
  const quietOut = join(temporaryDirectory(), 'out');
  let quiet: QuietCall;
  beforeAll(async () => {
    quiet = await quietCall(quietOut, 3072);
  });
  afterAll(() => quiet.stop());

  it('gives the Delivery Function nothing, and nobody is asked', () => {
    expect(quiet.called).toMatchObject({ outcome: 'completed' });
    expect(quiet.answer.sessions).toEqual([]);
    expect(quiet.events).toEqual([]);
  });

  it.each([
    ['a', ALICE, 'initiator'],
    ['b', BOB, 'responder'],
  ] as const)(
    'is opened afterwards from the capture alone, with a warrant in operator-%s',
    async (side, target, role) => {
      const delivery = join(quietOut, `opened-${side}`);
      const capture = join(quiet.roles, 'tap', 'capture.pcap');
      const { sessions } = await quiet.intercepted(side, capture, delivery);
      const { streams, initiator, responder } = only(result.sessions);
      expect(sessions).toMatchObject([{ initiator, responder, target, role, status: 'recovered', keyConfirmed: true }]);
      // SSRCs are drawn anew.
      const counted = (given: Session['streams']) =>
        given.map(({ direction, packets, decrypted, failed }) => ({ direction, packets, decrypted, failed }));
      expect(counted(only(sessions).streams)).toEqual(counted(streams));
      const [left, right] = await heard(delivery, only(sessions));
      expect([left.equals(said('alice')), right.equals(said('bob'))]).toEqual([true, true]);
    },
  );

  it('of a tap that ended in the middle there is what came until then', async () => {
    const capture = readFileSync(join(quiet.roles, 'tap', 'capture.pcap'));
    const end = recordsOf(capture).find(({ to }) => to > capture.length / 2)?.to;
    const cut = join(quietOut, 'cut.pcap');
    writeFileSync(cut, capture.subarray(0, end));
    const delivery = join(quietOut, 'opened-cut');
    const { sessions } = await quiet.intercepted('a', cut, delivery);
    expect(sessions).toMatchObject([{ status: 'recovered', keyConfirmed: true }]);
    for (const { packets, decrypted, failed } of sessions[0]?.streams ?? []) {
      expect({ decrypted, failed }).toEqual({ decrypted: packets, failed: 0 });
    }
    for (const { name, channel } of STREAMS) {
      const part = (await heard(delivery, only(sessions)))[channel];
      expect(part.length).toBeGreaterThan(8000);
      expect(part.length).toBeLessThan(said(name).length);
      expect(part.equals(said(name).subarray(0, part.length))).toBe(true);
    }
  });

  it('looks to the clients as the one with a warrant', async () => {
    await quiet.stop();
    const [watched, unwatched] = [await traceOf(roles), await traceOf(quiet.roles)];
    const { mikey, ...same } = watched;
    expect(unwatched).toEqual({ ...same, mikey: unwatched.mikey });
    // Coordinates in DER are one octet longer or shorter by chance.
    expect(mikey.length).toBe(8);
    for (const [i, octets] of mikey.entries()) {
      expect(Math.abs(octets - (unwatched.mikey[i] ?? 0)), `message ${String(i)}`).toBeLessThanOrEqual(8);
    }
    // What is compared is there.
    expect(mikey.slice(0, 4).every((octets) => octets > 100)).toBe(true);
    expect(same.media.map(({ reports }) => reports)).toEqual([true, true]);
    expect(Object.values(same.issued).map((entries) => entries.length)).toEqual([1, 1, 1, 1]);
    expect(same.messages[0]).toMatch(/^caller: INVITE /);
  });

  it('planted: one header, or one packet less, is a difference', async () => {
    const genuine = await traceOf(quiet.roles);
    const copy = join(quietOut, 'planted');
    cpSync(quiet.roles, copy, { recursive: true });
    const file = join(copy, 'tap', 'capture.pcap');
    const capture = readFileSync(file);
    const other = Buffer.from(capture);
    other.write('71', other.indexOf('Max-Forwards: 70') + 'Max-Forwards: '.length, 'latin1');
    for (const [octets, member] of [
      [other, 'messages'],
      [withoutSpeechPacket(capture), 'media'],
    ] as const) {
      writeFileSync(file, octets);
      const planted = await traceOf(copy);
      expect(planted[member]).not.toEqual(genuine[member]);
      expect({ ...planted, [member]: [] }).toEqual({ ...genuine, [member]: [] });
    }
  });
});

/** A capture without the last record that is as long as a full packet of speech. */
function withoutSpeechPacket(capture: Buffer): Buffer {
  const records = recordsOf(capture);
  const lengths = records.map(({ from, to }) => to - from);
  const common = lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)];
  const { from, to } = records.findLast((record) => record.to - record.from === common) ?? { from: 0, to: 0 };
  return Buffer.concat([capture.subarray(0, from), capture.subarray(to)]);
}

/** Where each record of a capture is. */
function recordsOf(capture: Buffer): { from: number; to: number }[] {
  const records: { from: number; to: number }[] = [];
  for (let from = 24; from < capture.length;) {
    const to = from + 16 + capture.readUInt32LE(from + 8);
    records.push({ from, to });
    from = to;
  }
  return records;
}

/** PR of the present epoch and MS of a client, from the state of its holders, which have ended. */
async function keysOf(side: 'a' | 'b', text: string): Promise<Record<string, Uint8Array>> {
  const identity = identityFromText(text);
  const district = `https://pps.operator-${side}.example/ibe/pp`;
  const stateOf = (role: 'kms' | 'provider') =>
    openState({
      ...{ directory: join(roles, `operator-${side}`, role, 'state'), role },
      ...{ district: role === 'kms' ? district : role },
      keyFile: join(roles, `operator-${side}`, role, 'key-encryption-key'),
    });
  const [kms, provider] = [await stateOf('kms'), await stateOf('provider')];
  try {
    const sealed = (await (await openKmsStore(kms)).masterSecret()) ?? new Uint8Array();
    const s = kms.sealer.open(sealed, `ibe-master-secret ${district} 1 3072`);
    const params = derivePublicParameters(domainParameters(3072), BigInt(`0x${toHex(s)}`));
    const notBefore = generalizedTime(keyEpochStart(Date.now() / 1000, DAY));
    const id = identityInfo({ district, serial: 1n, identity, notBefore });
    const key = createIssuer(params, new Secret('IbeMasterSecret', s)).issue(id);
    const { x, y } = key.use((der) => decodePrivateKey(der, params));
    const [row] = await (await openMsStore(provider)).find(identity);
    if (row === undefined) throw new Error('the provider has no master secret of the client');
    const ms = ratchetTo(openRow(row, provider.sealer), identity, row.rootEpoch, row.rootEpoch);
    const octets = (value: bigint): Uint8Array => fromBigInt(value, params.p.toString(16).length / 2);
    return { 'PR x': octets(x), 'PR y': octets(y), MS: ms.use((secret) => Uint8Array.from(secret)) };
  } finally {
    await kms.close();
    await provider.close();
  }
}
