/**
 * Whole protected calls: the MIKEY-IBAKE exchange in the SIP dialog that carries it (INVITE, 183, PRACK, 200, ACK,
 * BYE; both legs of a proxy over TCP, or UDP), and the speech of both sides in SRTP. Each call has its own speech,
 * whose octets are found again wherever they are. Options make the calls that go wrong.
 *
 *   caller            proxy            callee        offset
 *     | INVITE (I1)     | INVITE (I1)     |             0 ms
 *     | 183 (R1)        | 183 (R1)        |           100
 *     | PRACK (I2)      | PRACK (I2)      |           200
 *     | 200 PRACK (R2)  | 200 PRACK (R2)  |           300
 *     | 200 INVITE      | 200 INVITE      |           400
 *     | ACK             | ACK             |           450
 *     | <======= SRTP, every 20 ms =====> |           500
 *     | BYE, 200        | BYE, 200        |           at the end
 */
import { ascii, concat, toBase64, toHex, uint } from '../../src/foundation/base/index.ts';
import type { Endpoint } from '../../src/protocol/media/index.ts';
import type { SuiteName } from '../../src/protocol/mikey/index.ts';
import { encodeSipMessage } from '../../src/protocol/signalling/index.ts';
import { createSrtpSender } from '../../src/protocol/srtp/index.ts';
import {
  makeExchange,
  seededRandom,
  type ExchangeOptions,
  type Party,
  type TestExchange,
  type TrackKeys,
} from './call-exchange.ts';
import { inVlan, TcpLink, udpFrame, type Frame } from './call-wire.ts';

export { DAY, seededRandom, testDistrict, testParty, type Party, type TestDistrict } from './call-exchange.ts';
export { chunksOf, interleave, pcapngOf, pcapOf, type Frame } from './call-wire.ts';

export type Step =
  'INVITE' | '183' | 'PRACK' | '200-PRACK' | '200' | 'ACK' | 're-INVITE' | '200-re-INVITE' | 'BYE' | '200-BYE';
export type Direction = 'initiator-to-responder' | 'responder-to-initiator';

export interface CallOptions extends Pick<
  ExchangeOptions,
  'curve' | 'prf' | 'nonceA' | 'nonceB' | 'returnsNonce' | 'wrongV'
> {
  /** Number of the call, 0 to 99: its randomness, its speech, and its addresses, if no other number is given for them. */
  readonly number: number;
  readonly addresses?: number;
  readonly caller: Party;
  readonly called: Party;
  /** T of I_MESSAGE_1 and time of the INVITE, milliseconds since 1970. */
  readonly t1Ms: number;
  /** Added to every capture time, not to T. */
  readonly clockMs?: number;
  /** Devices or others that answer; the called party itself. */
  readonly devices?: readonly Party[];
  /** Which of them gets the call; the first. */
  readonly answeredBy?: number;
  /** I_MESSAGE_2 goes to every device that answered, or only to the one that gets the call. */
  readonly secondTo?: 'all' | 'answered';
  readonly suite?: SuiteName;
  /** Messages that were never sent. */
  readonly without?: readonly Step[];
  /** What the network makes of the MIKEY message of a step. */
  readonly rewrite?: (step: Step, mikey: Uint8Array) => Uint8Array;
  readonly level?: 'session' | 'media';
  readonly transport?: 'tcp' | 'udp';
  /** Octets of a TCP segment; 1400. */
  readonly mss?: number;
  readonly ipv6?: boolean;
  readonly vlan?: boolean;
  /** RTP packets of each side; 5. */
  readonly packets?: number;
  /** When the first one is sent, milliseconds after the INVITE; 500. */
  readonly mediaAtMs?: number;
  /** The caller moves its media to another port after half of the packets. */
  readonly moves?: boolean;
  /** Both sides choose the same SSRC. */
  readonly sameSsrc?: boolean;
  /** Packets, by number, of the initiator that are sent twice, have a wrong tag, or another SSRC. */
  readonly repeated?: readonly number[];
  readonly altered?: readonly number[];
  readonly foreign?: readonly number[];
}

/** The speech of one side. */
export interface Track {
  /** Lower-case hex. */
  readonly ssrc: string;
  /** RTP packets as the codec made them, before SRTP. */
  readonly clear: readonly Uint8Array[];
}

export interface TestCall {
  readonly callId: string;
  /** Lower-case hex. */
  readonly csbId: string;
  readonly t1Ms: number;
  readonly caller: Party;
  readonly called: Party;
  /** One for each device that answered. */
  readonly exchanges: readonly TestExchange[];
  /** The one of the device that got the call. */
  readonly exchange: TestExchange;
  readonly tracks: Readonly<Record<Direction, Track>>;
  /** In order of time. */
  readonly frames: readonly Frame[];
}

const RTP_OCTETS = 160;

/** Speech that no other call has: text, repeated to 20 ms of G.711. */
export function speech(number: number, direction: Direction, packet: number): Uint8Array {
  const text = `speech of call ${String(number)} ${direction} packet ${String(packet)}. `;
  return ascii(text.repeat(Math.ceil(RTP_OCTETS / text.length)).slice(0, RTP_OCTETS));
}

export function makeCall(options: CallOptions): TestCall {
  return new CallMaker(options).make();
}

interface Addresses {
  readonly caller: string;
  readonly proxy: string;
  /** One for each device. */
  readonly callees: readonly string[];
}

class CallMaker {
  readonly #options: CallOptions;
  readonly #frames: Frame[] = [];
  readonly #links = new Map<string, TcpLink>();
  readonly #callId: string;
  readonly #at: Addresses;
  readonly #devices: readonly Party[];
  readonly #answeredBy: number;

  constructor(options: CallOptions) {
    const { number, addresses = number, ipv6, devices, called, answeredBy = 0 } = options;
    this.#options = options;
    this.#callId = `call-${String(number)}-${toHex(seededRandom(`call id ${String(number)}`)(6))}`;
    this.#devices = devices ?? [called];
    this.#answeredBy = answeredBy;
    const host = (v4: string, v6: string, n: number): string =>
      ipv6 === true ? `2001:db8:${v6}::${n.toString(16)}` : `${v4}.${String(n)}`;
    this.#at = {
      caller: host('192.0.2', 'a', 1 + addresses),
      proxy: host('203.0.113', 'c', 200),
      callees: this.#devices.map((_, i) => host('198.51.100', `b${String(i)}`, 1 + addresses + 100 * i)),
    };
  }

  make(): TestCall {
    const { number, caller, called, t1Ms, moves, packets = 5, mediaAtMs = 500 } = this.#options;
    const random = seededRandom(`call ${String(number)} ${String(t1Ms)}`);
    const ssrc = (): number => Math.max(1, new DataView(random(4).buffer).getUint32(0));
    const initiator = ssrc();
    const ssrcs = this.#devices.map(() => (this.#options.sameSsrc === true ? initiator : ssrc()));
    const exchanges: TestExchange[] = [];
    for (const [i, answering] of this.#devices.entries()) {
      const offer = exchanges[0]?.offer;
      exchanges.push(
        makeExchange({
          ...this.#options,
          random,
          answering,
          ssrc: { initiator, responder: ssrcs[i] as number },
          ...(offer === undefined ? {} : { offer }),
        }),
      );
    }
    const exchange = exchanges[this.#answeredBy] as TestExchange;
    this.#signal(exchanges);
    const end = mediaAtMs + 20 * packets;
    if (moves === true) {
      this.#sip('re-INVITE', mediaAtMs + 10 * packets - 5, { sdp: this.#sdp('caller', undefined, 2) });
      this.#sip('200-re-INVITE', mediaAtMs + 10 * packets - 4, { sdp: this.#sdp('callee') });
    }
    this.#sip('BYE', end + 50);
    this.#sip('200-BYE', end + 60);
    const tracks = {
      'initiator-to-responder': this.#speak('initiator-to-responder', initiator, exchange.keys.initiator),
      'responder-to-initiator': this.#speak(
        'responder-to-initiator',
        ssrcs[this.#answeredBy] as number,
        exchange.keys.responder,
      ),
    };
    return {
      callId: this.#callId,
      csbId: toHex(exchange.offer.csbId),
      t1Ms,
      caller,
      called,
      exchanges,
      exchange,
      tracks,
      frames: this.#frames.toSorted((a, b) => a.timeMs - b.timeMs),
    };
  }

  #signal(exchanges: readonly TestExchange[]): void {
    const { secondTo = 'all' } = this.#options;
    const { rewrite = (_, mikey) => mikey } = this.#options;
    this.#sip('INVITE', 0, { sdp: this.#sdp('caller', rewrite('INVITE', (exchanges[0] as TestExchange).i1)) });
    for (const [device, { r1, i2, r2 }] of exchanges.entries()) {
      const more = { device };
      this.#sip('183', 100 + 10 * device, { ...more, sdp: this.#sdp('callee', rewrite('183', r1), 1, device) });
      if (secondTo === 'answered' && device !== this.#answeredBy) continue;
      this.#sip('PRACK', 200 + 10 * device, { ...more, sdp: this.#sdp('caller', rewrite('PRACK', i2)) });
      this.#sip('200-PRACK', 300 + 10 * device, {
        ...more,
        sdp: this.#sdp('callee', rewrite('200-PRACK', r2), 1, device),
      });
    }
    this.#sip('200', 400);
    this.#sip('ACK', 450);
  }

  /** Where a side receives media; `take` 2 is the port after a move. */
  #media(side: 'caller' | 'callee', device = this.#answeredBy, take = 1): Endpoint {
    const { number, addresses = number } = this.#options;
    return side === 'caller'
      ? { address: this.#at.caller, port: 20_000 + 4 * addresses + 2 * (take - 1) }
      : { address: this.#at.callees[device] as string, port: 30_000 + 4 * addresses };
  }

  #sdp(side: 'caller' | 'callee', mikey?: Uint8Array, take = 1, device = this.#answeredBy): string[] {
    const { address, port } = this.#media(side, device, take);
    const keyMgmt = mikey === undefined ? [] : [`a=key-mgmt:mikey ${toBase64(mikey)}`];
    const session = this.#options.level !== 'media';
    const family = address.includes(':') ? 'IP6' : 'IP4';
    return [
      'v=0',
      `o=- 1 ${String(take)} IN ${family} ${address}`,
      's=-',
      `c=IN ${family} ${address}`,
      't=0 0',
      ...(session ? keyMgmt : []),
      `m=audio ${String(port)} RTP/SAVP 0`,
      ...(session ? [] : keyMgmt),
    ];
  }

  /** Sends one SIP message over both legs. */
  #sip(step: Step, offsetMs: number, content: { sdp?: readonly string[]; device?: number } = {}): void {
    const { caller, called, number, transport = 'tcp', mss = 1400, without = [] } = this.#options;
    if (without.includes(step)) return;
    const { sdp, device = this.#answeredBy } = content;
    const method = step.replace(/^\d+-?/, '').replace(/^re-/, '') || 'INVITE';
    const response = /^\d/.test(step);
    const tag = `callee-${String(number)}-${String(device)}`;
    const initial = step === 'INVITE';
    const cseq = { INVITE: step.endsWith('re-INVITE') ? 3 : 1, ACK: 1, PRACK: 2, BYE: 4 }[method] ?? 1;
    const payload = (leg: 1 | 2): Uint8Array =>
      encodeSipMessage({
        ...(response
          ? { kind: 'response', status: Number.parseInt(step, 10), reason: step.startsWith('183') ? 'Progress' : 'OK' }
          : { kind: 'request', method, requestUri: called.identity.text }),
        headers: [
          ...Array.from({ length: leg }, (_, i) => ({
            name: 'Via',
            value: `SIP/2.0/${transport.toUpperCase()} hop${String(leg - i)}.example;branch=z9hG4bK${step}${String(device)}${String(leg - i)}`,
          })),
          { name: 'From', value: `<${caller.identity.text}>;tag=caller-${String(number)}` },
          { name: 'To', value: `<${called.identity.text}>${initial ? '' : `;tag=${tag}`}` },
          { name: 'Call-ID', value: this.#callId },
          { name: 'CSeq', value: `${String(cseq)} ${method}` },
          ...(sdp === undefined ? [] : [{ name: 'Content-Type', value: 'application/sdp' }]),
        ],
        body: ascii((sdp ?? []).map((line) => `${line}\r\n`).join('')),
      });
    // An INVITE is forked by the proxy; everything else goes to one device.
    const callees = initial ? this.#devices.map((_, i) => i) : [device];
    for (const leg of [1, 2] as const) {
      for (const callee of leg === 1 ? [device] : callees) {
        const [near, far] = this.#hop(leg, callee);
        const [source, destination] = response ? [far, near] : [near, far];
        const link = this.#link(`${String(leg)} ${leg === 1 ? '' : String(callee)}`, mss);
        const octets = payload(leg);
        const frames =
          transport === 'udp' ? [udpFrame(source, destination, octets)] : link.send(source, destination, octets);
        for (const frame of frames) this.#frame(frame, offsetMs + leg, step, leg);
      }
    }
  }

  #hop(leg: 1 | 2, device: number): [Endpoint, Endpoint] {
    const { number } = this.#options;
    const { caller, proxy, callees } = this.#at;
    return leg === 1
      ? [
          { address: caller, port: 40_000 + number },
          { address: proxy, port: 5060 },
        ]
      : [
          { address: proxy, port: 50_000 + 10 * number + device },
          { address: callees[device] as string, port: 5060 },
        ];
  }

  #link(name: string, mss: number): TcpLink {
    const link = this.#links.get(name) ?? new TcpLink(mss);
    this.#links.set(name, link);
    return link;
  }

  #frame(octets: Uint8Array, offsetMs: number, what: string, leg: 0 | 1 | 2): void {
    const { t1Ms, clockMs = 0, vlan } = this.#options;
    this.#frames.push({
      timeMs: t1Ms + clockMs + offsetMs,
      octets: vlan === true ? inVlan(octets) : octets,
      callId: this.#callId,
      what,
      leg,
    });
  }

  #speak(direction: Direction, ssrc: number, keys: TrackKeys): Track {
    const { number, packets = 5, mediaAtMs = 500, moves } = this.#options;
    const forward = direction === 'initiator-to-responder';
    const { repeated = [], altered = [], foreign = [] } = forward ? this.#options : {};
    const sender = createSrtpSender({ ...keys, ssrc });
    const clear = Array.from({ length: packets }, (_, i) =>
      concat(uint(0x8000, 2), uint(100 + i, 2), uint(RTP_OCTETS * i, 4), uint(ssrc, 4), speech(number, direction, i)),
    );
    for (const [i, packet] of clear.entries()) {
      const protectedPacket = sender.protect(packet);
      if (altered.includes(i)) protectedPacket[20] = (protectedPacket[20] as number) ^ 1;
      if (foreign.includes(i)) protectedPacket.set(uint((ssrc ^ 0xffffffff) >>> 0, 4), 8);
      const moved = moves === true && i >= packets / 2 ? 2 : 1;
      const [from, to] = forward
        ? [this.#media('caller', undefined, moved), this.#media('callee')]
        : [this.#media('callee'), this.#media('caller', undefined, moved)];
      const frame = udpFrame(from, to, protectedPacket);
      const at = mediaAtMs + 20 * i + (forward ? 0 : 7);
      this.#frame(frame, at, 'RTP', 0);
      if (repeated.includes(i)) this.#frame(frame, at + 1, 'RTP', 0);
    }
    sender.close();
    return { ssrc: toHex(uint(ssrc, 4)), clear };
  }
}

/**
 * The members of a golden file that `halfkey lab replay` takes: long-term secrets, and the messages. `nonceMode` and
 * `nonceEpoch` are those of both parties.
 */
export function fixtureOf({ caller, called, exchange }: TestCall): object {
  const { offer, i1, r1, i2, r2 } = exchange;
  return {
    level: 1024,
    curve: 'P-256',
    nonceMode: caller.mode,
    nonceEpoch: caller.epoch,
    T1: toHex(offer.t1),
    district: { a: caller.district.name, b: called.district.name },
    masterSecrets: {
      a: `0x${caller.district.masterSecret.toString(16)}`,
      b: `0x${called.district.masterSecret.toString(16)}`,
    },
    MS: { A: toHex(caller.masterSecret), B: toHex(called.masterSecret) },
    messages: { I_MESSAGE_1: toHex(i1), R_MESSAGE_1: toHex(r1), I_MESSAGE_2: toHex(i2), R_MESSAGE_2: toHex(r2) },
  };
}
