/**
 * A captured call, made by Kamailio, sipp and ffmpeg, is opened six times by the built command: for each of its two
 * parties, by the consolidated KMS and by both alternatives of the split custody. Two foreign programs judge the product.
 *
 *   golden-call.pcap ──> DF ──> KMS (──> provider) ──> K_SESSION ──> media.pcap, call.wav
 *          │                                                              │
 *          ├──> tshark: how many packets has each SSRC? ──────────────────┤
 *          └──> ffmpeg, with TEK and SALT of the golden file ──> payloads ┴──> equal?
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex } from '../../src/foundation/base/bytes.ts';
import { ALICE, BOB, GOLDEN_3072, GOLDEN_CALL, labs, WAYS, type LabOutcome } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { ffmpegOpens, type JudgedPacket } from './ffmpeg.ts';
import { tsharkFields } from './judges.ts';

const golden = JSON.parse(readFileSync(GOLDEN_3072, 'utf8'));
/** Ports of the session descriptions: SDP of the INVITE and of its answer. */
const PORTS = [6000, 6010];
const STREAMS = [
  { ssrc: golden.ssrc.A as string, direction: 'initiator-to-responder', keys: golden.cs[1], channel: 0 },
  { ssrc: golden.ssrc.B as string, direction: 'responder-to-initiator', keys: golden.cs[2], channel: 1 },
] as const;
const CASES = [ALICE, BOB].flatMap((target) => WAYS.map((way) => ({ target, way })));

interface RtpPayload {
  readonly timestamp: number;
  readonly payload: Buffer;
}

/** Payloads of a stream of a capture, in its order, as tshark finds them. */
function payloadsOf(capture: string, ssrc: string): RtpPayload[] {
  const filter = `rtp.ssrc==0x${ssrc}`;
  const rows = tsharkFields(capture, { ports: PORTS, filter, fields: ['rtp.timestamp', 'rtp.payload'] });
  return rows.map(([timestamp, payload = '']) => ({
    timestamp: Number(timestamp),
    payload: Buffer.from(payload, 'hex'),
  }));
}

describe('the golden call', () => {
  let outcomes: Map<string, LabOutcome>;

  beforeAll(async () => {
    const orders = CASES.map(({ target, way }) => ({ target, way, fixture: GOLDEN_3072, capture: GOLDEN_CALL }));
    outcomes = new Map((await labs(orders)).map(({ target, way, outcome }) => [`${target} ${way}`, outcome]));
  });

  const sessionOf = (target: string, way: string) => {
    const { json } = outcomes.get(`${target} ${way}`) as LabOutcome;
    return json.sessions[0] as NonNullable<(typeof json.sessions)[0]>;
  };

  describe.each(CASES)('target $target, solution $way', ({ target, way }) => {
    it('gives its session key, confirmed, and every packet of both directions', () => {
      const { status, stderr, json } = outcomes.get(`${target} ${way}`) as LabOutcome;
      expect(status, stderr).toBe(0);
      expect(json.sessions).toHaveLength(1);
      expect(sessionOf(target, way)).toMatchObject({
        initiator: ALICE,
        responder: BOB,
        target,
        role: target === ALICE ? 'initiator' : 'responder',
        status: 'recovered',
        solution: way === '3' ? 3 : 4,
        keyConfirmed: true,
        kSession: golden.K_SESSION,
        streams: STREAMS.map(({ ssrc, direction }) => ({ ssrc, direction, packets: 216, decrypted: 216, failed: 0 })),
      });
      expect(json.roles.map(({ role }) => role)).toEqual(
        way === '3' ? ['kms-consolidated', 'df'] : ['kms', 'provider', 'df'],
      );
    });

    it('hands over the SRTP keys of the golden file', () => {
      const keys = JSON.parse(readFileSync(sessionOf(target, way).files.keys as string, 'utf8'));
      expect(keys).toMatchObject({ version: 1, csbId: golden.csbId, kSession: golden.K_SESSION });
      expect(keys.streams).toEqual(
        STREAMS.map(({ ssrc, direction, keys: { TEK, SALT } }, i) => ({
          csId: i + 1,
          ssrc,
          direction,
          suite: 'AES_CM_128_HMAC_SHA1_80',
          masterKey: TEK,
          masterSalt: SALT,
        })),
      );
    });

    it('counts as many packets of each SSRC as tshark does', () => {
      needs('tshark');
      for (const { ssrc, packets, failed } of sessionOf(target, way).streams) {
        expect(failed).toBe(0);
        expect(packets).toBe(payloadsOf(GOLDEN_CALL, ssrc).length);
      }
    });
  });

  describe('its media, beside what ffmpeg decrypts', () => {
    const judged = new Map<string, readonly JudgedPacket[]>();

    it('ffmpeg opens both directions with the golden keys', async () => {
      needs('tshark', 'ffmpeg');
      await Promise.all(
        STREAMS.map(async ({ ssrc, keys }) => {
          const rows = tsharkFields(GOLDEN_CALL, {
            ports: PORTS,
            filter: `rtp.ssrc==0x${ssrc}`,
            fields: ['udp.payload'],
          });
          const packets = rows.map(([payload = '']) => Buffer.from(payload, 'hex'));
          const { opened } = await ffmpegOpens(packets, {
            suite: 'AES_CM_128_HMAC_SHA1_80',
            masterKey: fromHex(keys.TEK),
            masterSalt: fromHex(keys.SALT),
          });
          judged.set(ssrc, opened);
          expect(judged.get(ssrc)).toHaveLength(rows.length);
        }),
      );
    });

    it.each(CASES)(
      'the mu-law octets are equal, packet by packet: target $target, solution $way',
      ({ target, way }) => {
        needs('tshark', 'ffmpeg');
        for (const { ssrc } of STREAMS) {
          const ours = payloadsOf(sessionOf(target, way).files.pcap as string, ssrc);
          const first = ours[0]?.timestamp ?? NaN;
          const described = ours.map(({ timestamp, payload }) => ({
            timestamp: timestamp - first,
            size: payload.length,
            sha256: createHash('sha256').update(payload).digest('hex'),
          }));
          expect(described).toEqual(judged.get(ssrc));
        }
      },
    );

    it.each(CASES)('call.wav has them, the initiator left: target $target, solution $way', ({ target, way }) => {
      needs('tshark');
      const { pcap, wav } = sessionOf(target, way).files;
      const file = readFileSync(wav as string);
      expect(file.subarray(0, 4).toString()).toBe('RIFF');
      // Format 7 (mu-law), two channels, 8000 Hz, 8 bits.
      expect([20, 22, 34].map((offset) => file.readUInt16LE(offset))).toEqual([7, 2, 8]);
      expect(file.readUInt32LE(24)).toBe(8000);
      const data = file.subarray(58);
      expect(file.readUInt32LE(54)).toBe(data.length);
      for (const { ssrc, channel } of STREAMS) {
        const packets = payloadsOf(pcap as string, ssrc);
        const first = packets[0]?.timestamp ?? NaN;
        // By the timestamps; between packets there is silence.
        const end = Math.max(...packets.map(({ timestamp, payload }) => timestamp - first + payload.length));
        const speech = Buffer.alloc(end, 0xff);
        for (const { timestamp, payload } of packets) payload.copy(speech, timestamp - first);
        const heard = data.filter((_, i) => i % 2 === channel);
        const from = Buffer.from(heard).indexOf(speech);
        expect(from).toBeGreaterThanOrEqual(0);
        const around = [...heard.subarray(0, from), ...heard.subarray(from + end)];
        expect(around.every((octet) => octet === 0xff)).toBe(true);
      }
    });
  });
});
