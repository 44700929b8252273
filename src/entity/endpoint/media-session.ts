/**
 * The speech of one protected call (RFC 3550, 3551, 3711): what we say goes out in SRTP, what arrives is recorded after it
 * was authenticated, and reports about both go in SRTCP. What is not authentic, of another SSRC or repeated is dropped and
 * counted (N66). The session owns the keys of its exchange and wipes them when it closes; nothing is sent in clear, ever.
 */
import {
  type Clock,
  isHalfkeyError,
  ntpFromUnixMs,
  type Random,
  type Scheduler,
  toBase64,
} from '../../foundation/base/index.ts';
import { dispose, type Established, type StreamKey } from '../../protocol/ibake/index.ts';
import {
  createMonoWav,
  createReception,
  encodeRtcp,
  encodeRtp,
  parseRtcp,
  parseRtp,
  type RtcpPacket,
} from '../../protocol/media/index.ts';
import {
  createSrtcpReceiver,
  createSrtcpSender,
  createSrtpReceiver,
  createSrtpSender,
  type SrtpStreamOptions,
} from '../../protocol/srtp/index.ts';
import { pace, PACKET_SAMPLES } from './media-pacer.ts';
import type { MediaPorts } from './ua-ports.ts';
import { PAYLOAD_TYPE, type RemoteMedia } from './ua-sdp.ts';

const CLOCK_RATE = 8000;
const REPORT_INTERVAL_MS = 5000;
/** How often the end of the call is looked for. */
const WATCH_MS = 100;

/** What a session counts; no addresses, no keys. */
export interface MediaStatistics {
  readonly sentPackets: number;
  readonly sentOctets: number;
  readonly receivedPackets: number;
  /** Expected less received. */
  readonly lostPackets: number;
  /** Datagrams that were no packet of the stream: forged, repeated, of another SSRC or type. */
  readonly droppedPackets: number;
  readonly sentReports: number;
  readonly receivedReports: number;
  /** What the other side last said it had lost of our packets. */
  readonly lostAtPeer?: number;
}

export interface MediaSessionOptions {
  readonly established: Established;
  readonly ports: MediaPorts;
  readonly remote: RemoteMedia;
  /** mu-law octets, 8000 a second. */
  readonly speech: Uint8Array;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** How long to stay after our own speech while nothing is heard. */
  readonly tailMs: number;
  /** How long to wait for a peer of whom nothing is heard, when one of us should be speaking. */
  readonly silenceMs: number;
  /** Our speech is over and the other side is quiet, or nothing was heard for too long. At most once. */
  readonly onIdle: () => void;
}

export interface MediaSession {
  /** Begins to speak and to report; receiving begins when the session is made. Repeated calls do nothing. */
  speak(): void;
  /** Says BYE (RFC 3550 6.6) if it spoke, stops, and wipes every key. Repeated calls do nothing. */
  close(): void;
  /** What was received, as a mono WAV file in mu-law. */
  recording(): Uint8Array;
  readonly statistics: MediaStatistics;
}

/** A session over the first m-line. @throws TypeError when the exchange has no keys for it: then they are wiped */
export function createMediaSession(options: MediaSessionOptions): MediaSession {
  const { established, ports, remote, speech, clock, scheduler, random } = options;
  const forward = established.role === 'initiator' ? 'initiator-to-responder' : 'responder-to-initiator';
  const streams = established.streams.filter(({ mediaIndex }) => mediaIndex === mediaIndexOf(established));
  const own = streams.find(({ direction }) => direction === forward);
  const other = streams.find(({ direction }) => direction !== forward);
  if (own === undefined || other === undefined) {
    dispose(established);
    throw new TypeError('media session: the exchange has no keys for a stream both ways');
  }
  const contexts = contextsOf(own, other, established.mki);
  const recording = createMonoWav('PCMU');
  const reception = createReception(CLOCK_RATE);
  // RFC 3550 5.1: both start anywhere; below 2^15, so that losing the first packets cannot hide a wrap (RFC 3711 3.3.1).
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = random(6);
  const firstSequence = ((a & 0x7f) << 8) | b;
  const firstTimestamp = ((c << 24) | (d << 16) | (e << 8) | f) >>> 0;
  const cname = toBase64(random(12)); // RFC 7022 4.2: names no one
  const counts = { packets: 0, octets: 0, dropped: 0, sentReports: 0, receivedReports: 0 };
  let lostAtPeer: number | undefined;
  let spoken = false;
  let idle = false;
  let closed = false;
  let spokeMs = scheduler.monotonicMs();
  /** When anything authentic was heard last, and when speech was, or ours ended. */
  let heardMs = spokeMs;
  let speechMs = spokeMs;
  let stopTimers: readonly (() => void)[] = [];

  const timestampOf = (samples: number): number => (firstTimestamp + samples) % 0x100000000;

  function sendSpeech(payload: Uint8Array, index: number): void {
    const packet = encodeRtp({
      payloadType: PAYLOAD_TYPE,
      marker: index === 0,
      sequence: (firstSequence + index) % 0x10000,
      timestamp: timestampOf(index * PACKET_SAMPLES),
      ssrc: contexts.ownSsrc,
      payload,
    });
    ports.rtp.send(contexts.rtpOut.protect(packet), remote.rtp);
    counts.packets++;
    counts.octets += payload.length;
  }

  function sendReport(last?: RtcpPacket): void {
    const muxed = ports.rtcp === undefined;
    if (muxed && !remote.muxed) return; // RFC 5761 5.1.1: only where both have said so
    const block = reception.report(clock());
    const report: RtcpPacket = {
      kind: 'SR',
      ssrc: contexts.ownSsrc,
      ntp: ntpFromUnixMs(clock()),
      rtpTimestamp: timestampOf(Math.floor((scheduler.monotonicMs() - spokeMs) * (CLOCK_RATE / 1000))),
      packets: counts.packets,
      octets: counts.octets,
      reports: block === undefined ? [] : [block],
    };
    const items = [{ type: 1, text: cname }];
    const compound: RtcpPacket[] = [report, { kind: 'SDES', chunks: [{ ssrc: contexts.ownSsrc, items }] }];
    const octets = contexts.rtcpOut.protect(encodeRtcp(last === undefined ? compound : [...compound, last]));
    (ports.rtcp ?? ports.rtp).send(octets, remote.rtcp);
    counts.sentReports++;
  }

  function receive(octets: Uint8Array): void {
    // RFC 5761 4: the second octet tells RTCP from RTP, whose payload type is 0 here.
    const control = (octets[1] ?? 0) >= 192 && (octets[1] ?? 0) <= 223;
    try {
      if (control) receiveReport(contexts.rtcpIn.unprotect(octets));
      else receiveSpeech(contexts.rtpIn.unprotect(octets));
      heardMs = scheduler.monotonicMs();
    } catch (error) {
      if (!isHalfkeyError(error)) throw error;
      counts.dropped++;
    }
  }

  function receiveSpeech(octets: Uint8Array): void {
    const packet = parseRtp(octets);
    speechMs = scheduler.monotonicMs();
    reception.packet(packet, clock());
    if (!recording.add(packet)) counts.dropped++;
  }

  function receiveReport(octets: Uint8Array): void {
    for (const packet of parseRtcp(octets)) {
      if (packet.kind === 'SR') reception.senderReport(packet.ntp, clock());
      if (packet.kind !== 'SR' && packet.kind !== 'RR') continue;
      lostAtPeer = packet.reports.find(({ ssrc }) => ssrc === contexts.ownSsrc)?.cumulativeLost ?? lostAtPeer;
    }
    counts.receivedReports++;
  }

  /** Repeats `run` every `everyMs` until the session closes. */
  function every(everyMs: number, run: () => void): () => void {
    let cancel: () => void;
    const tick = (): void => {
      cancel = scheduler.after(everyMs, tick);
      run();
    };
    cancel = scheduler.after(everyMs, tick);
    return () => {
      cancel();
    };
  }

  function watch(): void {
    const now = scheduler.monotonicMs();
    const over = spoken && now - speechMs > options.tailMs;
    if (idle || (!over && now - heardMs <= options.silenceMs)) return;
    idle = true;
    options.onIdle();
  }

  function speak(): void {
    if (closed || stopTimers.length > 0) return;
    spokeMs = heardMs = speechMs = scheduler.monotonicMs();
    sendReport();
    const end = (): void => {
      spoken = true;
      speechMs = scheduler.monotonicMs();
    };
    const silent = remote.listens ? speech : new Uint8Array();
    stopTimers = [
      pace(scheduler, silent, sendSpeech, end),
      every(REPORT_INTERVAL_MS, () => {
        sendReport();
      }),
      every(WATCH_MS, watch),
    ];
  }

  function close(): void {
    if (closed) return;
    closed = true;
    for (const stop of stopTimers) stop();
    if (stopTimers.length > 0) sendReport({ kind: 'BYE', sources: [contexts.ownSsrc] });
    ports.rtp.onDatagram(undefined);
    ports.rtcp?.onDatagram(undefined);
    contexts.close();
    dispose(established);
  }

  ports.rtp.onDatagram(receive);
  ports.rtcp?.onDatagram(receive);
  return {
    speak,
    close,
    recording: () => recording.toBytes(),
    get statistics() {
      return {
        sentPackets: counts.packets,
        sentOctets: counts.octets,
        receivedPackets: reception.received,
        lostPackets: reception.lost,
        droppedPackets: counts.dropped,
        sentReports: counts.sentReports,
        receivedReports: counts.receivedReports,
        ...(lostAtPeer === undefined ? {} : { lostAtPeer }),
      };
    },
  };
}

/** The m-line that both directions have keys for: there is one (ua-sdp.ts). */
function mediaIndexOf({ streams }: Established): number {
  const both = streams.find(
    ({ mediaIndex }) => streams.filter((other) => other.mediaIndex === mediaIndex).length === 2,
  );
  return both?.mediaIndex ?? -1;
}

/** The four contexts of a stream both ways; the master keys are read once. */
function contextsOf(own: StreamKey, other: StreamKey, mki: Uint8Array | undefined) {
  const withOptions = <T>({ suite, masterKey, masterSalt, ssrc, roc }: StreamKey, make: (o: Stream) => T): T =>
    masterKey.use((key) => make({ suite, masterKey: key, masterSalt, ssrc, roc, ...(mki && { mki }) }));
  const rtpOut = withOptions(own, createSrtpSender);
  const rtcpOut = withOptions(own, createSrtcpSender);
  const rtpIn = withOptions(other, createSrtpReceiver);
  const rtcpIn = withOptions(other, createSrtcpReceiver);
  return {
    ownSsrc: own.ssrc,
    rtpOut,
    rtcpOut,
    rtpIn,
    rtcpIn,
    close() {
      for (const context of [rtpOut, rtcpOut, rtpIn, rtcpIn]) context.close();
    },
  };
}

type Stream = SrtpStreamOptions & { readonly ssrc: number };
