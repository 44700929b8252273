/** What a tap needs from outside. Types only. */

/** A numeric address and a port. */
export interface TapAddress {
  readonly address: string;
  readonly port: number;
}

/** A pair of ports, RTP and the next one for RTCP, at which packets for one party of a call arrive. */
export interface MediaRelay {
  /** Of the RTP port. */
  readonly local: TapAddress;
  /** Where packets are passed on to from now on: the party's own RTP address; RTCP goes to the next port. */
  passTo(party: TapAddress): void;
  close(): Promise<void>;
}

/** Opens a relay, which calls `onPacket` for each packet that arrives. */
export type OpenMediaRelay = (onPacket: () => void) => Promise<MediaRelay>;
