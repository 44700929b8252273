/** What ties an exchange together, and what each side needs of it (protocol profile 4.1, 4.4; P9). */
import { describe, expect, it } from 'vitest';
import { fromHex, ntpTime, Secret, toHex } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import {
  assertComplete,
  checkExchange,
  deriveMediaKeys,
  confirmSessionKey,
  discoverComponents,
  exchangeFrom,
  messagesOf,
  neededMessages,
  recipientOf,
  rolesOf,
  type Exchange,
} from '../../../src/protocol/discovery/index.ts';
import type { CsMapEntry, IbakeMessage } from '../../../src/protocol/mikey/index.ts';
import { alice, bob, exchangeOf, golden, keysOf, testLevel } from './fixture.ts';

const code = (name: string): unknown => expect.objectContaining({ code: name });
const whole = exchangeOf(testLevel);
const device = identityFromText(`${bob.text};gr=one`);
const carol = identityFromText('sip:carol@operator-b.example');
type Slot = keyof Exchange;
const slots: Slot[] = ['i1', 'r1', 'i2', 'r2'];

/** The whole exchange with one message changed. */
function changed(slot: Slot, change: Partial<IbakeMessage>): Required<Exchange> {
  return { ...whole, [slot]: { ...whole[slot], ...change } };
}
function map(change: (entries: CsMapEntry[]) => CsMapEntry[], of: Slot = 'r1'): readonly CsMapEntry[] {
  return change(whole[of].csMap.map((entry) => ({ ...entry })));
}
function subsets(): Exchange[] {
  return Array.from({ length: 16 }, (_, bits) =>
    exchangeFrom(slots.filter((_slot, i) => (bits >> i) & 1).map((slot) => whole[slot])),
  );
}

describe('tie rules', () => {
  it.each(golden)('%s and each non-empty part of it pass', (_name, file) => {
    expect(() => {
      checkExchange(exchangeOf(file));
    }).not.toThrow();
    for (const part of subsets().filter((subset) => messagesOf(subset).length > 0)) {
      expect(() => {
        checkExchange(part);
      }).not.toThrow();
    }
  });

  const entry = { policy: 0, ssrc: 1, roc: 0 };
  it.each<[string, Slot, Partial<IbakeMessage>, string]>([
    ['N13 RAND of I2 differs', 'i2', { rand: new Uint8Array(16) }, 'RandMismatch'],
    ['N14 T of R1 differs', 'r1', { t: ntpTime(fromHex('eb1facc080000001')) }, 'TimestampMismatch'],
    ['N14 T of R2 differs', 'r2', { t: whole.i1.t }, 'TimestampMismatch'],
    ['T of I2 is not that of R2', 'i2', { t: whole.i1.t }, 'TimestampMismatch'],
    ['N16 CSB ID changed in R1', 'r1', { csbId: new Uint8Array(4) }, 'CsbMismatch'],
    ['N16 CSB ID changed in R2', 'r2', { csbId: new Uint8Array(4) }, 'CsbMismatch'],
    ['N17 #CS changed in R1', 'r1', { csMap: map((m) => [...m, entry, entry]) }, 'CsMapMismatch'],
    ['N17 #CS 0 in R1', 'r1', { csMap: [] }, 'CsMapMismatch'],
    [
      'N17 a non-zero SSRC changed in R1',
      'r1',
      { csMap: map(([a, b]) => [{ ...a, ssrc: 9 }, b] as CsMapEntry[]) },
      'CsMapMismatch',
    ],
    [
      'N17 ROC of a filled entry changed in R1',
      'r1',
      { csMap: map(([a, b]) => [{ ...a, roc: 1 }, b] as CsMapEntry[]) },
      'CsMapMismatch',
    ],
    [
      'the policy of a filled entry changed in R1',
      'r1',
      { csMap: map(([a, b]) => [{ ...a, policy: 1 }, b] as CsMapEntry[]) },
      'CsMapMismatch',
    ],
    [
      'I2 changes what R1 filled',
      'i2',
      { csMap: map(([a, b]) => [a, { ...b, ssrc: 9 }] as CsMapEntry[]) },
      'CsMapMismatch',
    ],
    [
      'R2 empties what R1 filled',
      'r2',
      { csMap: map(([a, b]) => [a, { ...b, ssrc: 0 }] as CsMapEntry[]) },
      'CsMapMismatch',
    ],
    ['T12 PRF changed', 'r1', { prf: 0 }, 'CsMapMismatch'],
    ['IDRi changed', 'i2', { idri: carol }, 'IdentityMismatch'],
    ['IDRr of I2 is not that of R1', 'i2', { idrr: device }, 'IdentityMismatch'],
    ['IDRr of R2 is not that of R1', 'r2', { idrr: device }, 'IdentityMismatch'],
    ['N44 IDRi == IDRr', 'r1', { idrr: alice }, 'SelfCall'],
  ])('%s', (_what, slot, change, error) => {
    expect(() => {
      checkExchange(changed(slot, change));
    }).toThrow(code(error));
  });

  it('N15 T of I2 not later than that of I1, whichever messages show it', () => {
    const early = { t: ntpTime(fromHex('eb1facc07fffffff')) };
    const i2 = { ...whole.i2, ...early };
    const r2 = { ...whole.r2, ...early };
    for (const part of [
      { ...whole, i2, r2 },
      { i1: whole.i1, i2 },
      { r1: whole.r1, i2 },
      { r1: whole.r1, r2 },
    ]) {
      expect(() => {
        checkExchange(part);
      }).toThrow(code('TimestampNotFresh'));
    }
    const same = { ...whole.i2, t: whole.i1.t };
    expect(() => {
      checkExchange({ i1: whole.i1, i2: same });
    }).toThrow(code('TimestampNotFresh'));
  });

  it('N17 without R1, I2 may still only fill what was zero in I1', () => {
    const i2 = { ...whole.i2, csMap: map(([a, b]) => [{ ...a, ssrc: 9 }, b] as CsMapEntry[]) };
    expect(() => {
      checkExchange({ i1: whole.i1, i2 });
    }).toThrow(code('CsMapMismatch'));
  });

  it('N73 another identity answers: RetargetRefused; a device of the called one may, and others by policy', () => {
    const answeredBy = (idrr: typeof bob): Exchange => ({
      i1: whole.i1,
      r1: { ...whole.r1, idrr },
      i2: { ...whole.i2, idrr },
      r2: { ...whole.r2, idrr },
    });
    expect(() => {
      checkExchange(answeredBy(device));
    }).not.toThrow();
    expect(() => {
      checkExchange(answeredBy(carol));
    }).toThrow(code('RetargetRefused'));
    expect(() => {
      checkExchange({ i1: whole.i1, i2: { ...whole.i2, idrr: carol } });
    }).toThrow(code('RetargetRefused'));
    expect(() => {
      checkExchange(answeredBy(carol), { acceptRetarget: true });
    }).not.toThrow();
    const toDevice = { ...answeredBy(bob), i1: { ...whole.i1, idrr: device } };
    expect(() => {
      checkExchange(toDevice);
    }).toThrow(code('RetargetRefused'));
  });

  it('no message at all: INCOMPLETE', () => {
    expect(() => {
      checkExchange({});
    }).toThrow(code('INCOMPLETE'));
  });
});

describe('sides', () => {
  it('the recipient is computed: I1 and I2 are for IDRr, R1 and R2 for IDRi', () => {
    expect(slots.map((slot) => recipientOf(whole[slot]))).toEqual([bob, alice, bob, alice]);
  });

  it('exact identities decide on which side a target is', () => {
    const forked: Exchange = { i1: whole.i1, r1: { ...whole.r1, idrr: device }, i2: { ...whole.i2, idrr: device } };
    expect(rolesOf(forked, alice)).toEqual(['initiator']);
    expect(rolesOf(forked, bob)).toEqual(['responder']);
    expect(rolesOf(forked, device)).toEqual(['responder']);
    expect(rolesOf(forked, carol)).toEqual([]);
    expect(rolesOf({ r1: whole.r1 }, device)).toEqual([]);
  });

  it('two messages of one type are not one exchange', () => {
    expect(() => exchangeFrom([whole.i1, whole.r1, whole.i1])).toThrow(code('DuplicatePayload'));
    expect(exchangeFrom([whole.r2, whole.i1])).toEqual({ i1: whole.i1, r2: whole.r2 });
  });
});

describe('what is needed', () => {
  const { open: openA } = keysOf(testLevel, 'A');
  const { open: openB } = keysOf(testLevel, 'B');

  it('N56 target B with only I1: INCOMPLETE, need I_MESSAGE_2', () => {
    const error = expect.objectContaining({ code: 'INCOMPLETE', message: 'need I_MESSAGE_2' }) as unknown;
    expect(() => {
      assertComplete({ i1: whole.i1 }, 'responder');
    }).toThrow(error);
    expect(() =>
      discoverComponents({ exchange: { i1: whole.i1 }, role: 'responder', target: bob, open: openB }),
    ).toThrow(error);
  });

  it('N57 target A without R1: INCOMPLETE, need R_MESSAGE_1', () => {
    const error = expect.objectContaining({ code: 'INCOMPLETE', message: 'need R_MESSAGE_1' }) as unknown;
    const { i1, i2, r2 } = whole;
    expect(() => {
      assertComplete({ i1, i2, r2 }, 'initiator');
    }).toThrow(error);
    expect(() =>
      discoverComponents({ exchange: { i1, i2, r2 }, role: 'initiator', target: alice, open: openA }),
    ).toThrow(error);
  });

  it('P9 of all parts of an exchange exactly those with the minimal set give components', () => {
    for (const [role, target, open, needed] of [
      ['initiator', alice, openA, ['r1']],
      ['responder', bob, openB, ['i1', 'i2']],
    ] as const) {
      expect(neededMessages(role).map((type) => `${(type[0] as string).toLowerCase()}${type.slice(-1)}`)).toEqual(
        needed,
      );
      for (const exchange of subsets()) {
        const attempt = (): string => toHex(discoverComponents({ exchange, role, target, open }).csbId);
        if (needed.every((slot) => exchange[slot] !== undefined)) expect(attempt()).toBe(testLevel.csbId);
        else expect(attempt).toThrow(code('INCOMPLETE'));
      }
    }
  });

  it('confirmation and media keys say which message they miss', () => {
    const k = new Secret('SessionKey', fromHex(testLevel.K_SESSION));
    const { i1, r1, i2, r2 } = whole;
    const need = (message: RegExp): unknown =>
      expect.objectContaining({ code: 'INCOMPLETE', message: expect.stringMatching(message) as unknown });
    expect(confirmSessionKey({ i1, r1, i2 }, k)).toBe(false);
    expect(() => confirmSessionKey({ r1, r2 }, k)).toThrow(need(/RAND/));
    expect(confirmSessionKey({ i2, r2 }, k)).toBe(true);
    expect(() => deriveMediaKeys({ i1 }, k)).toThrow(need(/CS ID map/));
    expect(() => deriveMediaKeys({ r1 }, k)).toThrow(need(/RAND/));
    expect(() => deriveMediaKeys({ r1, i2 }, k)).toThrow(need(/policies/));
    expect(deriveMediaKeys({ i1, r1 }, k)).toHaveLength(2);
    expect(k.wiped).toBe(false);
  });
});
