/** Golden files as a custody meets them: one party's master secret, and the request for its nonce. */
import { readFileSync, readdirSync } from 'node:fs';
import { createCustody, type Custody, type OpenRequest } from '../../../src/entity/custody/index.ts';
import { ecCurve } from '../../../src/crypto/ecdh/index.ts';
import type { LiMs, NonceMode } from '../../../src/crypto/nonce/index.ts';
import {
  fromHex,
  ntpFromUnixMs,
  ntpTime,
  ntpToUnixSeconds,
  Secret,
  systemRandom,
} from '../../../src/foundation/base/index.ts';
import { identityFromText, type Identity } from '../../../src/foundation/identity/index.ts';
import { memoryMsStore, testSealer, type MemoryMsStore } from './support.ts';

export interface Golden {
  curve: string;
  nonceMode: NonceMode;
  nonceEpoch: number;
  T1: string;
  csbId: string;
  MS: { A: string; B: string };
  x: string;
  y: string;
  xP: string;
  yP: string;
  NA: string;
  NB: string;
  K_SESSION: string;
}

const vectors = new URL('../../vectors/', import.meta.url);
export const golden = readdirSync(vectors)
  .filter((name) => /^golden-.*\.json$/.test(name))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, vectors), 'utf8')) as Golden] as const);

export const alice = identityFromText('sip:alice@operator-a.example');
export const bob = identityFromText('sip:bob@operator-b.example');
export const day = 86400;

export interface Party {
  readonly identity: Identity;
  readonly scalar: string;
  readonly liMs: LiMs;
  readonly request: OpenRequest;
  readonly peerPoint: Uint8Array;
}

/** Its master secret covers exactly the epoch that contains T1. */
export function party(file: Golden, side: 'A' | 'B'): Party {
  const a = side === 'A';
  const t1 = ntpTime(fromHex(file.T1));
  const start = Math.floor(ntpToUnixSeconds(t1) / day) * day;
  const identity = a ? alice : bob;
  return {
    identity,
    scalar: (a ? file.x : file.y).slice(2),
    liMs: {
      mode: file.nonceMode,
      epoch: file.nonceEpoch,
      intervalSeconds: day,
      validFrom: ntpFromUnixMs(start * 1000),
      validTo: ntpFromUnixMs((start + day) * 1000),
      masterSecret: new Secret('MasterSecret', fromHex(file.MS[side])),
    },
    request: {
      identity,
      role: a ? 'initiator' : 'responder',
      curve: ecCurve(file.curve).number,
      csbId: fromHex(file.csbId),
      t1,
      nonce: fromHex(a ? file.NA : file.NB),
      ownPoint: fromHex(a ? file.xP : file.yP),
    },
    peerPoint: fromHex(a ? file.yP : file.xP),
  };
}

export interface Held {
  readonly custody: Custody;
  readonly store: MemoryMsStore;
}

export function held(allowUnboundNonces = true): Held {
  const store = memoryMsStore();
  return { store, custody: createCustody({ store, sealer: testSealer(), allowUnboundNonces, random: systemRandom }) };
}
