/**
 * What opened messages may say: with real envelopes for what the envelope decides, and with a made-up opener for
 * plaintexts that no honest sender makes (protocol profile 4.1, 4.3, 4.4, 5.3 T5, T6, T14, T17).
 */
import { describe, expect, it } from 'vitest';
import { ecCurve, publicPoint, randomScalar, sharedPoint } from '../../../src/crypto/ecdh/index.ts';
import { fromHex, Secret, systemRandom, toHex } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import {
  deriveMediaKeys,
  discoverComponents,
  recoverSessionKey,
  type Exchange,
  type MessageOpener,
} from '../../../src/protocol/discovery/index.ts';
import { readIbakeMessage, type IbakePlaintext, type IbakeType } from '../../../src/protocol/mikey/index.ts';
import { alice, bob, exchangeOf, golden, keysOf, testLevel } from './fixture.ts';

const code = (name: string): unknown => expect.objectContaining({ code: name });
const whole = exchangeOf(testLevel);
const carol = identityFromText('sip:carol@operator-b.example');
const device = identityFromText(`${bob.text};gr=one`);
const curve = ecCurve('P-256');
const [x, y] = [randomScalar(curve, systemRandom), randomScalar(curve, systemRandom)];
const eccpti = { curve: 8, point: publicPoint(curve, x) };
const eccptr = { curve: 8, point: publicPoint(curve, y) };
const [na, nb] = [Uint8Array.of(1, 1), Uint8Array.of(2, 2)];
const honest: Record<IbakeType, IbakePlaintext> = {
  I_MESSAGE_1: { idri: alice, idrr: bob, eccpti, na },
  R_MESSAGE_1: { idri: alice, idrr: bob, eccpti, na, eccptr, nb },
  I_MESSAGE_2: { idri: alice, idrr: bob, eccptr, nb },
  R_MESSAGE_2: { idri: alice },
};
/** An opener that gives these plaintexts; a member set to undefined is left out. */
function saying(
  plain: Partial<Record<IbakeType, { [member in keyof IbakePlaintext]?: IbakePlaintext[member] | undefined }>>,
): MessageOpener {
  return ({ type }) => {
    const members = Object.entries({ ...honest[type], ...plain[type] }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(members) as unknown as IbakePlaintext;
  };
}
const asA = (open: MessageOpener, exchange: Exchange = whole) =>
  discoverComponents({ exchange, role: 'initiator', target: alice, open });
const asB = (open: MessageOpener, exchange: Exchange = whole) =>
  discoverComponents({ exchange, role: 'responder', target: bob, open });

describe('envelopes', () => {
  it('N34 the octets of the message count: one changed bit of its clear part and it does not open', () => {
    for (const [type, side, run] of [
      ['R_MESSAGE_1', 'A', asA],
      ['I_MESSAGE_2', 'B', asB],
    ] as const) {
      const keys = keysOf(testLevel, side);
      const altered = exchangeOf(testLevel, (of, bytes) => {
        // The V bit: ignored by the grammar, covered by the associated data.
        if (of === type) bytes[3] = (bytes[3] as number) ^ 0x80;
      });
      expect(() => run(keys.open, altered)).toThrow(code('IbeDecryptFailed'));
    }
  });

  it('N35 IBAKE of one session under the header of another: IbeDecryptFailed', () => {
    const { open } = keysOf(testLevel, 'A');
    const { encrypted } = exchangeOf(testLevel).r1;
    const bytes = fromHex(testLevel.messages.R_MESSAGE_1);
    bytes[4] = (bytes[4] as number) ^ 1;
    const other = readIbakeMessage(bytes);
    expect(toHex(other.encrypted as Uint8Array)).toBe(toHex(encrypted as Uint8Array));
    expect(() => open(other)).toThrow(code('IbeDecryptFailed'));
  });

  it('N25 N26 another serial or key epoch is refused before any private key is asked for', () => {
    const keys = keysOf(testLevel, 'A', 'Sid', 3600);
    expect(() => asA(keys.open)).toThrow(code('EpochMismatch'));
    const newer = keysOf(testLevel, 'A', 'Sid', 86400, 2n);
    expect(() => asA(newer.open)).toThrow(code('UnknownParameterSerial'));
    expect(keys.asked + newer.asked).toBe(0);
    const right = keysOf(testLevel, 'A');
    asA(right.open);
    expect(right.asked).toBe(1);
  });

  it('whose key is asked for follows from the message, not from the target; R2 without IBAKE has nothing to open', () => {
    const keys = keysOf(testLevel, 'A');
    expect(() => asB(keys.open)).toThrow('asked for another identity');
    expect(() => keys.open(whole.r2)).toThrow(code('BadOrder'));
  });

  it('N53 a target that is not in the messages: TARGET_MISMATCH, nothing opened', () => {
    const keys = keysOf(testLevel, 'A');
    const exchange = whole;
    for (const [role, target] of [
      ['initiator', carol],
      ['initiator', bob],
      ['responder', alice],
      ['responder', device],
    ] as const) {
      expect(() => discoverComponents({ exchange, role, target, open: keys.open })).toThrow(code('TARGET_MISMATCH'));
    }
    expect(keys.asked).toBe(0);
  });

  it('messages of two exchanges are refused before anything is opened', () => {
    const [other] = golden.filter(([, file]) => file.level !== 1024).map(([, file]) => exchangeOf(file));
    const keys = keysOf(testLevel, 'B');
    expect(() => asB(keys.open, { i1: whole.i1, i2: (other as typeof whole).i2 })).toThrow(code('CsbMismatch'));
    expect(keys.asked).toBe(0);
  });
});

describe('plaintexts', () => {
  it('honest ones give both sides the same key', () => {
    const a = recoverSessionKey(asA(saying({})), x);
    const b = recoverSessionKey(asB(saying({})), y);
    expect(a.equals(b)).toBe(true);
    expect(a.equals(sharedPoint(curve, x, eccptr.point))).toBe(true);
  });

  it('N20 T14 inner identities that are not the outer ones: IdentityMismatch', () => {
    expect(() => asA(saying({ R_MESSAGE_1: { idri: carol } }))).toThrow(code('IdentityMismatch'));
    expect(() => asA(saying({ R_MESSAGE_1: { idrr: carol } }))).toThrow(code('IdentityMismatch'));
    expect(() => asB(saying({ I_MESSAGE_1: { idrr: device } }))).toThrow(code('IdentityMismatch'));
    expect(() => asB(saying({ I_MESSAGE_1: { idri: carol } }))).toThrow(code('IdentityMismatch'));
    expect(() => asB(saying({ I_MESSAGE_2: { idri: carol } }))).toThrow(code('IdentityMismatch'));
    expect(() => asB(saying({ I_MESSAGE_2: { idrr: undefined } }))).toThrow(code('IdentityMismatch'));
  });

  it('N43 yP == xP: ReflectedKeyComponent', () => {
    expect(() => asA(saying({ R_MESSAGE_1: { eccptr: eccpti } }))).toThrow(code('ReflectedKeyComponent'));
    expect(() => asB(saying({ I_MESSAGE_2: { eccptr: eccpti } }))).toThrow(code('ReflectedKeyComponent'));
  });

  it('N36 N37 T5 curves and points are checked before they go anywhere', () => {
    const off = Uint8Array.from(eccptr.point);
    off[64] = (off[64] as number) ^ 1;
    expect(() => asA(saying({ R_MESSAGE_1: { eccptr: { curve: 8, point: off } } }))).toThrow(code('InvalidPoint'));
    expect(() => asB(saying({ I_MESSAGE_1: { eccpti: { curve: 8, point: off } } }))).toThrow(code('InvalidPoint'));
    expect(() => asA(saying({ R_MESSAGE_1: { eccptr: { curve: 11, point: eccptr.point } } }))).toThrow(
      code('InvalidDh'),
    );
    const p192 = { eccpti: { curve: 1, point: eccpti.point }, eccptr: { curve: 1, point: eccptr.point } };
    expect(() => asA(saying({ R_MESSAGE_1: p192 }))).toThrow(code('InvalidDh'));
  });

  it('I2 that repeats the initiator part must repeat that of I1', () => {
    expect(asB(saying({ I_MESSAGE_2: { eccpti, na } })).peerPoint).toBe(eccpti.point);
    for (const other of [
      { eccpti: eccptr, na },
      { eccpti, na: nb },
      { eccpti },
      { eccpti: { ...eccpti, curve: 11 }, na },
    ]) {
      expect(() => asB(saying({ I_MESSAGE_2: other }))).toThrow(code('KeyComponentMismatch'));
    }
  });

  it("a target's nonce that is missing: NONCE_ABSENT when the peer uses nonces itself, else NONCE_NOT_RETURNED", () => {
    expect(() => asA(saying({ R_MESSAGE_1: { na: undefined } }))).toThrow(code('NONCE_ABSENT'));
    expect(() => asA(saying({ R_MESSAGE_1: { na: undefined, nb: undefined } }))).toThrow(code('NONCE_NOT_RETURNED'));
    expect(() => asB(saying({ I_MESSAGE_2: { nb: undefined } }))).toThrow(code('NONCE_ABSENT'));
    expect(() => asB(saying({ I_MESSAGE_1: { na: undefined }, I_MESSAGE_2: { nb: undefined } }))).toThrow(
      code('NONCE_NOT_RETURNED'),
    );
  });

  it("the peer's nonce may be missing", () => {
    const a = asA(saying({ R_MESSAGE_1: { nb: undefined } }));
    expect([a.ownNonce, a.na, a.nb]).toEqual([na, na, undefined]);
    const b = asB(saying({ I_MESSAGE_1: { na: undefined } }));
    expect([b.ownNonce, b.na, b.nb]).toEqual([nb, undefined, nb]);
  });

  it('N64 a scalar that does not give the point is refused again, whoever opened it', () => {
    const components = asA(saying({}));
    for (const wrong of [
      y,
      new Secret('EcdhScalar', new Uint8Array(32)),
      new Secret('EcdhScalar', new Uint8Array(32).fill(0xff)),
    ]) {
      expect(() => recoverSessionKey(components, wrong)).toThrow(code('NONCE_COMMITMENT_MISMATCH'));
    }
  });
});

describe('forked and retargeted calls', () => {
  const answeredBy = (idrr: typeof bob): Exchange => ({
    i1: whole.i1,
    r1: { ...whole.r1, idrr },
    i2: { ...whole.i2, idrr },
    r2: { ...whole.r2, idrr, encrypted: new Uint8Array() },
  });

  it('a device answers: its identity stands in the components, for the user and for the device as target', () => {
    const open = saying({ R_MESSAGE_1: { idrr: device }, I_MESSAGE_2: { idrr: device } });
    const exchange = answeredBy(device);
    for (const target of [bob, device]) {
      expect(discoverComponents({ exchange, role: 'responder', target, open })).toMatchObject({
        idrr: device,
        ownNonce: nb,
      });
    }
    expect(asA(open, exchange)).toMatchObject({ idrr: device, ownNonce: na });
  });

  describe('another identity answers without having opened I1 (6.2)', () => {
    const exchange = answeredBy(carol);
    const open = saying({
      I_MESSAGE_1: { idrr: bob },
      R_MESSAGE_1: { idrr: carol, eccpti: undefined, na: undefined },
      I_MESSAGE_2: { idrr: carol, eccpti, na },
      R_MESSAGE_2: { eccpti, na },
    });
    const accept = { exchange, open, acceptRetarget: true };

    it('N73 refused by default, on both sides', () => {
      expect(() => asA(open, exchange)).toThrow(code('RetargetRefused'));
      expect(() => discoverComponents({ exchange, open, role: 'responder', target: carol })).toThrow(
        code('RetargetRefused'),
      );
    });

    it('target A: R1 and R2; without R2 it says so', () => {
      const components = discoverComponents({ ...accept, role: 'initiator', target: alice });
      expect(components).toMatchObject({ ownPoint: eccpti.point, ownNonce: na, peerPoint: eccptr.point, idrr: carol });
      const { r1 } = exchange as Required<Exchange>;
      expect(() => discoverComponents({ ...accept, exchange: { r1 }, role: 'initiator', target: alice })).toThrow(
        expect.objectContaining({ code: 'INCOMPLETE', message: expect.stringContaining('R_MESSAGE_2') as unknown }),
      );
    });

    it('target C: I2 alone is opened, I1 gives T', () => {
      const opened: string[] = [];
      const watched: MessageOpener = (message) => {
        opened.push(message.type);
        return open(message);
      };
      const components = discoverComponents({ ...accept, open: watched, role: 'responder', target: carol });
      expect(components).toMatchObject({
        ownPoint: eccptr.point,
        ownNonce: nb,
        peerPoint: eccpti.point,
        t1: whole.i1.t,
      });
      expect(opened).toEqual(['I_MESSAGE_2']);
      const bare = saying({ I_MESSAGE_2: { idrr: carol } });
      expect(() => discoverComponents({ ...accept, open: bare, role: 'responder', target: carol })).toThrow(
        code('BadIbakeOrder'),
      );
    });

    it('target B was called and has no part in the key: RetargetRefused', () => {
      expect(() => discoverComponents({ ...accept, role: 'responder', target: bob })).toThrow(code('RetargetRefused'));
    });
  });
});

describe('media keys', () => {
  const k = new Secret('SessionKey', fromHex(testLevel.K_SESSION));
  const withMap = (csMap: typeof whole.r2.csMap): Exchange => ({ ...whole, r2: { ...whole.r2, csMap } });

  it('two m-lines: index and direction follow from the CS ID; SSRC 0 has no stream', () => {
    const entry = { policy: 0, ssrc: 5, roc: 3 };
    const keys = deriveMediaKeys(withMap([{ ...entry, ssrc: 0 }, entry, entry, { ...entry, ssrc: 0 }]), k);
    expect(keys.map(({ csId, mediaIndex, direction, roc }) => [csId, mediaIndex, direction, roc])).toEqual([
      [2, 0, 'responder-to-initiator', 3],
      [3, 1, 'initiator-to-responder', 3],
    ]);
    expect(new Set(keys.map(({ masterKey }) => masterKey.use(toHex))).size).toBe(2);
  });

  it('an entry whose policy was not sent: InvalidSecurityPolicy', () => {
    expect(() =>
      deriveMediaKeys(
        withMap([
          { policy: 7, ssrc: 5, roc: 0 },
          { policy: 0, ssrc: 6, roc: 0 },
        ]),
        k,
      ),
    ).toThrow(code('InvalidSecurityPolicy'));
  });

  it('N45 a policy with the NULL cipher: InvalidSecurityPolicyParameter', () => {
    const i1 = {
      ...whole.i1,
      policies: [{ kind: 'SP', policy: 0, protocol: 0, parameters: [{ type: 0, value: Uint8Array.of(0) }] }] as const,
    };
    expect(() => deriveMediaKeys({ ...whole, i1 }, k)).toThrow(code('InvalidSecurityPolicyParameter'));
  });

  it('print nothing', () => {
    const [key] = deriveMediaKeys(whole, k);
    expect(JSON.stringify(key?.masterKey)).toBe('"[secret SrtpMasterKey 16B]"');
  });
});
