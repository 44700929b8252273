/** Golden files as a Delivery Function meets them: messages, and an opener with the private key of one party. */
import { readFileSync, readdirSync } from 'node:fs';
import {
  createDecryptor,
  derivePublicParameters,
  domainParameters,
  encodePrivateKey,
  extractPrivateKey,
  identityInfo,
  type Level,
  type PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import type { NonceMode } from '../../../src/crypto/nonce/index.ts';
import { fromHex, Secret } from '../../../src/foundation/base/index.ts';
import {
  identityFromText,
  sameIdentity,
  type District,
  type GeneralizedTime,
  type Identity,
} from '../../../src/foundation/identity/index.ts';
import {
  createMessageOpener,
  exchangeFrom,
  type Exchange,
  type MessageOpener,
} from '../../../src/protocol/discovery/index.ts';
import { readIbakeMessage, type IbakeMessage, type IbakeType } from '../../../src/protocol/mikey/index.ts';

export interface Golden {
  level: Level;
  curve: string;
  nonceMode: NonceMode;
  nonceEpoch: number;
  T1: string;
  csbId: string;
  ssrc: { A: string; B: string };
  district: { a: string; b: string };
  masterSecrets: { a: string; b: string };
  identityDER: { A: string; B: string };
  Sid: { A: [string, string]; B: [string, string] };
  MS: { A: string; B: string };
  x: string;
  y: string;
  xP: string;
  yP: string;
  NA: string;
  NB: string;
  messages: Record<IbakeType, string>;
  K_SESSION: string;
  cs: Record<string, { TEK: string; SALT: string }>;
}
export type Side = 'A' | 'B';

const vectors = new URL('../../vectors/', import.meta.url);
export const golden = readdirSync(vectors)
  .filter((name) => /^golden-.*\.json$/.test(name))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, vectors), 'utf8')) as Golden] as const);
export const testLevel = golden.find(([, file]) => file.level === 1024)?.[1] as Golden;

export const alice = identityFromText('sip:alice@operator-a.example');
export const bob = identityFromText('sip:bob@operator-b.example');

/** The exchange of a golden file; `change` may alter each message's octets first. */
export function exchangeOf(file: Golden, change?: (type: IbakeType, bytes: Uint8Array) => void): Required<Exchange> {
  const messages = Object.entries(file.messages).map(([type, hex]): IbakeMessage => {
    const bytes = fromHex(hex);
    change?.(type as IbakeType, bytes);
    return readIbakeMessage(bytes);
  });
  return exchangeFrom(messages) as Required<Exchange>;
}

export interface PartyKeys {
  readonly params: PublicParameters;
  readonly district: District;
  /** How often a private key was asked for. */
  asked: number;
  readonly open: MessageOpener;
}

/** The key of one party: as the file states it, or extracted with the district's master secret. */
export function keysOf(
  file: Golden,
  side: Side,
  from: 'Sid' | 'master secret' = 'Sid',
  keyEpochSeconds = 86400,
  serial = 1n,
): PartyKeys {
  const domain = domainParameters(file.level);
  const master = BigInt(file.masterSecrets[side === 'A' ? 'a' : 'b']);
  const params = derivePublicParameters(domain, master);
  const district: District = { name: file.district[side === 'A' ? 'a' : 'b'], serial, keyEpochSeconds };
  const owner = side === 'A' ? alice : bob;
  const keys = {
    params,
    district,
    asked: 0,
    open: createMessageOpener({
      params,
      district,
      decryptorFor(identity: Identity, notBefore: GeneralizedTime) {
        keys.asked++;
        if (!sameIdentity(identity, owner)) throw new Error('asked for another identity');
        const id = identityInfo({ district: district.name, serial: district.serial, identity, notBefore });
        const [x, y] = file.Sid[side];
        const point = from === 'Sid' ? { x: BigInt(x), y: BigInt(y) } : extractPrivateKey(domain, master, id);
        return createDecryptor(params, new Secret('IbePrivateKey', encodePrivateKey(point)));
      },
    }),
  };
  return keys;
}
