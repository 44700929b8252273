/**
 * What a receiver counts about one source, and its report block (RFC 3550 6.4.1, A.3, A.8). Only packets that were
 * authenticated may be counted.
 */
import { ByteReader, type NtpTime } from '../../foundation/base/index.ts';
import type { ReportBlock } from './rtcp.ts';
import type { RtpPacket } from './rtp.ts';

export interface Reception {
  /** Counts a packet that arrived at `timeMs`. */
  packet(packet: RtpPacket, timeMs: number): void;
  /** Notes a sender report of the source. */
  senderReport(ntp: NtpTime, timeMs: number): void;
  /** The report block at `timeMs`, undefined before the first packet. Begins a new interval for the fraction lost. */
  report(timeMs: number): ReportBlock | undefined;
  readonly received: number;
  /** Expected less received; negative with duplicates. */
  readonly lost: number;
}

const MAX_LOST = 0x7fffff;

/** Counters of one source. `clockRate`: Hz of the payload. */
export function createReception(clockRate: number): Reception {
  let ssrc = 0;
  let received = 0;
  let base = 0;
  let highest = 0; // extended by the cycles
  let jitter = 0;
  let transit: number | undefined;
  let lastReport = 0;
  let lastReportMs = 0;
  let prior = { expected: 0, received: 0 };
  const expected = (): number => (received === 0 ? 0 : highest - base + 1);

  return {
    packet(packet, timeMs) {
      if (received === 0) {
        ssrc = packet.ssrc;
        base = highest = packet.sequence;
      } else {
        const step = ((packet.sequence - highest) << 16) >> 16; // modulo 2^16, signed
        if (step > 0) highest += step;
      }
      received++;
      // A.8: the transit time is modulo 2^32, so only its differences count.
      const now = (timeMs * clockRate) / 1000 - packet.timestamp;
      if (transit !== undefined) jitter += (Math.abs(wrapped(now - transit)) - jitter) / 16;
      transit = now;
    },
    senderReport(ntp, timeMs) {
      const reader = new ByteReader(ntp, 2);
      lastReport = reader.uint(4);
      lastReportMs = timeMs;
    },
    report(timeMs) {
      if (received === 0) return undefined;
      const lost = expected() - received;
      const interval = expected() - prior.expected;
      const lostInInterval = interval - (received - prior.received);
      prior = { expected: expected(), received };
      return {
        ssrc,
        fractionLost:
          interval <= 0 || lostInInterval <= 0 ? 0 : Math.min(255, Math.floor((256 * lostInInterval) / interval)),
        cumulativeLost: Math.max(-MAX_LOST - 1, Math.min(MAX_LOST, lost)),
        highestSequence: highest % 0x100000000,
        jitter: Math.min(0xffffffff, Math.floor(jitter)),
        lastReport,
        delaySinceLastReport:
          lastReport === 0 ? 0 : Math.min(0xffffffff, Math.max(0, Math.round((timeMs - lastReportMs) * 65.536))),
      };
    },
    get received() {
      return received;
    },
    get lost() {
      return expected() - received;
    },
  };
}

/** A difference of timestamps, modulo 2^32, signed. */
function wrapped(difference: number): number {
  const modulo = ((difference % 0x100000000) + 0x100000000) % 0x100000000;
  return modulo < 0x80000000 ? modulo : modulo - 0x100000000;
}
