/**
 * What the Delivery Function needs from outside. Types only.
 */

/** Sends one request to a holder: path and JSON body in, JSON answer out; throws HalfkeyError with the holder's code. */
export type HolderClient = (path: string, body: object) => Promise<unknown>;

/** A request that was begun: its id and the private part of its answer key, sealed. */
export interface PendingRequest {
  readonly requestId: string;
  /** Public part as JSON. */
  readonly answerKey: string;
  /** Private part, sealed under the Delivery Function's key-encryption key. */
  readonly sealedKey: Uint8Array;
}

/** Requests under way: kept so that after a crash the very same request is sent again. */
export interface RequestStore {
  find(question: string): Promise<PendingRequest | undefined>;
  /** Durable when it returns; keeps the first request of a question, and returns what is kept. */
  begin(question: string, pending: PendingRequest): Promise<PendingRequest>;
  /** Forgets a request and erases its key: a stored answer can then be read by nobody. */
  end(question: string): Promise<void>;
}

export interface DeliverySealer {
  seal(plain: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/** Where the product goes: writes one file, 0600, whole or not at all, and returns its absolute path. */
export type HandoverSink = (session: string, name: string, octets: Uint8Array) => Promise<string>;

/** Tells an observer what happens, as it happens: no identity, no secret. */
export type Observer = (step: string, detail: Readonly<Record<string, string | number | boolean>>) => void;

/** Warrants as they were signed, and revocations; durable when a call returns. */
export interface WarrantStore {
  /** `digest`: lower-case hex SHA-256 of the warrant. */
  add(digest: string, signed: unknown): Promise<void>;
  all(): Promise<readonly unknown[]>;
  revoke(ids: readonly string[]): Promise<void>;
  revoked(): Promise<readonly string[]>;
}
