/** The cache of g_ID: that it changes no ciphertext, mixes nothing up and stays small. */
import { describe, expect, it } from 'vitest';
import {
  domainParameters,
  encrypt,
  derivePublicParameters,
  forgetIdentities,
  identityInfo,
  type PublicParameters,
} from '../../../src/crypto/ibe/index.ts';
import { pairWithIdentity } from '../../../src/crypto/ibe/boneh-franklin.ts';
import { CACHED_IDENTITIES, createPairingCache } from '../../../src/crypto/ibe/pairing-cache.ts';
import { ascii, fromHex, uint } from '../../../src/foundation/base/index.ts';
import { generalizedTime, identityFromText } from '../../../src/foundation/identity/index.ts';
import { district, MASTER_SECRET, seeded } from './fixtures.ts';

const alice = identityFromText('sip:alice@operator-a.example');
const idOf = (change: Partial<{ district: string; serial: bigint; epoch: number; text: string }> = {}): Uint8Array =>
  identityInfo({
    district: change.district ?? 'https://a.example/pp',
    serial: change.serial ?? 1n,
    identity: change.text === undefined ? alice : identityFromText(change.text),
    notBefore: generalizedTime(change.epoch ?? 86_400),
  });
const m = fromHex('000102030405060708090a0b0c0d0e0f');

/** A stand-in for a pairing's value, and a count of how often it was computed. */
function counted(): { compute: (value: number) => () => { re: bigint; im: bigint }; times: () => number } {
  let times = 0;
  return {
    compute: (value) => () => {
      times++;
      return { re: BigInt(value), im: 0n };
    },
    times: () => times,
  };
}

describe('encryption', () => {
  it('gives the same ciphertext for the same rho and key, held or not, and after it was forgotten', () => {
    const params = district();
    const first = encrypt(params, idOf(), m, seeded('rho'));
    expect(encrypt(params, idOf(), m, seeded('rho'))).toEqual(first);
    forgetIdentities(params);
    expect(encrypt(params, idOf(), m, seeded('rho'))).toEqual(first);
    expect(encrypt(district(), idOf(), m, seeded('rho'))).toEqual(first);
  });

  it('does not mix up districts, serials, epochs, identities or parameters', () => {
    const params = district();
    const others = [
      idOf({ district: 'https://b.example/pp' }),
      idOf({ serial: 2n }),
      idOf({ epoch: 172_800 }),
      idOf({ text: 'sip:bob@operator-a.example' }),
    ];
    const own = encrypt(params, idOf(), m, seeded('rho'));
    for (const id of [...others, ...others]) {
      const c = encrypt(params, id, m, seeded('rho'));
      expect(c.u).toEqual(own.u);
      expect(c.v).not.toEqual(own.v);
    }
    // The same H1 input under another master secret.
    const other = derivePublicParameters(domainParameters(1024), MASTER_SECRET + 1n);
    expect(encrypt(other, idOf(), m, seeded('rho')).v).not.toEqual(own.v);
    expect(encrypt(params, idOf(), m, seeded('rho'))).toEqual(own);
  });
});

describe('the cache', () => {
  const params = district();
  const name = (i: number): Uint8Array => uint(i, 4);

  it('computes once while it holds', () => {
    const cache = createPairingCache();
    const { compute, times } = counted();
    expect(cache.get(params, name(1), compute(1))).toEqual({ re: 1n, im: 0n });
    expect(cache.get(params, Uint8Array.from(name(1)), compute(2))).toEqual({ re: 1n, im: 0n });
    expect(times()).toBe(1);
    cache.forget(params);
    expect(cache.size(params)).toBe(0);
    cache.get(params, name(1), compute(1));
    expect(times()).toBe(2);
  });

  it('drops the least recently used beyond its limit', () => {
    const cache = createPairingCache(3);
    const { compute, times } = counted();
    for (const i of [1, 2, 3]) cache.get(params, name(i), compute(i));
    cache.get(params, name(1), compute(1));
    cache.get(params, name(4), compute(4));
    expect([cache.size(params), times()]).toEqual([3, 4]);
    for (const i of [1, 3, 4]) cache.get(params, name(i), compute(i));
    expect(times()).toBe(4);
    cache.get(params, name(2), compute(2));
    expect(times()).toBe(5);
  });

  it('keeps parameters apart, also equal ones, and never grows beyond its limit', () => {
    const cache = createPairingCache();
    const again: PublicParameters = { ...params };
    const { compute, times } = counted();
    for (let i = 0; i < CACHED_IDENTITIES + 50; i++) cache.get(params, name(i), compute(i));
    expect(cache.size(params)).toBe(CACHED_IDENTITIES);
    cache.get(again, name(CACHED_IDENTITIES), compute(0));
    expect([cache.size(again), times()]).toEqual([1, CACHED_IDENTITIES + 51]);
  });

  it('keeps nothing of a computation that failed', () => {
    const cache = createPairingCache();
    expect(() =>
      cache.get(params, ascii('x'), () => {
        throw new RangeError('no');
      }),
    ).toThrow(RangeError);
    expect(cache.size(params)).toBe(0);
    expect(cache.get(params, ascii('x'), () => pairWithIdentity(params, ascii('x')))).toEqual(
      pairWithIdentity(params, ascii('x')),
    );
  });
});
