/**
 * Compound RTCP packets (RFC 3550 6): sender and receiver reports, SDES, BYE; other types are carried unread.
 * Total and canonical: what parses encodes to the same octets, so padding and what is not zero where it must be are
 * refused. A CNAME must be random (RFC 7022): nothing that names a person belongs into SDES.
 */
import { ascii, concat, equalBytes, latin1, ntpTime, uint, type NtpTime } from '../../foundation/base/index.ts';
import { HalfkeyError } from '../../foundation/base/errors.ts';

/** What was received of one source (RFC 3550 6.4.1). */
export interface ReportBlock {
  readonly ssrc: number;
  /** Of the packets since the last report, in 256ths: 0 to 255. */
  readonly fractionLost: number;
  /** 24 bits, signed. */
  readonly cumulativeLost: number;
  /** Cycles of the sequence number (16 bits) and the highest one received. */
  readonly highestSequence: number;
  /** In units of the payload's clock. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report; 0 for none. */
  readonly lastReport: number;
  /** Since that report, in 1/65536 seconds; 0 for none. */
  readonly delaySinceLastReport: number;
}

export interface SdesChunk {
  readonly ssrc: number;
  /** `type` 1 is CNAME; 1 to 255. `text` has one character an octet, at most 255. */
  readonly items: readonly { readonly type: number; readonly text: string }[];
}

export type RtcpPacket =
  | {
      readonly kind: 'SR';
      readonly ssrc: number;
      readonly ntp: NtpTime;
      /** The same time in units of the payload's clock, 32 bits. */
      readonly rtpTimestamp: number;
      /** 32 bits each; octets of payload. */
      readonly packets: number;
      readonly octets: number;
      /** At most 31. */
      readonly reports: readonly ReportBlock[];
    }
  | { readonly kind: 'RR'; readonly ssrc: number; readonly reports: readonly ReportBlock[] }
  | { readonly kind: 'SDES'; readonly chunks: readonly SdesChunk[] }
  | { readonly kind: 'BYE'; readonly sources: readonly number[]; readonly reason?: string }
  /** `count`: the five bits beside the version; `body`: whole words behind the header. */
  | { readonly kind: 'other'; readonly type: number; readonly count: number; readonly body: Uint8Array };

const TYPE = { SR: 200, RR: 201, SDES: 202, BYE: 203 } as const;

/**
 * The octets of a compound packet: the first must be SR or RR (RFC 3550 6.1).
 * @throws TypeError for an empty compound or one that starts otherwise; RangeError when a number does not fit its field
 */
export function encodeRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  const [first] = packets;
  if (first?.kind !== 'SR' && first?.kind !== 'RR') throw new TypeError('encodeRtcp: a compound starts with a report');
  return concat(...packets.map(encodeOne));
}

function encodeOne(packet: RtcpPacket): Uint8Array {
  const [type, count, body] = bodyOf(packet);
  if (count > 31 || body.length % 4 !== 0) throw new RangeError('encodeRtcp: too many parts, or no whole words');
  return concat(uint(0x80 + count, 1), uint(type, 1), uint(body.length / 4, 2), body);
}

function bodyOf(packet: RtcpPacket): readonly [type: number, count: number, body: Uint8Array] {
  switch (packet.kind) {
    case 'SR': {
      const { ssrc, ntp, rtpTimestamp, packets, octets, reports } = packet;
      const info = concat(uint(ssrc, 4), ntp, uint(rtpTimestamp, 4), uint(packets, 4), uint(octets, 4));
      return [TYPE.SR, reports.length, concat(info, ...reports.map(encodeReport))];
    }
    case 'RR':
      return [TYPE.RR, packet.reports.length, concat(uint(packet.ssrc, 4), ...packet.reports.map(encodeReport))];
    case 'SDES':
      return [TYPE.SDES, packet.chunks.length, concat(...packet.chunks.map(encodeChunk))];
    case 'BYE': {
      const sources = concat(...packet.sources.map((ssrc) => uint(ssrc, 4)));
      const reason = packet.reason === undefined ? new Uint8Array() : counted(packet.reason);
      return [TYPE.BYE, packet.sources.length, concat(sources, reason, new Uint8Array(-reason.length & 3))];
    }
    case 'other':
      return [packet.type, packet.count, packet.body];
  }
}

function encodeReport(report: ReportBlock): Uint8Array {
  const lost = report.cumulativeLost < 0 ? report.cumulativeLost + 0x1000000 : report.cumulativeLost;
  return concat(
    uint(report.ssrc, 4),
    uint(report.fractionLost, 1),
    uint(lost, 3),
    uint(report.highestSequence, 4),
    uint(report.jitter, 4),
    uint(report.lastReport, 4),
    uint(report.delaySinceLastReport, 4),
  );
}

function encodeChunk({ ssrc, items }: SdesChunk): Uint8Array {
  const chunk = concat(uint(ssrc, 4), ...items.map(({ type, text }) => concat(uint(type, 1), counted(text))));
  return concat(chunk, new Uint8Array(4 - (chunk.length & 3))); // one to four zero octets end the list (6.5)
}

function counted(text: string): Uint8Array {
  return concat(uint(text.length, 1), ascii(text));
}

/** The packets of a compound. @throws HalfkeyError `SRTP_MALFORMED` with the offset of what is wrong or cut */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw malformed('a header is cut', at);
    const end = at + 4 + 4 * view.getUint16(at + 2);
    if (end > bytes.length) throw malformed('a packet is cut', at + 2);
    // Version 2 and no padding: it serves ciphers of blocks only (6.4.1).
    if (view.getUint8(at) >> 5 !== 0b100) throw malformed('not version 2, or padded', at);
    const packet = parseOne(bytes.subarray(at, end), at);
    if (!equalBytes(encodeOne(packet), bytes.subarray(at, end))) throw malformed('not in canonical form', at);
    packets.push(packet);
    at = end;
  }
  if (packets[0]?.kind !== 'SR' && packets[0]?.kind !== 'RR') throw malformed('the first packet is no report', 0);
  return packets;
}

function parseOne(bytes: Uint8Array, offset: number): RtcpPacket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [count, type] = [view.getUint8(0) & 0x1f, view.getUint8(1)];
  const word = (at: number): number => {
    if (at + 4 > bytes.length) throw malformed('a packet is shorter than its parts', offset + 2);
    return view.getUint32(at);
  };
  const reports = (from: number): ReportBlock[] =>
    Array.from({ length: count }, (_, i) => {
      const at = from + 24 * i;
      const lost = word(at + 4);
      return {
        ssrc: word(at),
        fractionLost: lost >>> 24,
        cumulativeLost: (lost << 8) >> 8,
        highestSequence: word(at + 8),
        jitter: word(at + 12),
        lastReport: word(at + 16),
        delaySinceLastReport: word(at + 20),
      };
    });
  switch (type) {
    case TYPE.SR: {
      const [ssrc, rtpTimestamp, packets, octets] = [word(4), word(16), word(20), word(24)];
      return {
        kind: 'SR',
        ssrc,
        ntp: ntpTime(bytes.slice(8, 16)),
        rtpTimestamp,
        packets,
        octets,
        reports: reports(28),
      };
    }
    case TYPE.RR:
      return { kind: 'RR', ssrc: word(4), reports: reports(8) };
    case TYPE.SDES:
      return { kind: 'SDES', chunks: parseChunks(bytes, count, offset) };
    case TYPE.BYE: {
      const sources = Array.from({ length: count }, (_, i) => word(4 + 4 * i));
      const at = 4 + 4 * count;
      if (at === bytes.length) return { kind: 'BYE', sources };
      return { kind: 'BYE', sources, reason: text(bytes, at, offset) };
    }
    default:
      return { kind: 'other', type, count, body: Uint8Array.from(bytes.subarray(4)) };
  }
}

function parseChunks(bytes: Uint8Array, count: number, offset: number): SdesChunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: SdesChunk[] = [];
  let at = 4;
  for (let i = 0; i < count; i++) {
    if (at + 8 > bytes.length) throw malformed('a chunk is cut', offset + at);
    const ssrc = view.getUint32(at);
    const items: { type: number; text: string }[] = [];
    at += 4;
    for (let type = bytes[at]; type !== 0; type = bytes[at]) {
      if (type === undefined) throw malformed('a chunk does not end', offset + at);
      items.push({ type, text: text(bytes, at + 1, offset) });
      at += 2 + (bytes[at + 1] as number);
    }
    chunks.push({ ssrc, items });
    at += 4 - (at & 3);
  }
  return chunks;
}

function text(bytes: Uint8Array, at: number, offset: number): string {
  const length = bytes[at];
  if (length === undefined || at + 1 + length > bytes.length) throw malformed('a text is cut', offset + at);
  const octets = bytes.subarray(at + 1, at + 1 + length);
  if (octets.some((octet) => octet > 0x7f)) throw malformed('a text is not ASCII', offset + at);
  return latin1(octets);
}

function malformed(message: string, offset: number): HalfkeyError {
  return new HalfkeyError('SRTP_MALFORMED', message, { offset });
}
