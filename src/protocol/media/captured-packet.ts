/** What every capture reader gives out, its limits and its one error. */
import { HalfkeyError } from '../../foundation/base/errors.ts';

/** One captured frame. */
export interface CapturedPacket {
  /** Milliseconds since 1970-01-01T00:00:00Z, may have a fraction; good to a quarter of a microsecond. */
  readonly timeMs: number;
  /** LINKTYPE_ number: 1 Ethernet, 101 raw IP, ... */
  readonly linkType: number;
  /** The octets captured: fewer than were sent when the capture's snapshot length cut them. */
  readonly bytes: Uint8Array;
}

/** Longest packet that is read, in octets: what libpcap and Wireshark allow. */
export const MAX_PACKET = 262144;
/** Longest pcapng block that is read, in octets: also name tables and decryption secrets fit. */
export const MAX_BLOCK = 16 * 1024 * 1024;

/** `BadCapture` at the record that begins at `offset`. */
export function badCapture(what: string, offset: number): HalfkeyError {
  return new HalfkeyError('BadCapture', what, { offset });
}
