/**
 * The four MIKEY-IBAKE messages of a call, made by the project's own codecs: what terminals would send, or, where an
 * option says so, what a terminal sends that does not keep the profile. Level 1024; everything random is drawn from
 * the generator that is passed in, so that a seed gives the same call again.
 */
import { createHash } from 'node:crypto';
import { ecCurve, publicPoint, sharedPoint, type EcCurve } from '../../src/crypto/ecdh/index.ts';
import {
  derivePublicParameters,
  domainParameters,
  identityInfo,
  sealEnvelope,
  type PublicParameters,
} from '../../src/crypto/ibe/index.ts';
import { sealNonce, type NonceMode } from '../../src/crypto/nonce/index.ts';
import {
  ascii,
  fromBigInt,
  ntpFromUnixMs,
  randomBigInt,
  Secret,
  toHex,
  type NtpTime,
  type Random,
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
  deriveAuthKey,
  deriveMpk,
  deriveSalt,
  deriveTek,
  deriveTgk,
  encodeIbakePlaintext,
  encodeMessage,
  ibakeAad,
  readIbakeMessage,
  securityPolicyOf,
  suiteOf,
  type CsMapEntry,
  type IbakePlaintext,
  type IbakeType,
  type MikeyMessage,
  type SuiteName,
} from '../../src/protocol/mikey/index.ts';

export const DAY = 86_400;

/** A generator that gives the same octets for the same seed, and other ones for every call of it. */
export function seededRandom(seed: string): Random {
  let count = 0;
  return (octets) => {
    const out = new Uint8Array(octets);
    for (let at = 0; at < octets; at += 32) {
      count += 1;
      const block = createHash('sha256')
        .update(`${seed} ${String(count)}`)
        .digest();
      out.set(block.subarray(0, Math.min(32, octets - at)), at);
    }
    return out;
  };
}

/** A district of level 1024 with its master secret; keys change daily. */
export interface TestDistrict {
  readonly name: string;
  readonly serial: bigint;
  readonly masterSecret: bigint;
  readonly params: PublicParameters;
}

export function testDistrict(operator: string): TestDistrict {
  const domain = domainParameters(1024);
  const masterSecret = randomBigInt(2n, domain.q - 1n, seededRandom(`district ${operator}`));
  const name = `https://pps.${operator}/ibe/pp`;
  return { name, serial: 1n, masterSecret, params: derivePublicParameters(domain, masterSecret) };
}

/** A subscriber, or a device of one, with the master secret of the MS epoch in which it calls. */
export interface Party {
  readonly identity: Identity;
  readonly district: TestDistrict;
  readonly mode: NonceMode;
  /** Number of the MS epoch, which is the key epoch that contains T. */
  readonly epoch: number;
  readonly masterSecret: Uint8Array;
}

export function testParty(uri: string, district: TestDistrict, mode: NonceMode = 3): Party {
  return {
    identity: identityFromText(uri),
    district,
    mode,
    epoch: 41,
    masterSecret: seededRandom(`master secret ${uri}`)(32),
  };
}

/** What a terminal puts in the place of its nonce: sealed as it should be, none at all, something else of the right form, or one of no octets. */
export type NonceKind = 'sealed' | 'absent' | 'bogus' | 'empty';

export interface ExchangeOptions {
  readonly random: Random;
  readonly caller: Party;
  /** To whom I_MESSAGE_1 is encrypted. */
  readonly called: Party;
  /** Who answers: the called one itself, a device of it, or somebody else. */
  readonly answering: Party;
  /** Milliseconds since 1970. */
  readonly t1Ms: number;
  /** The call's I_MESSAGE_1, where another device has answered it, too. */
  readonly offer?: Offer;
  readonly ssrc: { readonly initiator: number; readonly responder: number };
  readonly curve?: EcCurve['name'];
  readonly prf?: 0 | 1;
  readonly suite?: SuiteName;
  readonly nonceA?: NonceKind;
  readonly nonceB?: NonceKind;
  /** The responder returns the initiator's nonce; true. */
  readonly returnsNonce?: boolean;
  /** V of R_MESSAGE_2 is wrong by one bit. */
  readonly wrongV?: boolean;
}

/** What the initiator has drawn for a call. */
export interface Offer {
  readonly csbId: Uint8Array;
  readonly rand: Uint8Array;
  readonly t1: NtpTime;
  readonly x: Secret<'EcdhScalar'>;
  readonly xP: Uint8Array;
  readonly na: Uint8Array | undefined;
  readonly i1: Uint8Array;
}

/** SRTP keys of one direction, as the terminals have them. */
export interface TrackKeys {
  readonly suite: SuiteName;
  readonly masterKey: Uint8Array;
  readonly masterSalt: Uint8Array;
}

export interface TestExchange {
  readonly offer: Offer;
  readonly i1: Uint8Array;
  readonly r1: Uint8Array;
  readonly i2: Uint8Array;
  readonly r2: Uint8Array;
  readonly answering: Party;
  /** Lower-case hex 04 || X || Y. */
  readonly kSession: string;
  /** Lower-case hex. */
  readonly x: string;
  readonly y: string;
  readonly keys: { readonly initiator: TrackKeys; readonly responder: TrackKeys };
}

/** Makes the exchange of one answering device. */
export function makeExchange(options: ExchangeOptions): TestExchange {
  const { random, caller, called, answering, ssrc, prf = 1, suite = 'AES_CM_128_HMAC_SHA1_80' } = options;
  const curve = ecCurve(options.curve ?? 'P-256');
  const offer = options.offer ?? makeOffer(options, curve);
  const { csbId, rand, x, xP, na, t1 } = offer;
  const y = scalar(curve, random);
  const yP = publicPoint(curve, y);
  const nb = nonceOf(options.nonceB ?? 'sealed', answering, 2, curve, offer, y, random);
  const key = sharedPoint(curve, x, yP);
  const kSession = key.use(toHex);
  const t2 = ntpFromUnixMs(options.t1Ms + 200);
  const ids = { idri: caller.identity, idrr: answering.identity };
  const eccpti = { curve: curve.number, point: xP };
  const eccptr = { curve: curve.number, point: yP };
  const csMap: CsMapEntry[] = [ssrc.initiator, ssrc.responder].map((one) => ({ policy: 0, ssrc: one, roc: 0 }));
  const returned = options.returnsNonce === false ? undefined : na;
  const message = { prf, csbId, csMap, ...ids, random };

  const r1 = build({
    ...message,
    type: 'R_MESSAGE_1',
    t: t1,
    recipient: caller,
    plain: {
      ...ids,
      eccpti,
      ...(returned === undefined ? {} : { na: returned }),
      eccptr,
      ...(nb === undefined ? {} : { nb }),
    },
  });
  const i2 = build({
    ...message,
    type: 'I_MESSAGE_2',
    t: t2,
    rand,
    recipient: answering,
    plain: { ...ids, eccptr, ...(nb === undefined ? {} : { nb }) },
  });
  const authKey = key.use((k) => deriveAuthKey(prf, deriveMpk(prf, k, rand), csbId, rand));
  const r2 = build({ ...message, type: 'R_MESSAGE_2', t: t2, authKey });
  if (options.wrongV === true) r2[r2.length - 1] = (r2[r2.length - 1] as number) ^ 1;

  const { masterKeyLength, masterSaltLength } = suiteOf(securityPolicyOf(suite, 0));
  const tgk = key.use((k) => deriveTgk(prf, k, rand));
  const track = (csId: number): TrackKeys => ({
    suite,
    masterKey: deriveTek(prf, tgk, csId, csbId, rand, masterKeyLength),
    masterSalt: deriveSalt(prf, tgk, csId, csbId, rand, masterSaltLength),
  });
  return {
    offer,
    i1: offer.i1,
    r1,
    i2,
    r2,
    answering,
    kSession,
    x: x.use(toHex),
    y: y.use(toHex),
    keys: { initiator: track(1), responder: track(2) },
  };

  function makeOffer({ t1Ms, nonceA = 'sealed' }: ExchangeOptions, on: EcCurve): Offer {
    const drawn = {
      csbId: random(4),
      rand: random(16),
      t1: ntpFromUnixMs(t1Ms),
      x: scalar(on, random),
    };
    const point = publicPoint(on, drawn.x);
    const nonce = nonceOf(nonceA, caller, 1, on, drawn, drawn.x, random);
    const i1 = build({
      ...drawn,
      type: 'I_MESSAGE_1',
      t: drawn.t1,
      prf,
      random,
      csMap: [
        { policy: 0, ssrc: ssrc.initiator, roc: 0 },
        { policy: 0, ssrc: 0, roc: 0 },
      ],
      idri: caller.identity,
      idrr: called.identity,
      suite,
      recipient: called,
      plain: {
        idri: caller.identity,
        idrr: called.identity,
        eccpti: { curve: on.number, point },
        ...(nonce === undefined ? {} : { na: nonce }),
      },
    });
    return { ...drawn, xP: point, na: nonce, i1 };
  }
}

function scalar(curve: EcCurve, random: Random): Secret<'EcdhScalar'> {
  return new Secret('EcdhScalar', fromBigInt(randomBigInt(1n, curve.order - 1n, random), curve.scalarLength));
}

function nonceOf(
  kind: NonceKind,
  owner: Party,
  role: 1 | 2,
  curve: EcCurve,
  { csbId, t1 }: Pick<Offer, 'csbId' | 't1'>,
  own: Secret<'EcdhScalar'>,
  random: Random,
): Uint8Array | undefined {
  if (kind === 'absent') return undefined;
  if (kind === 'empty') return new Uint8Array();
  const sealed = sealNonce({
    mode: owner.mode,
    masterSecret: new Secret('MasterSecret', Uint8Array.from(owner.masterSecret)),
    epoch: owner.epoch,
    context: { role, curve, csbId, t1, identity: owner.identity },
    scalar: kind === 'sealed' ? own : scalar(curve, random),
  });
  return sealed;
}

interface Build {
  readonly type: IbakeType;
  readonly t: NtpTime;
  readonly prf: 0 | 1;
  readonly csbId: Uint8Array;
  readonly csMap: readonly CsMapEntry[];
  readonly idri: Identity;
  readonly idrr: Identity;
  readonly random: Random;
  readonly rand?: Uint8Array;
  /** With SP and SDP-IDs. */
  readonly suite?: SuiteName;
  readonly recipient?: Party;
  readonly plain?: IbakePlaintext;
  readonly authKey?: Uint8Array;
}

const DATA_TYPES = { I_MESSAGE_1: 22, R_MESSAGE_1: 23, I_MESSAGE_2: 24, R_MESSAGE_2: 25 } as const;

/** A message twice: first with placeholders, from which AAD or V is made, then with what belongs there. */
function build(input: Build): Uint8Array {
  const { type, t, recipient, plain, authKey, random } = input;
  const placeholder = encodeMessage(draft(input, Uint8Array.of(0), new Uint8Array(input.prf === 1 ? 32 : 20)));
  const message = readIbakeMessage(placeholder);
  if (authKey !== undefined) return encodeMessage(draft(input, undefined, computeV(message, authKey)));
  if (recipient === undefined || plain === undefined) throw new TypeError('build: nobody to encrypt to');
  const { name, serial, params } = recipient.district;
  const notBefore = generalizedTime(keyEpochStart(secondsOf(t), DAY));
  const info = identityInfo({ district: name, serial, identity: recipient.identity, notBefore });
  const encrypted = sealEnvelope({
    params,
    recipient: info,
    serial,
    notBefore,
    aad: ibakeAad(message, info),
    plaintext: encodeIbakePlaintext(type, plain),
    random,
  });
  return encodeMessage(draft(input, encrypted));
}

function draft(input: Build, encrypted?: Uint8Array, mac?: Uint8Array): MikeyMessage {
  const { type, t, prf, csbId, csMap, idri, idrr, rand, suite } = input;
  const identity = (role: number, one: Identity): MikeyMessage['payloads'][number] => ({
    kind: 'IDR',
    role,
    idType: one.type,
    data: identityToWire(one),
  });
  return {
    dataType: DATA_TYPES[type],
    v: type !== 'R_MESSAGE_2',
    prf,
    csbId,
    csMap: { type: 0, entries: csMap },
    payloads: [
      { kind: 'T', tsType: 0, value: t },
      ...(rand === undefined ? [] : [{ kind: 'RAND' as const, value: rand }]),
      identity(1, idri),
      identity(2, idrr),
      ...(suite === undefined
        ? []
        : [securityPolicyOf(suite, 0), { kind: 'EXT' as const, type: 1, data: ascii('mikey') }]),
      ...(type === 'R_MESSAGE_2' || encrypted === undefined ? [] : [{ kind: 'IBAKE' as const, encrypted }]),
      ...(type === 'R_MESSAGE_2' && mac !== undefined
        ? [{ kind: 'V' as const, algorithm: prf === 1 ? 2 : 1, mac }]
        : []),
    ],
  };
}

function secondsOf(t: NtpTime): number {
  return Number(new DataView(t.buffer, t.byteOffset, 8).getUint32(0)) - 2_208_988_800;
}
