import { describe, expect, it } from 'vitest';
import { ascii, concat, fromHex, toHex } from '../../../src/foundation/base/index.ts';
import {
  computeV,
  decodeIbakePlaintext,
  decodeMessage,
  deriveAuthKey,
  deriveEncrKey,
  deriveMpk,
  deriveSalt,
  deriveSaltKey,
  deriveTek,
  deriveTgk,
  encodeIbakePlaintext,
  encodeMessage,
  ibakeAad,
  readIbakeMessage,
  suiteOf,
  verifyV,
} from '../../../src/protocol/mikey/index.ts';
import { golden, GOLDEN_NAMES, goldenMessage, readVectors, SHORT, TYPES } from './golden.ts';

describe.each(GOLDEN_NAMES)('golden-%s', (name) => {
  const file = golden(name);
  const rand = fromHex(file.RAND);
  const csbId = fromHex(file.csbId);

  it.each(TYPES)('%s decodes and re-encodes to the same octets', (type) => {
    const bytes = goldenMessage(type, name);
    expect(toHex(encodeMessage(decodeMessage(bytes)))).toBe(file.messages[type]);
    const message = readIbakeMessage(bytes);
    expect(message.type).toBe(type);
    expect(message.bytes).toEqual(bytes);
    expect(message.bytes).not.toBe(bytes);
    expect(message.prf).toBe(1);
    expect(toHex(message.csbId)).toBe(file.csbId);
    expect(toHex(message.t)).toBe(type.endsWith('1') ? file.T1 : file.T2);
    expect(message.idri.type).toBe(1);
    expect(message.idri.text).toMatch(/^sip:alice@/);
    expect(message.idrr.text).toMatch(/^sip:bob@/);
    expect(message.rand === undefined ? undefined : toHex(message.rand)).toBe(
      type.startsWith('I') ? file.RAND : undefined,
    );
    expect(message.csMap).toEqual([
      { policy: 0, ssrc: parseInt(file.ssrc.A, 16), roc: 0 },
      { policy: 0, ssrc: type === 'I_MESSAGE_1' ? 0 : parseInt(file.ssrc.B, 16), roc: 0 },
    ]);
    expect(message.sdpIds).toEqual(type === 'I_MESSAGE_1' ? ['mikey'] : undefined);
    expect(message.policies.map((policy) => suiteOf(policy).name)).toEqual(
      type === 'I_MESSAGE_1' ? ['AES_CM_128_HMAC_SHA1_80'] : [],
    );
    expect(message.deferred).toBe(false);
    expect('encrypted' in message).toBe(type !== 'R_MESSAGE_2');
    expect('v' in message).toBe(type === 'R_MESSAGE_2');
  });

  it.each(['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2'] as const)(
    'ibakeAad of %s: label, recipient, prefix, no suffix',
    (type) => {
      const recipient = fromHex(file.identityDER[type.startsWith('I') ? 'B' : 'A']);
      const aad = ibakeAad(readIbakeMessage(goldenMessage(type, name)), recipient);
      expect(toHex(aad)).toBe(toHex(concat(ascii('LI-IBAKE env v1\0'), recipient)) + file.aadPrefix[SHORT[type]]);
    },
  );

  it.each(['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2'] as const)(
    'the plaintext of %s decodes and re-encodes',
    (type) => {
      const plain = decodeIbakePlaintext(type, fromHex(file.plain[SHORT[type]]));
      expect(toHex(encodeIbakePlaintext(type, plain))).toBe(file.plain[SHORT[type]]);
      const curve = file.curve === 'P-256' ? 8 : 11;
      const i = { eccpti: { curve, point: fromHex(file.xP) }, na: fromHex(file.NA) };
      const r = { eccptr: { curve, point: fromHex(file.yP) }, nb: fromHex(file.NB) };
      const { idri, idrr } = readIbakeMessage(goldenMessage(type, name));
      expect(plain).toEqual({ idri, idrr, ...(type !== 'I_MESSAGE_2' && i), ...(type !== 'I_MESSAGE_1' && r) });
    },
  );

  it('K_SESSION gives MPK, TGK, auth_key and the keys of each session', () => {
    const kSession = fromHex(file.K_SESSION);
    expect(toHex(deriveMpk(1, kSession, rand))).toBe(file.MPK);
    expect(toHex(deriveTgk(1, kSession, rand))).toBe(file.TGK);
    expect(toHex(deriveAuthKey(1, fromHex(file.MPK), csbId, rand))).toBe(file.auth_key);
    expect(Object.keys(file.cs)).toEqual(['1', '2']);
    for (const [csId, keys] of Object.entries(file.cs)) {
      expect(toHex(deriveTek(1, fromHex(file.TGK), Number(csId), csbId, rand, 16))).toBe(keys.TEK);
      expect(toHex(deriveSalt(1, fromHex(file.TGK), Number(csId), csbId, rand, 14))).toBe(keys.SALT);
    }
  });

  it('V of R_MESSAGE_2 verifies; N11 V wrong by one bit: not verified', () => {
    const authKey = fromHex(file.auth_key);
    const bytes = goldenMessage('R_MESSAGE_2', name);
    const message = readIbakeMessage(bytes);
    expect(message.v).toEqual({ algorithm: 2, mac: computeV(message, authKey) });
    expect(verifyV(message, authKey)).toBe(true);
    for (const at of [4, 12, bytes.length - 33, bytes.length - 32, bytes.length - 1]) {
      const wrong = Uint8Array.from(bytes);
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      try {
        expect(verifyV(readIbakeMessage(wrong), authKey)).toBe(false);
      } catch (error) {
        // The octet before the MAC is Auth alg: refused before it is verified.
        expect([at, error]).toEqual([bytes.length - 33, expect.objectContaining({ code: 'InvalidMac' })]);
      }
    }
    const wrongKey = Uint8Array.from(authKey);
    wrongKey[0] = (wrongKey[0] ?? 0) ^ 128;
    expect(verifyV(message, wrongKey)).toBe(false);
    expect(() => verifyV(message, authKey.subarray(1))).toThrow(TypeError);
  });

  it('a message without V or IBAKE has nothing to verify or to bind', () => {
    expect(() => computeV(readIbakeMessage(goldenMessage('I_MESSAGE_1', name)), fromHex(file.auth_key))).toThrow(
      TypeError,
    );
    expect(() => ibakeAad(readIbakeMessage(goldenMessage('R_MESSAGE_2', name)), new Uint8Array(1))).toThrow(TypeError);
  });
});

interface Derivation {
  readonly K_SESSION: string;
  readonly RAND: string;
  readonly csb_id: string;
  readonly prf: Readonly<
    Record<
      'PRF-HMAC-SHA-1' | 'PRF-HMAC-SHA-256',
      Readonly<Record<'MPK' | 'TGK' | 'auth_key' | 'encr_key' | 'salt_key', string>> & {
        readonly cs: Readonly<Record<string, Readonly<Record<'TEK128' | 'TEK256' | 'SALT112' | 'SALT96', string>>>>;
      }
    >
  >;
}

describe.each([
  ['PRF-HMAC-SHA-1', 0],
  ['PRF-HMAC-SHA-256', 1],
] as const)('vectors-derivation, %s', (name, number) => {
  const file = readVectors<Derivation>('vectors-derivation');
  const expected = file.prf[name];
  const rand = fromHex(file.RAND);
  const csbId = fromHex(file.csb_id);

  it('reproduces MPK, TGK and the keys of messages', () => {
    const mpk = deriveMpk(number, fromHex(file.K_SESSION), rand);
    expect(toHex(mpk)).toBe(expected.MPK);
    expect(toHex(deriveTgk(number, fromHex(file.K_SESSION), rand))).toBe(expected.TGK);
    expect(toHex(deriveAuthKey(number, mpk, csbId, rand))).toBe(expected.auth_key);
    expect(toHex(deriveEncrKey(number, mpk, csbId, rand, 16))).toBe(expected.encr_key);
    expect(toHex(deriveSaltKey(number, mpk, csbId, rand))).toBe(expected.salt_key);
  });

  it.each(Object.entries(expected.cs))('reproduces TEK and salt of session %s', (csId, keys) => {
    const tgk = fromHex(expected.TGK);
    expect(toHex(deriveTek(number, tgk, Number(csId), csbId, rand, 16))).toBe(keys.TEK128);
    expect(toHex(deriveTek(number, tgk, Number(csId), csbId, rand, 32))).toBe(keys.TEK256);
    expect(toHex(deriveSalt(number, tgk, Number(csId), csbId, rand, 14))).toBe(keys.SALT112);
    expect(toHex(deriveSalt(number, tgk, Number(csId), csbId, rand, 12))).toBe(keys.SALT96);
  });
});
