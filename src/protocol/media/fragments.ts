/**
 * Reassembly of fragmented datagrams (RFC 791 3.2, RFC 8200 4.5), bounded in number, octets and time.
 * A repeated fragment is ignored; one that overlaps another discards the whole datagram (RFC 5722, and what hosts do
 * for IPv4 as well), so that nobody reads here what the receiver did not read.
 */
import { latin1 } from '../../foundation/base/bytes.ts';
import { skipExtensions, type IpPacket } from './ip.ts';

const MAX_DATAGRAM = 65535;
const MAX_PENDING = 256;
const MAX_PENDING_OCTETS = 4 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

interface Pending {
  readonly parts: { readonly start: number; readonly bytes: Uint8Array }[];
  readonly firstMs: number;
  octets: number;
  /** Length of the datagram, known from its last fragment. */
  length?: number;
  protocol?: number;
}

export interface Reassembler {
  /** The whole datagram once `packet` completes it, `packet` itself when it is no fragment. */
  add(packet: IpPacket, timeMs: number): IpPacket | undefined;
  /** Fragments and datagrams that were thrown away. */
  readonly discarded: number;
}

export function createReassembler(): Reassembler {
  const pending = new Map<string, Pending>();
  let heldOctets = 0;
  let discarded = 0;

  function drop(key: string, entry: Pending): void {
    pending.delete(key);
    heldOctets -= entry.octets;
  }

  function makeRoom(key: string, needed: number, nowMs: number): void {
    for (const [oldest, entry] of pending) {
      const full = (pending.size >= MAX_PENDING && !pending.has(key)) || heldOctets + needed > MAX_PENDING_OCTETS;
      if (!full && nowMs - entry.firstMs <= TIMEOUT_MS) return;
      drop(oldest, entry);
      discarded++;
    }
  }

  /** False when the fragment contradicts the others. */
  function insert(entry: Pending, start: number, bytes: Uint8Array, more: boolean): boolean {
    const end = start + bytes.length;
    if (end > MAX_DATAGRAM || (more && (bytes.length === 0 || bytes.length % 8 !== 0))) return false;
    if (entry.length !== undefined && (more ? end >= entry.length : end !== entry.length)) return false;
    if (entry.parts.some((part) => part.start === start && part.bytes.length === bytes.length)) return true;
    if (entry.parts.some((part) => start < part.start + part.bytes.length && part.start < end)) return false;
    if (!more) {
      if (entry.parts.some((part) => part.start + part.bytes.length > end)) return false;
      entry.length = end;
    }
    entry.parts.push({ start, bytes: Uint8Array.from(bytes) });
    entry.octets += bytes.length;
    heldOctets += bytes.length;
    return true;
  }

  function add(packet: IpPacket, timeMs: number): IpPacket | undefined {
    const { fragment, version, source, destination, payload } = packet;
    if (fragment === undefined) return packet;
    // RFC 791: source, destination, protocol, identification; RFC 8200: without the protocol.
    const key = `${String(version === 4 ? packet.protocol : 6000)} ${String(fragment.id)} ${latin1(source)}${latin1(destination)}`;
    makeRoom(key, payload.length, timeMs);
    const entry = pending.get(key) ?? { parts: [], firstMs: timeMs, octets: 0 };
    pending.set(key, entry);
    if (!insert(entry, fragment.offset, payload, fragment.more)) {
      drop(key, entry);
      discarded++;
      return undefined;
    }
    if (fragment.offset === 0) entry.protocol = packet.protocol; // RFC 8200 4.5: only the first one's next header counts
    if (entry.length === undefined || entry.protocol === undefined || entry.octets < entry.length) return undefined;
    drop(key, entry);
    const whole = new Uint8Array(entry.length);
    for (const part of entry.parts) whole.set(part.bytes, part.start);
    const datagram = { version, source: Uint8Array.from(source), destination: Uint8Array.from(destination) };
    if (version === 4) return { ...datagram, protocol: entry.protocol, payload: whole };
    const upper = skipExtensions(entry.protocol, whole);
    if (upper?.fragment !== undefined || upper === undefined) {
      discarded++;
      return undefined;
    }
    return { ...datagram, ...upper };
  }

  return {
    add,
    get discarded() {
      return discarded;
    },
  };
}
