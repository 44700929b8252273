/**
 * Exchanges of the special cases that no vector covers, written by the oracle and read by us: another identity answers, a
 * mailbox answers and gets an ESK, a re-key, an update (protocol profile 6, 10).
 */
import { describe, expect, it } from 'vitest';
import { ecCurve } from '../../src/crypto/ecdh/index.ts';
import { identityInfo, openEnvelope, sealEnvelope } from '../../src/crypto/ibe/index.ts';
import { openCommittedNonce, type NonceMode, type NonceRole } from '../../src/crypto/nonce/index.ts';
import { ntpFromUnixMs, ntpToUnixSeconds, Secret } from '../../src/foundation/base/index.ts';
import {
  generalizedTime,
  identityFromText,
  keyEpochStart,
  type Identity,
} from '../../src/foundation/identity/index.ts';
import {
  confirmSessionKey,
  createMessageOpener,
  deriveMediaKeys,
  discoverComponents,
  exchangeFrom,
  recoverSessionKey,
  type MessageOpener,
  type Role,
} from '../../src/protocol/discovery/index.ts';
import { IBAKE_RECIPIENTS } from '../../src/protocol/mikey/exchange/index.ts';
import { decodeEskPlaintext, encodeEskPlaintext, eskAad } from '../../src/protocol/mikey/deferred/index.ts';
import {
  decodeMessage,
  deriveAuthKey,
  encodeIbakePlaintext,
  encodeMessage,
  ibakeAad,
  readIbakeMessage,
  verifyV,
  type IbakeMessage,
} from '../../src/protocol/mikey/index.ts';
import { districtOf, thrown } from '../protocol/ibake/support.ts';
import { describeWithOracle, seeded, turned } from './oracle.ts';

const MASTER = { a: 0x1b5f_77a1_c0de_1024n, b: 0x2c6e_88b2_beef_1024n };
const DISTRICTS = { a: districtOf('operator-a.example', MASTER.a), b: districtOf('operator-b.example', MASTER.b) };
type Side = keyof typeof DISTRICTS;
const alice = identityFromText('sip:alice@operator-a.example');
const bob = identityFromText('sip:bob@operator-b.example');
const carol = identityFromText('sip:carol@operator-b.example');
const mailbox = identityFromText('sip:mailbox@operator-b.example');
const T1 = ntpFromUnixMs(Date.UTC(2026, 2, 14, 15, 9, 26, 535));
const T2 = ntpFromUnixMs(Date.UTC(2026, 2, 14, 15, 9, 27, 535));
const NOT_BEFORE = generalizedTime(keyEpochStart(ntpToUnixSeconds(T1), 86400));
/** Policies 0 and 1: AES_CM_128_HMAC_SHA1_80 by default values, and AEAD_AES_256_GCM. */
const SP = [Uint8Array.of(0, 1, 1, 1, 1, 16), Uint8Array.of(0, 1, 6, 1, 1, 32, 20, 1, 16)];
const ENTRY = { policy: 0, roc: 0 };

/** Who has which master secret. */
const msOf = (identity: Identity): Uint8Array => seeded(`MS of ${identity.text}`)(32);
const sealingOf = (seed: string) => {
  const random = seeded(seed);
  return Object.fromEntries(['22', '23', '24', '25', 'esk'].map((key) => [key, { cek: random(16), rho: random(20) }]));
};

interface Made {
  readonly messages: readonly Uint8Array[];
  readonly NSK: Uint8Array | null;
  readonly K: Uint8Array;
  readonly MPK: Uint8Array;
  readonly cs: Readonly<
    Record<string, { readonly tek: Uint8Array; readonly salt: Uint8Array; readonly suite: string }>
  >;
}

const openerOf = (side: Side): MessageOpener => {
  const { parameters, decryptorFor } = DISTRICTS[side];
  const { district, params } = parameters;
  const serial = district.serial;
  return createMessageOpener({
    params,
    district,
    decryptorFor: (identity, notBefore) => decryptorFor({ identity, notBefore, serial }),
  });
};
const sideOf = ({ text }: Identity): Side => (text.includes('operator-a') ? 'a' : 'b');

describeWithOracle('special cases, judged by the oracle', (ask) => {
  const partyOf = async (identity: Identity, mode: NonceMode) => {
    const side = sideOf(identity);
    const { name: district, serial } = DISTRICTS[side].parameters.district;
    const pPub = await ask('setup', { level: 1024, s: MASTER[side] });
    const who = { level: 1024, district, serial, interval: 86400, identity: identity.text, pPub };
    return { ...who, mode, ms: msOf(identity), epoch: 7 };
  };

  /** An exchange that the oracle makes. */
  async function order(title: string, curve: 8 | 11 | 14, prf: 0 | 1, mode: NonceMode, answering: Identity) {
    const random = seeded(title);
    const order = ecCurve(curve).scalarLength;
    const [ssrcA, ssrcB, zero] = [random(4), random(4), new Uint8Array(4)];
    const scalar = () => BigInt(`0x${Buffer.from(random(order - 1)).toString('hex')}`);
    const second = { policy: 1, roc: 0 };
    return {
      ...{ prf, csbId: random(4), rand: random(16), t1: T1, t2: T2, curve, x: scalar(), y: scalar() },
      ...{ a: await partyOf(alice, mode), b: await partyOf(bob, mode), c: await partyOf(answering, mode) },
      map1: [ssrcA, zero, ssrcB, zero].map((ssrc, i) => ({ ...(i < 2 ? ENTRY : second), ssrc })),
      map2: [ssrcA, random(4), ssrcB, random(4)].map((ssrc, i) => ({ ...(i < 2 ? ENTRY : second), ssrc })),
      ...{ sp: SP, sealing: sealingOf(title) },
    };
  }

  /** We find the keys for one target, the whole way. */
  function discovered(octets: readonly Uint8Array[], role: Role, target: Identity, mode: NonceMode) {
    const exchange = exchangeFrom(octets.map((message) => readIbakeMessage(message)));
    const open = openerOf(sideOf(target));
    const components = discoverComponents({ exchange, role, target, open, acceptRetarget: true });
    const { curve: number, csbId, t1, ownNonce: nonce, ownPoint } = components;
    const context = {
      role: (role === 'initiator' ? 1 : 2) as NonceRole,
      curve: ecCurve(number),
      csbId,
      t1,
      identity: target,
    };
    const masterSecret = new Secret('MasterSecret', msOf(target));
    const scalar = openCommittedNonce({ mode, masterSecret, epoch: 7, context, nonce, ownPoint });
    const k = recoverSessionKey(components, scalar);
    expect(confirmSessionKey(exchange, k)).toBe(true);
    const cs = deriveMediaKeys(exchange, k).map(({ csId, masterKey, masterSalt: salt, suite }) => [
      String(csId),
      { tek: masterKey.use((key) => Uint8Array.from(key)), salt, suite },
    ]);
    return { K: k.use((octets) => Uint8Array.from(octets)), cs: Object.fromEntries(cs) as unknown };
  }

  /** The message as we would have made it: its encodings and its envelope are the same octets. */
  function expectOurs(octets: Uint8Array, sealing: ReturnType<typeof sealingOf>): void {
    expect(encodeMessage(decodeMessage(octets))).toEqual(octets);
    const message = readIbakeMessage(octets);
    if (message.encrypted === undefined) return;
    const recipient = message[IBAKE_RECIPIENTS[message.type]];
    const { district, params } = DISTRICTS[sideOf(recipient)].parameters;
    const plain = openerOf(sideOf(recipient))(message);
    const info = identityInfo({
      district: district.name,
      serial: district.serial,
      identity: recipient,
      notBefore: NOT_BEFORE,
    });
    const drawn = sealing[String({ I_MESSAGE_1: 22, R_MESSAGE_1: 23, I_MESSAGE_2: 24, R_MESSAGE_2: 25 }[message.type])];
    const plaintext = encodeIbakePlaintext(message.type, plain);
    const { cek, rho } = drawn as NonNullable<typeof drawn>;
    const sealed = { params, recipient: info, serial: district.serial, notBefore: NOT_BEFORE, plaintext, cek, rho };
    expect(sealEnvelope({ ...sealed, aad: ibakeAad(message, info) })).toEqual(message.encrypted);
  }
  const opened = (octets: Uint8Array) => {
    const message = readIbakeMessage(octets);
    return openerOf(sideOf(message[IBAKE_RECIPIENTS[message.type]]))(message);
  };

  it.each([
    ['P-256, PRF 1, mode 3', 8, 1, 3],
    ['P-521, PRF 0, mode 2', 14, 0, 2],
    ['P-384, PRF 1, mode 1', 11, 1, 1],
  ] as const)(
    'another identity answers, %s: keys for A from R1 and R2, for C from I2, none for B',
    async (title, curve, prf, mode) => {
      const mki = Uint8Array.of(1, 2, 3, 4);
      const e = { ...(await order(title, curve, prf, mode, carol)), opened: false, mki, challenge: seeded(title)(16) };
      const made = await ask<Made>('exchange', { e });
      const [, r1, i2, r2] = made.messages as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      for (const message of made.messages) expectOurs(message, e.sealing);
      // 6.4: without ECCPTi R1 has KV = 0, and the MKI stands with the ECCPTi of I2 and R2.
      expect(opened(r1).eccptr?.mki).toBeUndefined();
      for (const message of [i2, r2])
        expect(opened(message)).toMatchObject({ eccpti: { mki }, challenge: e.challenge });
      for (const [role, target] of [
        ['initiator', alice],
        ['responder', carol],
      ] as const) {
        const found = discovered(made.messages, role, target, mode);
        expect(made).toMatchObject(found);
        expect(() => discovered([...made.messages.slice(0, 3), turned(r2)], role, target, mode)).toThrow();
      }
      expect(thrown(() => discovered(made.messages, 'responder', bob, mode)).code).toBe('RetargetRefused');

      const holder = async (identity: Identity) => {
        const { level, ...party } = await partyOf(identity, mode);
        const info = await ask('identityInfo', {
          ...{ district: party.district, serial: party.serial, id_type: 1 },
          identity: party.identity,
          epoch: keyEpochStart(ntpToUnixSeconds(e.t1), 86400),
        });
        return {
          ...party,
          level,
          privateKey: await ask('extract', { level, s: MASTER[sideOf(identity)], identity: info }),
        };
      };
      for (const [role, target, octets] of [
        [1, alice, [r1, r2]],
        [2, carol, [i2]],
      ] as const) {
        const secret = { mode, root: msOf(target), rootEpoch: 7, epoch: 7, t1: T1, map: e.map2 };
        const found = await ask('discover', {
          role,
          octets,
          holders: [await holder(target)],
          secret,
          rand: e.rand,
          sp: SP,
          r2,
        });
        expect(found).toMatchObject({ K: made.K, cs: made.cs, mki, confirmed: true });
      }
    },
  );

  it('a mailbox answers: ESK for B, bound into the IBAKE of I2; NSK comes back; EXT 242', async () => {
    const sk = seeded('SK')(32);
    const e = { ...(await order('deferred', 8, 1, 3, mailbox)), opened: false, deferred: true, sk };
    const { messages, NSK } = await ask<Made>('exchange', { e });
    const [, r1, i2, r2] = messages as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    for (const message of messages) expectOurs(message, e.sealing);
    expect(readIbakeMessage(r1).deferred).toBe(true);
    for (const message of [i2, r2]) expect(opened(message).nsk).toEqual(NSK);
    // NSK: mode 3 with role 240, curve 0, of the initiator at T(I1).
    expect(
      await ask('openNonce', {
        mode: 3,
        ms: msOf(alice),
        nonce: NSK,
        role: 240,
        curve: 0,
        epoch: 7,
        csb_id: e.csbId,
        t1: T1,
        identity: new TextEncoder().encode(alice.text),
      }),
    ).toEqual(sk);

    const { esk } = readIbakeMessage(i2) as IbakeMessage & { esk: Uint8Array };
    const { district, params } = DISTRICTS.b.parameters;
    const { name, serial } = district;
    const recipient = identityInfo({ district: name, serial, identity: bob, notBefore: NOT_BEFORE });
    const aad = eskAad(e.csbId, e.rand, recipient);
    expect(await ask('eskAad', { recipient, csb_id: e.csbId, rand: e.rand })).toEqual(aad);
    const decryptor = DISTRICTS.b.decryptorFor({ identity: bob, serial, notBefore: NOT_BEFORE });
    const open = { params, decryptor, serial, notBefore: NOT_BEFORE };
    const plaintext = openEnvelope({ ...open, envelope: esk, aad });
    expect(decodeEskPlaintext(plaintext)).toEqual({ idri: alice, key: sk, validity: { kv: 0 } });
    expect(encodeEskPlaintext({ idri: alice, key: sk, validity: { kv: 0 } })).toEqual(plaintext);
    const { cek, rho } = e.sealing['esk'] as { cek: Uint8Array; rho: Uint8Array };
    expect(sealEnvelope({ params, recipient, serial, notBefore: NOT_BEFORE, aad, plaintext, cek, rho })).toEqual(esk);
    for (const other of [eskAad(turned(e.csbId), e.rand, recipient), eskAad(e.csbId, turned(e.rand), recipient)])
      expect(thrown(() => openEnvelope({ ...open, envelope: esk, aad: other })).code).toBe('IbeDecryptFailed');
    // The suffix: an octet of ESK is an octet of the AAD of IBAKE.
    expect(thrown(() => opened(turned(i2))).code).toBe('IbeDecryptFailed');
  });

  describe.each([0, 1] as const)('PRF %i', (prf) => {
    it('re-key: V under the current MPK in I1, no RAND, new keys, V under the new MPK in R2', async () => {
      const first = await order(`first ${String(prf)}`, 8, prf, 3, bob);
      const before = await ask<Made>('exchange', { e: first });
      const next = await order(`second ${String(prf)}`, 14, prf, 3, bob);
      // The roles of the re-key are its own: CS IDs stay, T and everything secret are new.
      const { csbId, rand, map2, sp } = first;
      const e = {
        ...next,
        ...{ csbId, rand, map1: map2, map2, sp },
        currentMpk: before.MPK,
        mki: Uint8Array.of(0, 0, 0, 2),
      };
      const after = await ask<Made>('exchange', { e });
      for (const message of after.messages) expectOurs(message, e.sealing);
      const [i1, r1, i2, r2] = after.messages.map((message) => readIbakeMessage(message)) as [
        IbakeMessage,
        IbakeMessage,
        IbakeMessage,
        IbakeMessage,
      ];
      expect([i1, r1, i2, r2].map((message) => [message.rand, message.v !== undefined])).toEqual(
        [true, false, false, true].map((v) => [undefined, v]),
      );
      const [oldKey, newKey] = [before.MPK, after.MPK].map((mpk) => deriveAuthKey(prf, mpk, csbId, rand)) as [
        Uint8Array,
        Uint8Array,
      ];
      expect([verifyV(i1, oldKey), verifyV(i1, newKey)]).toEqual([true, false]);
      expect([verifyV(r2, oldKey), verifyV(r2, newKey)]).toEqual([false, true]);
      expect(after.cs).not.toEqual(before.cs);
    });

    it('update without ECDH: I1 and R1 with V under the current MPK, no IBAKE', async () => {
      const { a, b, csbId, rand, map2 } = await order('update', 8, prf, 3, bob);
      const mpk = seeded('MPK')(prf === 0 ? 20 : 32);
      const idr = (role: number, { identity }: typeof a) => ({
        type: 14,
        role,
        idType: 1,
        data: new TextEncoder().encode(identity),
      });
      const compose = (dataType: number, policies: readonly unknown[]) =>
        ask<Uint8Array>('compose', {
          message: {
            dataType,
            prf,
            csbId,
            map: map2,
            payloads: [{ type: 5, value: T2 }, idr(1, a), idr(2, b), ...policies, { type: 9, inkey: mpk }],
          },
          rand,
        });
      for (const octets of [await compose(22, [{ type: 10, policy: 0, params: SP[0] }]), await compose(23, [])]) {
        const message = readIbakeMessage(octets);
        expect(message.encrypted).toBeUndefined();
        expect(encodeMessage(decodeMessage(octets))).toEqual(octets);
        expect(verifyV(message, deriveAuthKey(prf, mpk, csbId, rand))).toBe(true);
        expect(verifyV(message, deriveAuthKey(prf, turned(mpk), csbId, rand))).toBe(false);
      }
    });
  });
});
