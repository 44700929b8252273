/**
 * What somebody can compute from what he holds, tried out with the real algorithms: everything held is put into every
 * step of protocol profile 4.1 that takes its kind, until nothing new comes of it. Nothing here knows who holds what.
 */
import { ecCurve, publicPoint, sharedPoint } from '../../src/crypto/ecdh/index.ts';
import {
  createDecryptor,
  createIssuer,
  derivePublicParameters,
  domainParameters,
  encodePrivateKey,
  identityInfo,
} from '../../src/crypto/ibe/index.ts';
import { openNonce } from '../../src/crypto/nonce/index.ts';
import { fromHex, isHalfkeyError, ntpTime, Secret, toHex } from '../../src/foundation/base/index.ts';
import { district, generalizedTime, identityFromText, keyEpochStart } from '../../src/foundation/identity/index.ts';
import { MESSAGES, type Fact } from '../../src/protocol/closure/index.ts';
import { confirmSessionKey, createMessageOpener, exchangeFrom } from '../../src/protocol/discovery/index.ts';
import { readIbakeMessage } from '../../src/protocol/mikey/index.ts';
import { DAY } from './exchange.ts';
import { ALICE, BOB, golden, T1 } from './roles.ts';

/** Kinds of octets that a step takes or gives. */
export type Kind = 's' | 'PR' | 'MS' | 'scalar' | 'point' | 'nonce' | 'K' | 'message' | 'proof';

/** Hex, by kind. */
export type Holding = Readonly<Record<Kind, ReadonlySet<string>>>;

const KINDS: readonly Kind[] = ['s', 'PR', 'MS', 'scalar', 'point', 'nonce', 'K', 'message', 'proof'];
const EPOCH = keyEpochStart(T1, DAY);
const P256 = ecCurve('P-256');
const PARTIES = { A: identityFromText(ALICE), B: identityFromText(BOB) };
const context = { curve: P256, csbId: fromHex(golden.csbId), t1: ntpTime(fromHex(golden.T1)) };
/** Scalars of golden files and private keys have a prefix, and no zeros in front. */
const octetsOf = (text: string): string => {
  const digits = text.replace(/^0x/, '');
  return digits.length % 2 === 0 ? digits : `0${digits}`;
};

/** Names, serials and public parameters of both districts: known to everybody. */
const DISTRICTS = (['a', 'b'] as const).map((side) => ({
  district: district(golden.district[side], 1n, DAY),
  params: derivePublicParameters(domainParameters(1024), BigInt(golden.masterSecrets[side])),
}));

export function holding(held: Partial<Record<Kind, readonly string[]>> = {}): Holding {
  return Object.fromEntries(KINDS.map((kind) => [kind, new Set(held[kind])])) as unknown as Holding;
}

export function join(...parts: readonly Holding[]): Holding {
  return holding(Object.fromEntries(KINDS.map((kind) => [kind, parts.flatMap((part) => [...part[kind]])])));
}

/** What `run` gives; nothing when it refuses. */
function attempt<T>(run: () => T): T[] {
  try {
    return [run()];
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return [];
  }
}

type Found = readonly (readonly [Kind, string])[];

/** Extraction under s, for both parties. */
function extract(s: string): Found {
  return DISTRICTS.flatMap(({ district: { name, serial }, params }) => {
    const issuers = attempt(() => createIssuer(params, new Secret('IbeMasterSecret', fromHex(s))));
    return issuers.flatMap((issuer) =>
      Object.values(PARTIES).flatMap((identity): Found => {
        const id = identityInfo({ district: name, serial, identity, notBefore: generalizedTime(EPOCH) });
        return [['PR', issuer.issue(id).use(toHex)]];
      }),
    );
  });
}

/** Decryption of a message with a private key, under the parameters of either district. */
function open(privateKey: string, message: string): Found {
  return DISTRICTS.flatMap(({ district: of, params }) => {
    const decryptor = createDecryptor(params, new Secret('IbePrivateKey', fromHex(privateKey)));
    const opener = createMessageOpener({ params, district: of, decryptorFor: () => decryptor });
    return attempt(() => opener(readIbakeMessage(fromHex(message)))).flatMap(({ eccpti, eccptr, na, nb }): Found => {
      const points = [eccpti, eccptr].flatMap((component) => (component === undefined ? [] : [component.point]));
      const nonces = [na, nb].filter((nonce) => nonce !== undefined);
      return [
        ...points.map((point) => ['point', toHex(point)] as const),
        ...nonces.map((nonce) => ['nonce', toHex(nonce)] as const),
      ];
    });
  });
}

/** Opening of a nonce with a master secret, as either party's in either role. */
function openWith(masterSecret: string, nonce: string): Found {
  return ([1, 2] as const).flatMap((role) =>
    Object.values(PARTIES).flatMap((identity) =>
      attempt((): readonly [Kind, string] => {
        const secret = new Secret('MasterSecret', fromHex(masterSecret));
        const input = { mode: 3, masterSecret: secret, epoch: golden.nonceEpoch, nonce: fromHex(nonce) } as const;
        return ['scalar', openNonce({ ...input, context: { ...context, role, identity } }).use(toHex)];
      }),
    ),
  );
}

const scalarOf = (scalar: string): Secret<'EcdhScalar'> => new Secret('EcdhScalar', fromHex(scalar));

/** V of R_MESSAGE_2 under a session key. */
function confirm(k: string, messages: ReadonlySet<string>): Found {
  const exchange = exchangeFrom([...messages].map((message) => readIbakeMessage(fromHex(message))));
  const proofs = attempt(() => confirmSessionKey(exchange, new Secret('SessionKey', fromHex(k))));
  return proofs.includes(true) ? [['proof', 'V verifies']] : [];
}

/** Everything that follows from `held`, which is part of it. Each combination is tried once. */
export function derive(held: Holding): Holding {
  const found = Object.fromEntries(KINDS.map((kind) => [kind, new Set(held[kind])])) as Record<Kind, Set<string>>;
  const tried = new Set<string>();
  const size = (): number => KINDS.reduce((sum, kind) => sum + found[kind].size, 0);
  const each = (name: string, firsts: Kind, seconds: Kind | undefined, step: (a: string, b: string) => Found): void => {
    for (const a of [...found[firsts]]) {
      for (const b of seconds === undefined ? [''] : [...found[seconds]]) {
        const key = `${name} ${a} ${b}`;
        if (tried.has(key)) continue;
        tried.add(key);
        for (const [kind, value] of step(a, b)) found[kind].add(value);
      }
    }
  };
  for (let before = -1; before < size();) {
    before = size();
    each('extract', 's', undefined, extract);
    each('decrypt', 'PR', 'message', open);
    each('open', 'MS', 'nonce', openWith);
    each('point', 'scalar', undefined, (scalar) => [['point', toHex(publicPoint(P256, scalarOf(scalar)))]]);
    each('share', 'scalar', 'point', (scalar, point) => [
      ['K', sharedPoint(P256, scalarOf(scalar), fromHex(point)).use(toHex)],
    ]);
    each('confirm', 'K', undefined, (k) => confirm(k, found.message));
  }
  return found;
}

const privateKeyOf = (party: 'A' | 'B'): string => {
  const [x = '', y = ''] = (golden['Sid'] as Record<string, readonly string[]>)[party] ?? [];
  return toHex(encodePrivateKey({ x: BigInt(x), y: BigInt(y) }));
};

/** The golden call's value of each fact of the closure, and its kind. */
export const TRUTH: readonly (readonly [Fact, Kind, string])[] = [
  ['s_A', 's', octetsOf(golden.masterSecrets.a)],
  ['s_B', 's', octetsOf(golden.masterSecrets.b)],
  ['PR_A', 'PR', privateKeyOf('A')],
  ['PR_B', 'PR', privateKeyOf('B')],
  ['MS_A', 'MS', golden.MS.A],
  ['MS_B', 'MS', golden.MS.B],
  ['x', 'scalar', octetsOf(golden.x)],
  ['y', 'scalar', octetsOf(golden.y)],
  ['xP', 'point', golden.xP],
  ['yP', 'point', golden.yP],
  ['NA', 'nonce', golden.NA],
  ['NB', 'nonce', golden.NB],
  ['K', 'K', golden.K_SESSION],
  ['confirmed', 'proof', 'V verifies'],
  ...MESSAGES.map((type): readonly [Fact, Kind, string] => [type, 'message', golden.messages[type]]),
];

/** Which facts of the golden call are in a holding, in the order of {@link TRUTH}. */
export const factsIn = (held: Holding): Fact[] =>
  TRUTH.filter(([, kind, value]) => held[kind].has(value)).map(([fact]) => fact);

/** Sorts octets that were found somewhere, of which nobody says what they are, by what they are in the golden call. */
export function recognise(octets: readonly Uint8Array[]): Holding {
  const texts = octets.map(toHex);
  const found = TRUTH.filter(([, , value]) => texts.some((text) => text.includes(value)));
  return join(...found.map(([, kind, value]) => holding({ [kind]: [value] })));
}
