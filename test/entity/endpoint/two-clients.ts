/**
 * Two clients in one process, over wires of memory and in a time of their own: a test runs 64*T1 in no time, and may
 * change, drop or repeat whatever passes.
 */
import {
  HalfkeyError,
  ntpToUnixSeconds,
  Secret,
  systemRandom,
  type Scheduler,
} from '../../../src/foundation/base/index.ts';
import {
  generalizedTime,
  identityFromText,
  keyEpochStart,
  userOf,
  type District,
  type Identity,
} from '../../../src/foundation/identity/index.ts';
import {
  createDecryptor,
  domainParameters,
  encodePrivateKey,
  extractPrivateKey,
  identityInfo,
  setup,
} from '../../../src/crypto/ibe/index.ts';
import { createCallee, placeCall } from '../../../src/entity/endpoint/index.ts';
import type {
  Callee,
  CalleeOptions,
  CallResult,
  EndpointKeys,
  LadderEvent,
  MediaPorts,
  PlaceCallOptions,
  SipChannel,
} from '../../../src/entity/endpoint/index.ts';
import type { Endpoint } from '../../../src/protocol/media/index.ts';
import { parseSipMessage, type SipMessage } from '../../../src/protocol/signalling/index.ts';

/** Noon of a day, in milliseconds since 1970. */
export const START = Date.UTC(2026, 4, 4, 12);
export const ALICE = identityFromText('sip:alice@operator-a.example');
export const BOB = identityFromText('sip:bob@operator-b.example');

/** Virtual time: nothing waits for a real clock. */
export class VirtualTime implements Scheduler {
  nowMs = 0;
  readonly #timers = new Set<{ atMs: number; fn: () => void }>();

  readonly clock = (): number => START + this.nowMs;
  monotonicMs(): number {
    return this.nowMs;
  }
  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
  get timers(): number {
    return this.#timers.size;
  }

  /** Runs timers in their order until `until` is settled; its value. */
  async run<T>(until: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let settled = false;
    const end = this.nowMs + limitMs;
    void until.then(
      () => (settled = true),
      () => (settled = true),
    );
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) return until;
      const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > end) throw new Error('virtual time: nothing left to wait for');
      this.#timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.fn();
    }
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    await this.run(new Promise<void>((resolve) => this.after(ms, resolve)));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a wire does with a message: these octets instead, none, several, or undefined for as it is. */
export type Wire = (
  message: SipMessage,
  octets: Uint8Array,
  from: 'caller' | 'callee',
) => readonly Uint8Array[] | undefined;

/** Both ends of a connection that carries whole messages. */
export function channelPair(
  caller: Endpoint,
  callee: Endpoint,
  wire: Wire,
): { caller: SipChannel; callee: SipChannel; toCaller: (octets: Uint8Array) => void } {
  const ends = [queue(), queue()] as const;
  const end = (own: 0 | 1, local: Endpoint, remote: Endpoint): SipChannel => ({
    local,
    remote,
    chunks: ends[own].chunks,
    send(octets) {
      const message = messageOf(octets);
      if (message === undefined) ends[1 - own]?.push(octets);
      else
        for (const sent of wire(message, octets, own === 0 ? 'caller' : 'callee') ?? [octets])
          ends[1 - own]?.push(sent);
      return ends[own].ended ? Promise.reject(new HalfkeyError('UNAVAILABLE', 'closed')) : Promise.resolve();
    },
    heard: () => undefined,
    close() {
      for (const each of ends) each.end();
    },
  });
  const toCaller = (octets: Uint8Array): void => {
    ends[0].push(octets);
  };
  return { caller: end(0, caller, callee), callee: end(1, callee, caller), toCaller };
}

/** What octets are, if they are a whole message. */
function messageOf(octets: Uint8Array): SipMessage | undefined {
  try {
    return parseSipMessage(octets);
  } catch {
    return undefined;
  }
}

function queue() {
  const waiting: Uint8Array[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    chunks: read(),
    push(octets: Uint8Array) {
      if (!ended) waiting.push(octets);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    get ended() {
      return ended;
    },
  };
}

/** Sockets of memory: a datagram arrives in its own turn. `onWire` sees each and may refuse it. */
export class MemoryNet {
  readonly ports = new Map<number, (octets: Uint8Array, from: Endpoint) => void>();
  readonly #time: VirtualTime;
  onWire: (octets: Uint8Array, to: Endpoint) => readonly Uint8Array[] = (octets) => [octets];
  open = 0;
  #next = 40_000;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  media(muxed = false): Promise<MediaPorts> {
    const port = (this.#next += 2);
    const socket = (number: number): MediaPorts['rtp'] => ({
      local: { address: '192.0.2.1', port: number },
      send: (octets, to) => {
        for (const sent of this.onWire(octets, to))
          this.#time.after(1, () => this.ports.get(to.port)?.(sent, { address: '192.0.2.1', port: number }));
      },
      onDatagram: (handler) => {
        if (handler === undefined) this.ports.delete(number);
        else this.ports.set(number, handler);
      },
    });
    this.open++;
    const close = (): Promise<void> => {
      this.open--;
      return Promise.resolve();
    };
    return Promise.resolve({ rtp: socket(port), ...(muxed ? {} : { rtcp: socket(port + 1) }), close });
  }
}

const districts = new Map<string, ReturnType<typeof districtOf>>();

function districtOf(name: string) {
  const { params, masterSecret } = setup(domainParameters(1024), systemRandom);
  return { district: { name, serial: 1n, keyEpochSeconds: 86_400 } satisfies District, params, masterSecret };
}

/** The district of an identity: by its domain; made when it is first asked for. */
function homeOf(identity: Identity): ReturnType<typeof districtOf> {
  const domain = identity.text.replace(/^[^@]*@/, '').replace(/;.*$/, '');
  const name = `https://kms.${domain}/`;
  const found = districts.get(name) ?? districtOf(name);
  districts.set(name, found);
  return found;
}

const issued = new Map<string, ReturnType<typeof createDecryptor>>();

/** Keys of a client that is provisioned for every day; `nonces: false` leaves it without MS. */
export function keysOf(identity: Identity, options: { nonces?: boolean; heldFrom?: number } = {}): EndpointKeys {
  const { district, params, masterSecret } = homeOf(identity);
  const ms = new Secret('MasterSecret', systemRandom(32));
  return {
    identity,
    district,
    decryptorFor(recipient, notBefore) {
      const own = [identity.text, userOf(identity).text].includes(recipient.text);
      const today = generalizedTime(keyEpochStart(START / 1000, district.keyEpochSeconds));
      if (!own || (options.heldFrom !== undefined && notBefore !== today))
        throw new HalfkeyError('NoKeyForEpoch', 'not held');
      const info = identityInfo({ district: district.name, serial: district.serial, identity: recipient, notBefore });
      const key = `${recipient.text} ${notBefore}`;
      const made =
        issued.get(key) ??
        createDecryptor(
          params,
          new Secret('IbePrivateKey', encodePrivateKey(extractPrivateKey(params, masterSecret, info))),
        );
      issued.set(key, made);
      return made;
    },
    masterSecretAt: (t) =>
      options.nonces === false
        ? undefined
        : { mode: 3, epoch: Math.floor(ntpToUnixSeconds(t) / 86_400), masterSecret: ms },
    peer(peer) {
      if (peer.text.includes('nowhere')) throw new HalfkeyError('PEER_UNKNOWN', 'not in the table');
      const { district: theirs, params: theirParams } = homeOf(peer);
      return { district: theirs, params: theirParams };
    },
  };
}

/** mu-law speech that says where it is from: `length` octets, none equal to its neighbour. */
export function speechOf(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + 7 * i) % 256);
}

/** A callee and the means to call it, again and again. */
export class TwoClients {
  readonly time = new VirtualTime();
  readonly net = new MemoryNet(this.time);
  readonly results: CallResult[] = [];
  readonly calleeEvents: LadderEvent[] = [];
  callerEvents: LadderEvent[] = [];
  /** Every SIP message, in order. */
  readonly sip: { message: SipMessage; from: 'caller' | 'callee' }[] = [];
  readonly callee: Callee;
  wire: Wire = () => undefined;
  callerSpeech = speechOf(0, 800);
  calleeSpeech = speechOf(100, 1000);
  readonly #callerKeys: EndpointKeys;
  readonly #channels = new Map<SipChannel, (octets: Uint8Array) => void>();
  #port = 50_000;

  constructor(options: { callee?: Partial<CalleeOptions>; caller?: EndpointKeys } = {}) {
    this.#callerKeys = options.caller ?? keysOf(ALICE);
    this.callee = createCallee({
      keys: keysOf(BOB),
      speech: this.calleeSpeech,
      media: () => this.net.media(),
      clock: this.time.clock,
      scheduler: this.time,
      contact: { address: '192.0.2.2', port: 5060 },
      replay: { initial: { refuseBefore: 0, entries: new Map() } },
      authenticatedHops: true,
      onEvent: (event) => this.calleeEvents.push(event),
      onResult: (result) => this.results.push(result),
      ...options.callee,
    });
  }

  /** A connection to the callee; what passes goes through `wire`. */
  connect(): SipChannel {
    const local = { address: '192.0.2.1', port: this.#port++ };
    const pair = channelPair(local, { address: '192.0.2.2', port: 5060 }, (message, octets, from) => {
      this.sip.push({ message, from });
      return this.wire(message, octets, from);
    });
    this.#channels.set(pair.caller, pair.toCaller);
    void this.callee.attach(pair.callee);
    return pair.caller;
  }

  /** Hands octets to the caller's end of a connection, as if they had come over the wire. */
  deliverToCaller(channel: SipChannel): (octets: Uint8Array) => void {
    return this.#channels.get(channel) ?? (() => undefined);
  }

  /** Places a call; not run yet. */
  place(options: Partial<PlaceCallOptions> = {}): Promise<CallResult> {
    this.callerEvents = [];
    return placeCall({
      keys: this.#callerKeys,
      to: BOB,
      channel: this.connect(),
      speech: this.callerSpeech,
      media: () => this.net.media(),
      clock: this.time.clock,
      scheduler: this.time,
      onEvent: (event) => this.callerEvents.push(event),
      ...options,
    });
  }

  /** Places a call and lets time pass until it is over on this side. */
  call(options: Partial<PlaceCallOptions> = {}): Promise<CallResult> {
    return this.time.run(this.place(options));
  }

  /** Statuses and methods that passed, as `caller INVITE`, `callee 183 INVITE`. */
  get ladder(): string[] {
    return this.sip.map(
      ({ message, from }) =>
        `${from} ${message.kind === 'request' ? message.method : `${String(message.status)} ${message.cseq.method}`}`,
    );
  }

  /** Lets 64*T1 pass and closes the connections: then nothing of any call may be left. */
  async settle(): Promise<void> {
    await this.time.pass(70_000);
    for (const channel of this.#channels.keys()) channel.close();
    await this.time.pass(40_000);
  }
}

/** MIKEY octets of a message, undefined when it carries none. */
export function mikeyOf(message: SipMessage): Uint8Array | undefined {
  const match = /^a=key-mgmt:mikey (\S+)\r$/m.exec(Buffer.from(message.body).toString('latin1'));
  return match?.[1] === undefined ? undefined : new Uint8Array(Buffer.from(match[1], 'base64'));
}

export const TYPES = { I_MESSAGE_1: 22, R_MESSAGE_1: 23, I_MESSAGE_2: 24, R_MESSAGE_2: 25 } as const;

/** The SIP octets with another text in their body; Content-Length follows. */
export function withBody(octets: Uint8Array, change: (body: string) => string): Uint8Array {
  const text = Buffer.from(octets).toString('latin1');
  const end = text.indexOf('\r\n\r\n') + 4;
  const body = change(text.slice(end));
  const head = text.slice(0, end).replace(/^Content-Length: \d+/m, `Content-Length: ${String(body.length)}`);
  return new Uint8Array(Buffer.from(head + body, 'latin1'));
}

/** A wire that changes the MIKEY octets of one of the four messages. */
export function tamper(name: keyof typeof TYPES, change: (mikey: Uint8Array) => Uint8Array): Wire {
  return (message, octets) => {
    const mikey = mikeyOf(message);
    if (mikey?.[1] !== TYPES[name]) return undefined;
    const changed = Buffer.from(change(Uint8Array.from(mikey))).toString('base64');
    return [withBody(octets, (body) => body.replace(/(key-mgmt:mikey )\S+/, `$1${changed}`))];
  };
}
