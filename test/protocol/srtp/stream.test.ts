import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, uint } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError, type ErrorCode } from '../../../src/foundation/base/errors.ts';
import {
  createSrtpReceiver,
  createSrtpSender,
  type SrtpStreamOptions,
  type SuiteName,
} from '../../../src/protocol/srtp/index.ts';

const SUITES: readonly SuiteName[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AES_256_CM_HMAC_SHA1_80'];
const SSRC = 0xcafebabe;

function options(suite: SuiteName = 'AES_CM_128_HMAC_SHA1_80', roc = 0): SrtpStreamOptions & { ssrc: number } {
  const masterKey = fromHex('E1F97A0D3E018BE0D64FA32C06DE4139'.repeat(suite === 'AES_256_CM_HMAC_SHA1_80' ? 2 : 1));
  return { suite, masterKey, masterSalt: fromHex('0EC675AD498AFEEBB6960B3AABE6'), ssrc: SSRC, roc };
}

function rtp(sequence: number, payload: Uint8Array = fromHex('ab'.repeat(16)), ssrc = SSRC): Uint8Array {
  return concat(Uint8Array.of(0x80, 0x00), uint(sequence, 2), uint(160 * sequence, 4), uint(ssrc, 4), payload);
}

function codeOf(run: () => unknown): ErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (isHalfkeyError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('one packet', () => {
  it('is what libsrtp makes of it', () => {
    // The reference packet of libsrtp's own self test, under the master key of RFC 3711 B.3.
    const plain = fromHex('800f1234decafbadcafebabe' + 'ab'.repeat(16));
    const protectedPacket = fromHex('800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb');
    expect(toHex(createSrtpSender(options()).protect(plain))).toBe(toHex(protectedPacket));
    expect(toHex(createSrtpReceiver(options()).unprotect(protectedPacket))).toBe(toHex(plain));
  });

  it.each(SUITES)('comes back whole under %s, with CSRC list, extension and padding', (suite) => {
    fc.assert(
      fc.property(
        fc.nat(15),
        fc.option(fc.uint8Array({ maxLength: 5 })),
        fc.boolean(),
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(0xffff),
        (sources, extension, padding, payload, sequence) => {
          const packet = concat(
            Uint8Array.of(0x80 | (padding ? 0x20 : 0) | (extension === null ? 0 : 0x10) | sources, 0x80),
            uint(sequence, 2),
            uint(7, 4),
            uint(SSRC, 4),
            new Uint8Array(4 * sources).fill(0x5a),
            extension === null
              ? new Uint8Array()
              : concat(fromHex('bede'), uint(extension.length, 2), new Uint8Array(4 * extension.length).fill(1)),
            payload,
          );
          const sent = createSrtpSender(options(suite)).protect(packet);
          expect(sent.length).toBe(packet.length + (suite === 'AES_CM_128_HMAC_SHA1_32' ? 4 : 10));
          expect(createSrtpReceiver(options(suite)).unprotect(sent)).toEqual(packet);
        },
      ),
      { numRuns: 40, seed: 3711 },
    );
  });

  it('leaves the octets that it was given alone', () => {
    const packet = rtp(1);
    const sent = createSrtpSender(options()).protect(packet);
    const copy = Uint8Array.from(sent);
    createSrtpReceiver(options()).unprotect(sent);
    expect(packet).toEqual(rtp(1));
    expect(sent).toEqual(copy);
  });

  it('carries the MKI before the tag and is refused with another one', () => {
    const mki = fromHex('0a0b0c0d');
    const sent = createSrtpSender({ ...options(), mki }).protect(rtp(1));
    expect(sent.subarray(-14, -10)).toEqual(mki);
    expect(createSrtpReceiver({ ...options(), mki }).unprotect(sent)).toEqual(rtp(1));
    expect(codeOf(() => createSrtpReceiver({ ...options(), mki: fromHex('0a0b0c0e') }).unprotect(sent))).toBe(
      'SRTP_MALFORMED',
    );
  });
});

describe('rollover counter', () => {
  it('P19: every order within half the window gives every packet back, across the wrap and from its first packet on', () => {
    const sent = Array.from({ length: 24 }, (_, i) => rtp((0x10000 - 12 + i) % 0x10000, uint(i, 4)));
    const sender = createSrtpSender(options());
    const wire = sent.map((packet) => sender.protect(packet));
    fc.assert(
      fc.property(fc.shuffledSubarray([...sent.keys()], { minLength: 24 }), (order) => {
        const receiver = createSrtpReceiver(options());
        for (const i of order) expect(receiver.unprotect(wire[i] as Uint8Array)).toEqual(sent[i]);
      }),
      { numRuns: 60, seed: 19 },
    );
  });

  it('P19: goes on through several wraps', () => {
    const sender = createSrtpSender(options());
    const receiver = createSrtpReceiver(options());
    for (let i = 0; i < 30; i++) {
      const packet = rtp((i * 0x3fff) % 0x10000);
      expect(receiver.unprotect(sender.protect(packet))).toEqual(packet);
    }
  });

  it('starts in mid-stream with the ROC that it is given, also when the first packet stems from before or after the wrap', () => {
    const sender = createSrtpSender(options(undefined, 4));
    const before = sender.protect(rtp(0xfff0));
    const after = sender.protect(rtp(3)); // ROC 5
    for (const roc of [4, 5]) {
      for (const order of [
        [before, after],
        [after, before],
      ]) {
        const receiver = createSrtpReceiver(options(undefined, roc));
        expect(order.map((packet) => receiver.unprotect(packet).length)).toEqual([28, 28]);
      }
    }
    expect(codeOf(() => createSrtpReceiver(options(undefined, 7)).unprotect(before))).toBe('SRTP_AUTH_FAILED');
    expect(codeOf(() => createSrtpReceiver(options()).unprotect(after))).toBe('SRTP_AUTH_FAILED');
  });

  it('never wraps below ROC 0: a jump of more than half the sequence space stays in it', () => {
    const sender = createSrtpSender(options());
    const receiver = createSrtpReceiver(options());
    expect(receiver.unprotect(sender.protect(rtp(5)))).toEqual(rtp(5));
    expect(receiver.unprotect(sender.protect(rtp(0xf000)))).toEqual(rtp(0xf000));
  });

  it('ends when the 48 bits of the index are used up', () => {
    const sender = createSrtpSender(options(undefined, 0xffffffff));
    const receiver = createSrtpReceiver(options(undefined, 0xffffffff));
    const last = sender.protect(rtp(0xffff));
    expect(receiver.unprotect(last)).toEqual(rtp(0xffff));
    expect(codeOf(() => sender.protect(rtp(0)))).toBe('SRTP_REPLAYED');
    expect(codeOf(() => receiver.unprotect(last.map((octet, i) => (i === 2 || i === 3 ? 0 : octet))))).toBe(
      'SRTP_REPLAYED',
    );
  });
});

describe('replay list', () => {
  it('N66 refuses an index twice, keeps 64, and the stream goes on', () => {
    const sender = createSrtpSender(options());
    const wire = Array.from({ length: 101 }, (_, i) => sender.protect(rtp(i)));
    const receiver = createSrtpReceiver(options());
    const receive = (i: number): ErrorCode | undefined => codeOf(() => receiver.unprotect(wire[i] as Uint8Array));
    expect(receive(10)).toBeUndefined();
    expect(receive(10)).toBe('SRTP_REPLAYED');
    expect(receive(99)).toBeUndefined();
    expect(receive(10)).toBe('SRTP_REPLAYED');
    expect(receive(35)).toBe('SRTP_REPLAYED'); // 64 older than 99
    expect(receive(36)).toBeUndefined();
    expect(receive(36)).toBe('SRTP_REPLAYED');
    expect(receive(98)).toBeUndefined();
    expect(receive(100)).toBeUndefined();
    expect(receive(36)).toBe('SRTP_REPLAYED');
    expect(receive(37)).toBeUndefined();
  });

  it('is not touched by a packet whose tag is wrong', () => {
    const sender = createSrtpSender(options());
    const receiver = createSrtpReceiver(options());
    const first = sender.protect(rtp(100));
    const forged = createSrtpSender({ ...options(), masterKey: new Uint8Array(16) });
    expect(codeOf(() => receiver.unprotect(forged.protect(rtp(0x9000))))).toBe('SRTP_AUTH_FAILED');
    expect(receiver.unprotect(first)).toEqual(rtp(100));
    for (const sequence of [101, 5000, 0x7fff]) {
      expect(codeOf(() => receiver.unprotect(forged.protect(rtp(sequence))))).toBe('SRTP_AUTH_FAILED');
    }
    expect(receiver.unprotect(sender.protect(rtp(101)))).toEqual(rtp(101));
  });

  it('keeps a sender from using an index twice', () => {
    const sender = createSrtpSender(options());
    sender.protect(rtp(1));
    expect(codeOf(() => sender.protect(rtp(1, fromHex('00'))))).toBe('SRTP_REPLAYED');
  });
});

describe('bad packets', () => {
  it('N66 every single bit that is flipped is noticed, and the packet itself still accepted afterwards', () => {
    for (const suite of SUITES) {
      const sent = createSrtpSender(options(suite)).protect(rtp(7));
      const receiver = createSrtpReceiver(options(suite));
      for (let bit = 0; bit < 8 * sent.length; bit++) {
        const flipped = sent.map((octet, i) => (i === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
        expect(['SRTP_AUTH_FAILED', 'SRTP_MALFORMED']).toContain(codeOf(() => receiver.unprotect(flipped)));
      }
      expect(receiver.unprotect(sent)).toEqual(rtp(7));
    }
  });

  it('N66 another SSRC is SRTP_MALFORMED, given or bound by the first authenticated packet', () => {
    const other = createSrtpSender({ ...options(), ssrc: 5 });
    const foreign = other.protect(rtp(1, undefined, 5));
    expect(codeOf(() => createSrtpReceiver(options()).unprotect(foreign))).toBe('SRTP_MALFORMED');
    const { suite, masterKey, masterSalt } = options();
    const receiver = createSrtpReceiver({ suite, masterKey, masterSalt });
    const forged = foreign.map((octet, i) => (i === foreign.length - 1 ? octet ^ 1 : octet));
    expect(codeOf(() => receiver.unprotect(forged))).toBe('SRTP_AUTH_FAILED'); // binds nothing
    const sender = createSrtpSender(options());
    expect(receiver.unprotect(sender.protect(rtp(1)))).toEqual(rtp(1));
    expect(codeOf(() => receiver.unprotect(foreign))).toBe('SRTP_MALFORMED');
    expect(codeOf(() => sender.protect(rtp(2, undefined, 5)))).toBe('SRTP_MALFORMED');
  });

  it.each([
    ['nothing', '', 0],
    ['shorter than header and tag', '800000010000000000000001' + '00'.repeat(9), 21],
    ['version 1', '400000010000000000000001' + '00'.repeat(20), 0],
    ['CSRC list longer than the packet', '8f0000010000000000000001' + '00'.repeat(20), 32],
    ['extension header cut', '900000010000000000000001' + '00'.repeat(12), 12],
    ['extension longer than the packet', '900000010000000000000001bede0009' + '00'.repeat(20), 36],
  ])('SRTP_MALFORMED: %s', (_name, hex, offset) => {
    const { suite, masterKey, masterSalt } = options();
    const run = (): unknown => createSrtpReceiver({ suite, masterKey, masterSalt }).unprotect(fromHex(hex));
    expect(run).toThrow(expect.objectContaining({ code: 'SRTP_MALFORMED', offset }));
  });

  it('are errors of ours, whatever the octets', () => {
    const receiver = createSrtpReceiver(options());
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (packet) => codeOf(() => receiver.unprotect(packet)) !== undefined),
      { numRuns: 300, seed: 66 },
    );
  });
});

describe('misuse', () => {
  it.each([
    ['short key', { masterKey: new Uint8Array(15) }],
    ['long key', { masterKey: new Uint8Array(32) }],
    ['salt of GCM', { masterSalt: new Uint8Array(12) }],
    ['negative ROC', { roc: -1 }],
    ['ROC of 33 bits', { roc: 2 ** 32 }],
    ['fraction as SSRC', { ssrc: 0.5 }],
    ['a suite that does not exist', { suite: 'NULL' as SuiteName }],
  ])('is a TypeError: %s', (_name, change) => {
    expect(() => createSrtpReceiver({ ...options(), ...change })).toThrow(TypeError);
    expect(() => createSrtpSender({ ...options(), ...change })).toThrow(TypeError);
  });

  it.each(['AEAD_AES_128_GCM', 'AEAD_AES_256_GCM'] as const)('%s is refused by name', (suite) => {
    expect(codeOf(() => createSrtpReceiver({ ...options(), suite }))).toBe('InvalidSecurityPolicy');
  });

  it('a closed receiver or sender throws TypeError and nothing else', () => {
    const sender = createSrtpSender(options());
    const sent = sender.protect(rtp(1));
    const receiver = createSrtpReceiver(options());
    receiver.close();
    receiver.close();
    sender.close();
    expect(() => receiver.unprotect(sent)).toThrow(TypeError);
    expect(() => receiver.unprotect(new Uint8Array())).toThrow(TypeError);
    expect(() => sender.protect(rtp(2))).toThrow(TypeError);
  });

  it('keeps its own copy of the keys', () => {
    const given = options();
    const receiver = createSrtpReceiver(given);
    const sent = createSrtpSender(options()).protect(rtp(1));
    given.masterKey.fill(0);
    given.masterSalt.fill(0);
    expect(receiver.unprotect(sent)).toEqual(rtp(1));
  });
});
