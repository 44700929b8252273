import { describe, expect, it } from 'vitest';
import { signFederationTable } from '../../../src/contract/provisioning/index.ts';
import { encodePublicParameters } from '../../../src/crypto/ibe/index.ts';
import { openFederation } from '../../../src/entity/endpoint/index.ts';
import { toBase64 } from '../../../src/foundation/base/index.ts';
import { district as districtOf, identityFromText } from '../../../src/foundation/identity/index.ts';
import { coded } from '../../platform/support.ts';
import {
  ALICE,
  BOB,
  DAY,
  DISTRICT_A,
  DISTRICT_B,
  entry,
  entryB,
  federation,
  memoryPins,
  MIDNIGHT,
  parameters,
  paramsOf,
  PHONE,
  publisher,
  s,
  table,
  testClock,
} from './holders.ts';

const open = (clock: () => number, content = table(), allowTestLevels = true): ReturnType<typeof openFederation> =>
  openFederation({
    table: signFederationTable(content, publisher.privateKey),
    publicKey: publisher.publicKey,
    clock,
    pins: memoryPins(),
    allowTestLevels,
  });

describe('finding a district', () => {
  it('goes by the domain, exactly, and by the longest number prefix', async () => {
    const found = await federation(table());
    const districtOfText = (text: string): string => found.peer(identityFromText(text)).district.name;
    expect(found.peer(BOB)).toMatchObject({
      district: { name: DISTRICT_B, serial: 1n, keyEpochSeconds: DAY },
      params: paramsOf(s.b),
    });
    expect(districtOfText(PHONE.text)).toBe(DISTRICT_A);
    expect(districtOfText('dave@operator-b.example')).toBe(DISTRICT_B);
    // The user part of a number is no number of this table: the domain counts.
    expect(districtOfText('sip:+33123@operator-a.example')).toBe(DISTRICT_A);
    expect(districtOfText('tel:+442071')).toBe(DISTRICT_A);
    expect(districtOfText('tel:+4420')).toBe(DISTRICT_A);
    expect(districtOfText('tel:+442')).toBe(DISTRICT_B);
    expect(districtOfText('tel:+33123')).toBe(DISTRICT_B);
  });

  it.each([
    'sip:bob@elsewhere.example',
    'sip:bob@sub.operator-b.example',
    'sip:bob@example',
    'sip:operator-b.example@evil.example',
    'tel:+1555',
    'tel:+3',
  ])('an identity that no entry covers: PEER_UNKNOWN (%s)', async (text) => {
    const found = await federation(table());
    expect(() => found.peer(identityFromText(text))).toThrow(coded('PEER_UNKNOWN'));
  });

  it('gives the same parameters object each time', async () => {
    const found = await federation(table());
    expect(found.peer(BOB).params).toBe(found.peer(BOB).params);
  });

  it('believes a hint only when the table says the same', async () => {
    const kms = 'kms@operator-b.example';
    const found = await federation(table({ entries: [entry(), entryB({ kms })] }));
    const hint = (text: string): ReturnType<typeof identityFromText> => identityFromText(text);
    expect(found.hintAccepted(BOB, hint(kms))).toBe(true);
    expect(found.hintAccepted(BOB, hint('kms@operator-a.example'))).toBe(false);
    expect(found.hintAccepted(BOB, hint('sip:kms@operator-b.example'))).toBe(false);
    expect(found.hintAccepted(ALICE, hint(kms))).toBe(false);
    expect(() => found.hintAccepted(hint('sip:x@elsewhere.example'), hint(kms))).toThrow(coded('PEER_UNKNOWN'));
  });
});

describe('validity', () => {
  const overlap = table({
    entries: [
      entryB({
        parameters: [
          parameters(s.b, { serial: 4, validTo: MIDNIGHT + 2 * DAY }),
          parameters(s.a, { serial: 5, validFrom: MIDNIGHT + DAY - 3600 }),
        ],
      }),
    ],
  });

  it('two serials: the highest that is valid now and for the key epoch', async () => {
    const clock = testClock(MIDNIGHT);
    const found = await federation(overlap, { clock });
    const serialAt = (seconds: number): bigint => {
      clock.seconds = seconds;
      return found.peer(BOB).district.serial;
    };
    expect(serialAt(MIDNIGHT)).toBe(4n);
    // Valid already, but the key epoch began before: a switch happens where an epoch begins.
    expect(serialAt(MIDNIGHT + DAY - 1800)).toBe(4n);
    expect(serialAt(MIDNIGHT + DAY)).toBe(5n);
    expect(serialAt(MIDNIGHT + 3 * DAY)).toBe(5n);
  });

  it('N70 no parameters valid now: ParametersUnusable', async () => {
    const clock = testClock(MIDNIGHT);
    const found = await federation(overlap, { clock });
    clock.seconds = MIDNIGHT + 399 * DAY;
    expect(found.peer(BOB).district.serial).toBe(5n);
    clock.seconds = MIDNIGHT + 400 * DAY;
    expect(() => found.peer(BOB)).toThrow(coded('ParametersUnusable'));
  });

  it('N70 an expired table: ParametersUnusable, when it is opened and later', async () => {
    const clock = testClock(MIDNIGHT);
    const found = await federation(table({ validTo: MIDNIGHT + 1 }), { clock });
    clock.seconds = MIDNIGHT + 1;
    expect(() => found.peer(BOB)).toThrow(coded('ParametersUnusable'));
    await expect(federation(table({ validTo: MIDNIGHT + 1 }), { clock })).rejects.toThrow(coded('ParametersUnusable'));
    await expect(federation(table({ validFrom: MIDNIGHT + 2 }), { clock })).rejects.toThrow(
      coded('ParametersUnusable'),
    );
  });
});

describe('no step back', () => {
  it('N70 serial rollback: ParametersUnusable, and nothing of that table is kept', async () => {
    const pins = memoryPins();
    await federation(
      table({ sequence: 3, entries: [entry(), entryB({ parameters: [parameters(s.b, { serial: 7 })] })] }),
      { pins },
    );
    expect(Object.fromEntries(pins.kept)).toEqual({ 'federation table': 3n, [DISTRICT_A]: 1n, [DISTRICT_B]: 7n });
    const before = new Map(pins.kept);
    const raised = entry({ parameters: [parameters(s.a, { serial: 9 })] });
    await expect(
      federation(table({ sequence: 4, entries: [raised, entryB({ parameters: [parameters(s.b, { serial: 6 })] })] }), {
        pins,
      }),
    ).rejects.toThrow(coded('ParametersUnusable', { message: 'serial rollback' }));
    await expect(federation(table({ sequence: 2, entries: [raised] }), { pins })).rejects.toThrow(
      coded('ParametersUnusable'),
    );
    expect(pins.kept).toEqual(before);
    await federation(table({ sequence: 3, entries: [raised] }), { pins });
    expect(pins.kept.get(DISTRICT_A)).toBe(9n);
  });
});

describe('parameters', () => {
  const withParameters = (publicParameters: string): ReturnType<typeof table> =>
    table({ entries: [entry(), entryB({ parameters: [parameters(s.b, { publicParameters })] })] });

  it('N69 P_pub of wrong order: BadParameters at first use, and other districts still serve', async () => {
    const params = paramsOf(s.b);
    const bad = { ...params, Ppub: { x: 0n, y: 1n } };
    const found = await federation(withParameters(toBase64(encodePublicParameters(bad))));
    for (let round = 0; round < 2; round++) expect(() => found.peer(BOB)).toThrow(coded('BadParameters'));
    expect(found.peer(ALICE).district.name).toBe(DISTRICT_A);
  });

  it('N69 what is not DER BFPublicParameters: BadDer, BadBase64', async () => {
    const octets = encodePublicParameters(paramsOf(s.b));
    const cut = await federation(withParameters(toBase64(octets.subarray(0, -1))));
    expect(() => cut.peer(BOB)).toThrow(coded('BadDer'));
    const loose = await federation(withParameters('AB=='));
    expect(() => loose.peer(BOB)).toThrow(coded('BadBase64'));
  });

  it('N71 level 1024 in production: LevelRefused', async () => {
    const found = await open(testClock(MIDNIGHT), table(), false);
    expect(() => found.peer(BOB)).toThrow(coded('LevelRefused'));
  });

  it("the own KMS's word is compared with the table", async () => {
    const found = await federation(table());
    const own = toBase64(encodePublicParameters(paramsOf(s.a)));
    const district = (name: string, serial: bigint, seconds = DAY): ReturnType<typeof districtOf> =>
      districtOf(name, serial, seconds);
    expect(() => {
      found.assertOwn(ALICE, district(DISTRICT_A, 1n), own);
    }).not.toThrow();
    const wrong: Parameters<typeof found.assertOwn>[] = [
      [ALICE, district(DISTRICT_B, 1n), own],
      [ALICE, district(DISTRICT_A, 2n), own],
      [ALICE, district(DISTRICT_A, 1n, 3600), own],
      [ALICE, district(DISTRICT_A, 1n), toBase64(encodePublicParameters(paramsOf(s.b)))],
      [BOB, district(DISTRICT_A, 1n), own],
    ];
    for (const args of wrong) {
      expect(() => {
        found.assertOwn(...args);
      }).toThrow(coded('ParametersUnusable'));
    }
  });
});
