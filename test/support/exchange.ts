/**
 * Whole exchanges made for a test: the four messages of a golden file with other identities, times, key components and
 * nonces, encrypted to the parties under one district's parameters. Everything random is drawn anew.
 */
import { randomBytes } from 'node:crypto';
import { ecCurve, publicPoint, sharedPoint } from '../../src/crypto/ecdh/index.ts';
import { derivePublicParameters, domainParameters, identityInfo, sealEnvelope } from '../../src/crypto/ibe/index.ts';
import { sealNonce, type NonceMode } from '../../src/crypto/nonce/index.ts';
import {
  fromBigInt,
  fromHex,
  ntpFromUnixMs,
  randomBigInt,
  Secret,
  systemRandom,
  toHex,
} from '../../src/foundation/base/index.ts';
import {
  generalizedTime,
  identityFromText,
  identityToWire,
  keyEpochStart,
  type Identity,
} from '../../src/foundation/identity/index.ts';
import {
  computeV,
  decodeMessage,
  deriveAuthKey,
  deriveMpk,
  encodeIbakePlaintext,
  encodeMessage,
  ibakeAad,
  readIbakeMessage,
  type IbakePlaintext,
  type IbakeType,
} from '../../src/protocol/mikey/index.ts';

export const DAY = 86_400;

/** The district whose KMS is to open the messages. */
export interface TestDistrict {
  readonly name: string;
  readonly serial: bigint;
  /** IBE master secret s. */
  readonly masterSecret: bigint;
}

/** A subscriber with its master secret of the MS epoch `epoch`, which is the key epoch that contains T1. */
export interface Subscriber {
  readonly identity: string;
  readonly mode: NonceMode;
  readonly epoch: number;
  /** Hex, 32 octets. */
  readonly masterSecret: string;
}

export interface Exchange {
  readonly initiator: string;
  readonly responder: string;
  readonly messages: Readonly<Record<IbakeType, Uint8Array>>;
  /** Hex, as in requests. */
  readonly csbId: string;
  readonly t1: string;
  readonly xP: string;
  readonly yP: string;
  readonly na: string;
  readonly nb: string;
  /** Never sent by anybody. */
  readonly secrets: { readonly x: string; readonly y: string; readonly kSession: string };
}

export interface ExchangeOrder {
  readonly template: Readonly<Record<IbakeType, string>>;
  readonly district: TestDistrict;
  readonly initiator: Subscriber;
  readonly responder: Subscriber;
  /** T of I_MESSAGE_1, seconds since 1970. */
  readonly t1: number;
  /** What the terminals put in the place of their nonces. */
  readonly nonces?: { readonly a?: Uint8Array; readonly b?: Uint8Array };
  /** Instead of random ones: CSB ID, and x as hex. */
  readonly csbId?: Uint8Array;
  readonly x?: string;
  /** What the envelopes say instead of the serial and the key epoch (seconds since 1970) that are right. */
  readonly serial?: bigint;
  readonly keyEpoch?: number;
  /** Alters what is encrypted. */
  readonly inside?: (type: IbakeType, plain: IbakePlaintext) => IbakePlaintext;
}

let subscribers = 0;

/** A subscriber that no other test has. */
export function newSubscriber(mode: NonceMode = 3): Subscriber {
  subscribers += 1;
  const name = `s${String(subscribers)}-${randomBytes(4).toString('hex')}`;
  return { identity: `sip:${name}@operator-a.example`, mode, epoch: 7, masterSecret: randomBytes(32).toString('hex') };
}

const P256 = ecCurve('P-256');

function newScalar(): string {
  return toHex(fromBigInt(randomBigInt(1n, P256.order - 1n, systemRandom), 32));
}
const scalarOf = (hex: string): Secret<'EcdhScalar'> => new Secret('EcdhScalar', fromHex(hex));

export function makeExchange(order: ExchangeOrder): Exchange {
  const { template, district, initiator, responder, t1: at, nonces } = order;
  const params = derivePublicParameters(domainParameters(1024), district.masterSecret);
  const csbId = order.csbId ?? new Uint8Array(randomBytes(4));
  const rand = new Uint8Array(randomBytes(16));
  const [t1, t2] = [ntpFromUnixMs(1000 * at), ntpFromUnixMs(1000 * at + 500)];
  const a = identityFromText(initiator.identity);
  const b = identityFromText(responder.identity);
  const [x, y] = [order.x ?? newScalar(), newScalar()];
  const [xP, yP] = [publicPoint(P256, scalarOf(x)), publicPoint(P256, scalarOf(y))];

  const nonce = (owner: Subscriber, identity: Identity, role: 1 | 2, scalar: string): Uint8Array =>
    sealNonce({
      mode: owner.mode,
      masterSecret: new Secret('MasterSecret', fromHex(owner.masterSecret)),
      epoch: owner.epoch,
      context: { role, curve: P256, csbId, t1, identity },
      scalar: scalarOf(scalar),
    });
  const na = nonces?.a ?? nonce(initiator, a, 1, x);
  const nb = nonces?.b ?? nonce(responder, b, 2, y);
  const eccpti = { curve: P256.number, point: xP };
  const eccptr = { curve: P256.number, point: yP };
  const plain: Partial<Record<IbakeType, IbakePlaintext>> = {
    I_MESSAGE_1: { idri: a, eccpti, na, idrr: b },
    R_MESSAGE_1: { idri: a, eccpti, na, idrr: b, eccptr, nb },
    I_MESSAGE_2: { idri: a, idrr: b, eccptr, nb },
  };
  const kSession = sharedPoint(P256, scalarOf(x), yP).use(toHex);
  const authKey = deriveAuthKey(1, deriveMpk(1, fromHex(kSession), rand), csbId, rand);

  function build(type: IbakeType): Uint8Array {
    const golden = decodeMessage(fromHex(template[type]));
    const draft = (encrypted: Uint8Array, mac: Uint8Array): Uint8Array =>
      encodeMessage({
        ...golden,
        csbId,
        payloads: golden.payloads.map((payload) => {
          switch (payload.kind) {
            case 'T':
              return { ...payload, value: type.endsWith('1') ? t1 : t2 };
            case 'RAND':
              return { ...payload, value: rand };
            case 'IDR':
              return { ...payload, data: identityToWire(payload.role === 1 ? a : b) };
            case 'IBAKE':
              return { ...payload, encrypted };
            case 'V':
              return { ...payload, mac };
            default:
              return payload;
          }
        }),
      });
    const empty = draft(Uint8Array.of(0x30, 0x00), new Uint8Array(32));
    const message = readIbakeMessage(empty);
    const inner = plain[type];
    if (inner === undefined) return draft(Uint8Array.of(), computeV(message, authKey));
    const serial = order.serial ?? district.serial;
    const notBefore = generalizedTime(order.keyEpoch ?? keyEpochStart(at, DAY));
    const recipient = identityInfo({
      district: district.name,
      serial,
      identity: type.startsWith('I') ? b : a,
      notBefore,
    });
    const envelope = sealEnvelope({
      params,
      recipient,
      serial,
      notBefore,
      aad: ibakeAad(message, recipient),
      plaintext: encodeIbakePlaintext(type, order.inside?.(type, inner) ?? inner),
      random: systemRandom,
    });
    return draft(envelope, new Uint8Array(32));
  }

  return {
    initiator: initiator.identity,
    responder: responder.identity,
    messages: {
      I_MESSAGE_1: build('I_MESSAGE_1'),
      R_MESSAGE_1: build('R_MESSAGE_1'),
      I_MESSAGE_2: build('I_MESSAGE_2'),
      R_MESSAGE_2: build('R_MESSAGE_2'),
    },
    csbId: toHex(csbId),
    t1: toHex(t1),
    xP: toHex(xP),
    yP: toHex(yP),
    na: toHex(na),
    nb: toHex(nb),
    secrets: { x, y, kSession },
  };
}
