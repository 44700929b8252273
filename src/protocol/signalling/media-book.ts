/**
 * The m-lines of one call: every address that each party announced, and the formats (RFC 3264 5, 6, 8).
 * A description speaks for its sender only, so offers and answers need not be matched here.
 */
import type { MediaLine, Party } from './call.ts';
import { mediaEndpoint, mediaFormats, rtcpEndpoint, type Endpoint, type MediaFormat } from './sdp-media.ts';
import type { Sdp } from './sdp.ts';

const MAX_ENDPOINTS = 16;

interface Line {
  kind: string;
  protocol: string;
  readonly formats: Map<number, MediaFormat>;
  readonly rtp: Readonly<Record<Party, Endpoint[]>>;
  readonly rtcp: Readonly<Record<Party, Endpoint[]>>;
}

export class MediaBook {
  readonly #lines: Line[] = [];

  /** Takes in what `sender` described; whether that changed anything. */
  note(sdp: Sdp, sender: Party): boolean {
    let changed = false;
    for (const [index, media] of sdp.media.entries()) {
      const line = (this.#lines[index] ??= {
        kind: media.kind,
        protocol: '',
        formats: new Map(),
        rtp: { caller: [], callee: [] },
        rtcp: { caller: [], callee: [] },
      });
      if (line.kind !== media.kind || line.protocol !== media.protocol) {
        line.kind = media.kind;
        line.protocol = media.protocol;
        changed = true;
      }
      changed = add(line.rtp[sender], mediaEndpoint(sdp, index)) || changed;
      changed = add(line.rtcp[sender], rtcpEndpoint(sdp, index)) || changed;
      for (const format of mediaFormats(media)) {
        const known = line.formats.get(format.payloadType);
        if (known !== undefined && sameFormat(known, format)) continue;
        line.formats.set(format.payloadType, format);
        changed = true;
      }
    }
    return changed;
  }

  /** The lines, with `initiator` as the initiator. */
  lines(initiator: Party): MediaLine[] {
    const responder = initiator === 'caller' ? 'callee' : 'caller';
    return this.#lines.map(({ kind, protocol, formats, rtp, rtcp }, index) => ({
      index,
      kind,
      protocol,
      formats: [...formats.values()],
      initiator: [...rtp[initiator]],
      responder: [...rtp[responder]],
      initiatorRtcp: [...rtcp[initiator]],
      responderRtcp: [...rtcp[responder]],
    }));
  }

  /** An upper estimate of the octets held, for the bound on memory. */
  get octets(): number {
    let octets = 0;
    for (const { kind, protocol, formats, rtp, rtcp } of this.#lines) {
      octets += 256 + kind.length + protocol.length;
      for (const format of formats.values()) octets += 128 + format.encoding.length + (format.parameters?.length ?? 0);
      for (const list of [rtp.caller, rtp.callee, rtcp.caller, rtcp.callee]) {
        for (const { address } of list) octets += 64 + address.length;
      }
    }
    return octets;
  }
}

function add(list: Endpoint[], endpoint: Endpoint | undefined): boolean {
  if (endpoint === undefined) return false;
  if (list.some(({ address, port }) => address === endpoint.address && port === endpoint.port)) return false;
  list.push(endpoint);
  if (list.length > MAX_ENDPOINTS) list.shift();
  return true;
}

/** Two parties may number a format alike and differ in parameters only: the encoding is what counts. */
function sameFormat(a: MediaFormat, b: MediaFormat): boolean {
  return a.encoding === b.encoding && a.clockRate === b.clockRate && a.channels === b.channels;
}
