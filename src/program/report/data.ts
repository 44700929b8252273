/**
 * What a report shows, as the page gets it: plain JSON values. Types only, for both sides of that border.
 * Nothing here may hold a secret but `keys`, which is there only when the warrant orders keys to be delivered.
 */

export interface ReportData {
  readonly version: 1;
  readonly kind: 'live' | 'replay';
  /** Milliseconds since 1970. */
  readonly madeMs: number;
  readonly solution: 3 | 4;
  readonly alternative: 1 | 2 | null;
  readonly level: number;
  readonly curve: string;
  readonly nonceMode: number;
  /** Flags that the lab had to set and that are off by default. */
  readonly flags: readonly string[];
  /** Whom the warrant names. */
  readonly target: string;
  /** Why the result is not as wished; null when it is. */
  readonly reason: string | null;
  readonly notes: readonly string[];
  readonly sessions: readonly SessionView[];
  /** The calls of the sessions, as far as they were captured. */
  readonly calls: readonly CallView[];
  readonly logs: readonly LogView[];
}

export interface SessionView {
  readonly callId: string;
  readonly initiator: string;
  readonly responder: string;
  readonly target: string;
  readonly role: 'initiator' | 'responder';
  /** `recovered`, or the code of what stood against it. */
  readonly status: string;
  readonly reason: string | null;
  readonly keyConfirmed: boolean;
  readonly streams: readonly StreamView[];
  /** What was handed over: name of the file and its octets. */
  readonly files: readonly { readonly name: string; readonly octets: number }[];
  readonly audio: readonly AudioView[];
  /** Why there is no sound, when there is none. */
  readonly silence: string | null;
  /** The delivered keys document; null unless the warrant orders keys. */
  readonly keys: string | null;
}

export type Direction = 'initiator-to-responder' | 'responder-to-initiator';

export interface StreamView {
  readonly ssrc: string;
  readonly direction: Direction;
  readonly packets: number;
  readonly decrypted: number;
  readonly failed: number;
  readonly timeline: {
    readonly startMs: number;
    readonly stepMs: number;
    readonly packets: readonly number[];
    readonly lost: readonly number[];
    readonly failed: readonly number[];
  };
}

export interface AudioView {
  readonly direction: Direction;
  /** A WAV file of one channel, as a data: URI. */
  readonly source: string;
  readonly seconds: number;
  /** Loudness of each of a number of equal parts, 0 to 100. */
  readonly envelope: readonly number[];
}

export interface CallView {
  readonly callId: string;
  /** When its first message was captured, milliseconds since 1970; other times count from here. */
  readonly startedMs: number;
  /** Network elements between the parties that the capture shows. */
  readonly relays: number;
  readonly rungs: readonly Rung[];
  readonly mikey: readonly MikeyView[];
  /** Messages of the call beyond those that are shown. */
  readonly omitted: number;
}

/** A SIP message on its way from one party to the other. */
export interface Rung {
  readonly from: 'caller' | 'callee';
  /** Method, or status and reason. */
  readonly title: string;
  /** Method of the transaction. */
  readonly method: string;
  readonly hops: readonly Hop[];
  /** Places in {@link CallView.mikey} of the messages that it carries. */
  readonly mikey: readonly number[];
}

/** One passage of a message between two neighbours. */
export interface Hop {
  /** Milliseconds after the first message of the call. */
  readonly atMs: number;
  /** 0 is the hop beside the caller. */
  readonly leg: number;
  readonly source: string;
  readonly destination: string;
  /** Of the SIP message. */
  readonly octets: number;
}

export interface MikeyView {
  readonly name: string;
  /** Lower-case hex. */
  readonly octets: string;
  readonly fields: readonly FieldView[];
}

/** A field, or a group of fields (protocol/mikey/annotate.ts). */
export interface FieldView {
  readonly offset: number;
  readonly length: number;
  readonly name: string;
  readonly reading?: string;
  readonly clause?: string;
  readonly fields?: readonly FieldView[];
  /** Why the message is refused here. */
  readonly error?: string;
}

export interface LogView {
  readonly holder: string;
  /** Entries in the log, and the hash of the last. */
  readonly size: number;
  readonly head: string;
  /** The code of what is wrong with the log; null when the chain verifies. */
  readonly problem: string | null;
  /** At most so many as are worth showing. */
  readonly entries: readonly LogEntryView[];
}

export interface LogEntryView {
  readonly sequence: number;
  readonly kind: string;
  readonly operation: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly hash: string;
  /** The other members of the entry, as texts. */
  readonly members: readonly (readonly [name: string, value: string])[];
}
