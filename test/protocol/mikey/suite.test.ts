import { describe, expect, it } from 'vitest';
import { isHalfkeyError, toHex } from '../../../src/foundation/base/index.ts';
import {
  decodeMessage,
  securityPolicyOf,
  suiteOf,
  type SecurityPolicy,
  type SuiteName,
} from '../../../src/protocol/mikey/index.ts';
import { goldenMessage } from './golden.ts';

/** A policy of one-octet parameters. */
function policy(parameters: Readonly<Record<number, number>>, protocol = 0): SecurityPolicy {
  const list = Object.entries(parameters).map(([type, value]) => ({ type: Number(type), value: Uint8Array.of(value) }));
  return { kind: 'SP', policy: 0, protocol, parameters: list };
}

function code(of: SecurityPolicy): string {
  try {
    return suiteOf(of).name;
  } catch (error) {
    return isHalfkeyError(error) ? `${error.code} ERR ${String(error.row.mikey)}` : 'untyped';
  }
}

describe('the suite of a policy (profile 3.2)', () => {
  it.each<[SuiteName, number, number]>([
    ['AES_CM_128_HMAC_SHA1_80', 16, 14],
    ['AES_CM_128_HMAC_SHA1_32', 16, 14],
    ['AES_256_CM_HMAC_SHA1_80', 32, 14],
    ['AEAD_AES_128_GCM', 16, 12],
    ['AEAD_AES_256_GCM', 32, 12],
  ])('%s: the policy that offers it means it', (name, masterKeyLength, masterSaltLength) => {
    expect(suiteOf(securityPolicyOf(name, 5))).toEqual({ name, masterKeyLength, masterSaltLength });
    expect(securityPolicyOf(name, 5).policy).toBe(5);
  });

  it('offers the default as the golden messages do', () => {
    const sp = decodeMessage(goldenMessage('I_MESSAGE_1')).payloads.find(({ kind }) => kind === 'SP');
    expect(sp).toEqual(securityPolicyOf('AES_CM_128_HMAC_SHA1_80', 0));
  });

  it.each<[string, Record<number, number>, SuiteName]>([
    ['nothing set: the defaults of RFC 3711', {}, 'AES_CM_128_HMAC_SHA1_80'],
    ['only a tag of 4', { 11: 4 }, 'AES_CM_128_HMAC_SHA1_32'],
    ['only a key of 32', { 1: 32 }, 'AES_256_CM_HMAC_SHA1_80'],
    ['FEC order and prefix 0', { 9: 0, 12: 0, 6: 0 }, 'AES_CM_128_HMAC_SHA1_80'],
    ['GCM with what is mandatory', { 0: 6, 1: 16, 20: 16 }, 'AEAD_AES_128_GCM'],
    ['GCM with zeros', { 0: 6, 1: 32, 2: 0, 3: 0, 4: 12, 5: 0, 10: 1, 20: 16 }, 'AEAD_AES_256_GCM'],
  ])('%s', (_, parameters, name) => {
    expect(code(policy(parameters))).toBe(name);
  });

  it.each<[string, Record<number, number>]>([
    ['N45 NULL cipher', { 0: 0 }],
    ['N45 NULL authentication', { 2: 0 }],
    ['N45 SRTP encryption off', { 7: 0 }],
    ['N45 SRTCP encryption off', { 8: 0 }],
    ['N45 SRTP authentication off', { 10: 0 }],
    ['AES-F8', { 0: 2 }],
    ['an unknown cipher', { 0: 9 }],
    ['a key of 24', { 1: 24 }],
    ['a short authentication key', { 3: 16 }],
    ['a salt of 12 without GCM', { 4: 12 }],
    ['another PRF', { 5: 1 }],
    ['a key derivation rate', { 6: 1 }],
    ['FEC order 1', { 9: 1 }],
    ['a prefix', { 12: 2 }],
    ['a tag of 8', { 11: 8 }],
    ['AES-256 with a tag of 4', { 1: 32, 11: 4 }],
    ['an AEAD tag without GCM', { 20: 16 }],
    ['an unknown parameter', { 13: 0 }],
    ['GCM without key length', { 0: 6, 20: 16 }],
    ['GCM without AEAD tag length', { 0: 6, 1: 16 }],
    ['GCM with a short tag', { 0: 6, 1: 16, 20: 8 }],
    ['GCM with an authentication algorithm', { 0: 6, 1: 16, 20: 16, 2: 1 }],
    ['GCM with an authentication key', { 0: 6, 1: 16, 20: 16, 3: 20 }],
    ['GCM with a tag length', { 0: 6, 1: 16, 20: 16, 11: 0 }],
    ['GCM with a salt of 14', { 0: 6, 1: 16, 20: 16, 4: 14 }],
  ])('%s: ERR 10', (_, parameters) => {
    expect(code(policy(parameters))).toBe('InvalidSecurityPolicyParameter ERR 10');
  });

  it('a doubled parameter, a value of two octets or of none: ERR 10', () => {
    const one = { type: 11, value: Uint8Array.of(10) };
    for (const parameters of [
      [one, one],
      [{ ...one, value: Uint8Array.of(0, 10) }],
      [{ ...one, value: new Uint8Array(0) }],
    ]) {
      expect(code({ kind: 'SP', policy: 0, protocol: 0, parameters })).toBe('InvalidSecurityPolicyParameter ERR 10');
    }
  });

  it('another protocol than SRTP: ERR 9', () => {
    expect(code(policy({}, 1))).toBe('InvalidSecurityPolicy ERR 9');
  });

  it('offers one octet a value', () => {
    expect(
      securityPolicyOf('AEAD_AES_256_GCM', 0)
        .parameters.map(({ type, value }) => `${String(type)}:${toHex(value)}`)
        .join(' '),
    ).toBe('0:06 1:20 4:0c 5:00 7:01 8:01 10:01 20:10');
  });
});
