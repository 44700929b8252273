/**
 * The dissector for Wireshark finds what our decoder finds, at the same octets; what our decoder refuses as broken it
 * flags, and no octets make it fail.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, isHalfkeyError, toBase64, toHex } from '../../src/foundation/base/index.ts';
import { identityFromText, identityToWire } from '../../src/foundation/identity/index.ts';
import { encodeEskPlaintext } from '../../src/protocol/mikey/deferred/index.ts';
import {
  decodeIbakePlaintext,
  decodeMessage,
  encodeIbakePlaintext,
  encodeMessage,
  type MikeyMessage,
} from '../../src/protocol/mikey/index.ts';
import { golden, GOLDEN_NAMES, goldenMessage, SHORT, TYPES } from '../protocol/mikey/golden.ts';
import { GOLDEN_CALL, temporaryDirectory } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { dissect, expected, type Dissected, type Found } from './dissector.ts';
import { mikeyCapture } from './mikey-fields.ts';

/** Ethernet, IPv4 and UDP. */
const UDP_HEADERS = 42;
const IN_THE_CALL = TYPES.flatMap((type) => [type, type]);

function written(octets: Uint8Array): string {
  const file = join(temporaryDirectory(), 'messages.pcap');
  writeFileSync(file, octets);
  return file;
}

const overUdp = (messages: readonly Uint8Array[], ...options: readonly string[]): Dissected[] =>
  dissect(written(mikeyCapture(messages)), UDP_HEADERS, ...options);

function isBroken(bytes: Uint8Array): boolean {
  try {
    expected(bytes);
    return false;
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return true;
  }
}

describe('the dissector finds what our decoder finds', () => {
  it('in every golden message, on UDP', () => {
    needs('tshark');
    const messages = GOLDEN_NAMES.flatMap((name) => TYPES.map((type) => goldenMessage(type, name)));
    expect(overUdp(messages)).toEqual(messages.map((message) => ({ fields: expected(message) })));
  });

  it('in the golden call, in SDP', () => {
    needs('tshark');
    const found = dissect(GOLDEN_CALL, 0, '-Y', 'halfkey');
    expect(found).toEqual(IN_THE_CALL.map((type) => ({ fields: expected(goldenMessage(type, 'n3072-mode3-P-256')) })));
  });

  it('in a message with RANDR, the identities of both KMS and an ESK', () => {
    needs('tshark');
    const original = decodeMessage(goldenMessage('I_MESSAGE_2'));
    const data = identityToWire(identityFromText('sip:kms@operator-a.example'));
    const message = encodeMessage({
      ...original,
      payloads: original.payloads.flatMap((payload): MikeyMessage['payloads'] =>
        payload.kind === 'IBAKE'
          ? [
              { kind: 'IDR', role: 6, idType: 1, data },
              { kind: 'RANDR', role: 241, value: new Uint8Array(16).fill(7) },
              payload,
              { kind: 'ESK', encrypted: payload.encrypted },
            ]
          : [payload],
      ),
    });
    expect(overUdp([message])).toEqual([{ fields: expected(message) }]);
  });

  it('in plaintexts, given as packets of their own', () => {
    needs('tshark');
    const file = golden('n2048-mode2-P-384');
    const types = ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2'] as const;
    const plaintexts = types.map((type) => fromHex(file.plain[SHORT[type]]));
    const found = overUdp(plaintexts, '-d', 'udp.port==2269,halfkey_plaintext');
    types.forEach((type, i) => {
      const bytes = plaintexts[i] as Uint8Array;
      const { idri, idrr, eccpti, na, eccptr, nb } = decodeIbakePlaintext(type, bytes);
      const at = (name: string, view: Uint8Array | undefined): Found[] =>
        view === undefined ? [] : [[`halfkey.${name}`, view.byteOffset - bytes.byteOffset, toHex(view)]];
      const wanted = [
        ...at('eccpt.point', eccpti?.point),
        ...at('randr.value', na),
        ...at('eccpt.point', eccptr?.point),
        ...at('randr.value', nb),
      ];
      expect(found[i]?.malformed).toBeUndefined();
      expect(found[i]?.fields.filter(([name]) => /point|randr\.value/.test(name))).toEqual(wanted);
      expect(found[i]?.fields.flatMap(([name, , octets]) => (name === 'halfkey.idr.data' ? [octets] : []))).toEqual(
        [idri, idrr].flatMap((identity) => (identity === undefined ? [] : [toHex(identityToWire(identity))])),
      );
    });
  });

  it('in plaintexts with an MKI, and in that of an ESK', () => {
    needs('tshark');
    const idri = identityFromText('sip:alice@operator-a.example');
    const eccpti = { curve: 8, point: fromHex(golden().xP), mki: Uint8Array.of(1, 2, 3, 4) };
    const ibake = encodeIbakePlaintext('R_MESSAGE_2', { idri, eccpti });
    const esk = encodeEskPlaintext({ idri, key: new Uint8Array(32).fill(9), validity: { kv: 0 } });
    const [first, second] = overUdp([ibake, esk], '-d', 'udp.port==2269,halfkey_plaintext');
    expect(first?.fields.slice(-2)).toEqual([
      ['halfkey.kv.spi_length', ibake.length - 5, '04'],
      ['halfkey.kv.spi', ibake.length - 4, '01020304'],
    ]);
    expect(second?.fields.at(-1)).toEqual(['halfkey.sk.key', esk.length - 32, '09'.repeat(32)]);
    expect([first?.malformed, second?.malformed]).toEqual([undefined, undefined]);
  });
});

describe('broken octets are flagged, and never a Lua error', () => {
  it('cut off at every octet', () => {
    needs('tshark');
    const whole = goldenMessage('R_MESSAGE_1');
    // In one octet there is no data type: it is not known to be ours.
    const cut = Array.from({ length: whole.length - 2 }, (_, i) => whole.slice(0, i + 2));
    const found = overUdp(cut);
    expect(found).toHaveLength(cut.length);
    expect(found.filter(({ malformed }) => malformed === undefined)).toEqual([]);
  });

  it('with an octet set, flipped, taken out or put in: flagged exactly where our decoder refuses', () => {
    needs('tshark');
    const originals = GOLDEN_NAMES.flatMap((name) => TYPES.map((type) => goldenMessage(type, name)));
    const damage = fc.record({
      original: fc.constantFrom(...originals),
      // The structure is in front; the envelope begins behind octet 150.
      at: fc.oneof(fc.nat(60), fc.nat(260), fc.nat(2000)),
      octet: fc.nat(255),
      how: fc.constantFrom('set', 'flip', 'cut', 'put'),
    });
    const messages = fc
      .sample(damage, { numRuns: 800, seed: 6267 })
      .map(({ original, at: place, octet, how }) => {
        const octets = [...original];
        const at = place % octets.length;
        if (how === 'set') octets[at] = octet;
        if (how === 'flip') octets[at] = (octets[at] as number) ^ (1 << (octet % 8));
        if (how === 'cut') octets.splice(at, 1);
        if (how === 'put') octets.splice(at, 0, octet);
        return Uint8Array.from(octets);
      })
      .filter(({ 1: type = 0 }) => type >= 19 && type <= 25);
    const found = overUdp(messages);
    const flags = found.map(({ malformed }) => malformed !== undefined);
    expect(messages.map(toHex).filter((_, i) => flags[i] !== isBroken(messages[i] as Uint8Array))).toEqual([]);
    expect(flags).toContain(true);
    expect(flags).toContain(false);
  });

  it('in plaintexts, cut off at every octet', () => {
    needs('tshark');
    const whole = fromHex(golden().plain.R1);
    const cut = Array.from({ length: whole.length - 1 }, (_, i) => whole.slice(0, i + 1));
    const found = overUdp(cut, '-d', 'udp.port==2269,halfkey_plaintext');
    expect(found.filter(({ malformed }) => malformed === undefined)).toEqual([]);
  });
});

it('a planted fault, one octet of U in the golden call, is found in that field alone', () => {
  needs('tshark');
  const original = goldenMessage('I_MESSAGE_1', 'n3072-mode3-P-256');
  const [, at] = expected(original).find(([name]) => name === 'halfkey.kem.u.x') as Found;
  const changed = original.with(at + 100, (original[at + 100] as number) ^ 1);
  const capture = Buffer.from(readFileSync(GOLDEN_CALL));
  capture.write(toBase64(changed), capture.indexOf(toBase64(original)), 'latin1');
  const found = dissect(written(capture), 0, '-Y', 'halfkey');
  const differ = found.map(({ fields }, i) => {
    const ours = expected(goldenMessage(IN_THE_CALL[i] as (typeof TYPES)[number], 'n3072-mode3-P-256'));
    return fields.filter(([, , octets], j) => octets !== ours[j]?.[2]).map(([name]) => name);
  });
  // The encrypted data and the encapsulation have it, and U.x in them.
  expect(differ).toEqual(IN_THE_CALL.map((_, i) => (i === 0 ? ['halfkey.encrypted', 'halfkey.kem.u.x'] : [])));
});
