import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError, type ErrorCode } from '../../../src/foundation/base/errors.ts';
import { createSrtcpReceiver, createSrtcpSender, type SuiteName } from '../../../src/protocol/srtp/index.ts';
import { deriveSrtcpKeys } from '../../../src/protocol/srtp/session-keys.ts';
import { srtpSuite } from '../../../src/protocol/srtp/suite.ts';
import { controlTag } from '../../../src/protocol/srtp/transform.ts';

const SUITES: readonly SuiteName[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AES_256_CM_HMAC_SHA1_80'];
const SSRC = 0xcafebabe;

function options(suite: SuiteName = 'AES_CM_128_HMAC_SHA1_80') {
  const masterKey = fromHex('E1F97A0D3E018BE0D64FA32C06DE4139'.repeat(suite === 'AES_256_CM_HMAC_SHA1_80' ? 2 : 1));
  return { suite, masterKey, masterSalt: fromHex('0EC675AD498AFEEBB6960B3AABE6'), ssrc: SSRC };
}

/** A packet of libsrtp's self test; its length field is wrong, which is not the concern of SRTCP. */
const REPORT = fromHex('81c8000bcafebabe' + 'ab'.repeat(16));

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
  it('is what libsrtp makes of it, whose first index is 1', () => {
    const wire = '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798';
    expect(toHex(createSrtcpSender({ ...options(), firstIndex: 1 }).protect(REPORT))).toBe(wire);
    expect(createSrtcpReceiver(options()).unprotect(fromHex(wire))).toEqual(REPORT);
  });

  it('uses the session keys of the derivation vectors', () => {
    interface Vectors {
      prf: Record<string, { cs: Record<string, Record<string, string>> }>;
    }
    const file = new URL('../../vectors/vectors-derivation.json', import.meta.url);
    const { prf } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
    const streams = Object.values(prf).flatMap(({ cs }) => Object.values(cs));
    expect(streams).toHaveLength(4);
    for (const cs of streams) {
      const suite = srtpSuite('AES_CM_128_HMAC_SHA1_80');
      const keys = deriveSrtcpKeys(suite, fromHex(cs['TEK128'] ?? ''), fromHex(cs['SALT112'] ?? ''));
      expect(keys.encryption.use(toHex)).toBe(cs['srtcp_ke']);
      expect(keys.authentication.use(toHex)).toBe(cs['srtcp_ka']);
      expect(keys.salt.use(toHex)).toBe(cs['srtcp_ks']);
    }
  });

  it.each(SUITES)('comes back whole under %s with a tag of 80 bits, the first index being 0', (suite) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 })),
        (body, mki) => {
          const packet = concat(fromHex('80c80000cafebabe'), body);
          const extra = mki === null ? {} : { mki };
          const wire = createSrtcpSender({ ...options(suite), ...extra }).protect(packet);
          expect(wire.length).toBe(packet.length + 14 + (mki?.length ?? 0));
          expect(toHex(wire.subarray(packet.length, packet.length + 4))).toBe('80000000');
          expect(createSrtcpReceiver({ ...options(suite), ...extra }).unprotect(wire)).toEqual(packet);
        },
      ),
      { numRuns: 40, seed: 34 },
    );
  });

  it('does not change what it is given, and counts the index up', () => {
    const sender = createSrtcpSender(options());
    const [first, second] = [sender.protect(REPORT), sender.protect(REPORT)];
    expect(toHex(REPORT)).toBe('81c8000bcafebabe' + 'ab'.repeat(16));
    expect(toHex(second.subarray(24, 28))).toBe('80000001');
    expect(first.subarray(8, 24)).not.toEqual(second.subarray(8, 24));
  });
});

describe('refusals', () => {
  it('N66 a changed octet, another SSRC or MKI, a replay: refused, and the stream goes on', () => {
    const mki = fromHex('01020304');
    const sender = createSrtcpSender({ ...options(), mki });
    const receiver = createSrtcpReceiver({ ...options(), mki });
    const wire = sender.protect(REPORT);
    const change = (at: number): Uint8Array => wire.map((octet, i) => (i === at ? octet ^ 1 : octet));
    expect(codeOf(() => receiver.unprotect(change(0)))).toBe('SRTP_AUTH_FAILED');
    expect(codeOf(() => receiver.unprotect(change(9)))).toBe('SRTP_AUTH_FAILED');
    expect(codeOf(() => receiver.unprotect(change(27)))).toBe('SRTP_AUTH_FAILED'); // index
    expect(codeOf(() => receiver.unprotect(change(wire.length - 1)))).toBe('SRTP_AUTH_FAILED');
    expect(codeOf(() => receiver.unprotect(change(7)))).toBe('SRTP_MALFORMED'); // SSRC
    expect(codeOf(() => receiver.unprotect(change(28)))).toBe('SRTP_MALFORMED'); // MKI
    expect(receiver.unprotect(wire)).toEqual(REPORT);
    expect(codeOf(() => receiver.unprotect(wire))).toBe('SRTP_REPLAYED');
    expect(receiver.unprotect(sender.protect(REPORT))).toEqual(REPORT);
  });

  it('a packet in clear is refused although its tag is right', () => {
    const suite = srtpSuite('AES_CM_128_HMAC_SHA1_80');
    const keys = deriveSrtcpKeys(suite, options().masterKey, options().masterSalt);
    const authenticated = concat(REPORT, fromHex('00000005'));
    const wire = concat(authenticated, controlTag(suite, keys, authenticated));
    expect(codeOf(() => createSrtcpReceiver(options()).unprotect(wire))).toBe('SRTP_MALFORMED');
  });

  it('without an SSRC the first authentic packet binds it', () => {
    const { suite, masterKey, masterSalt } = options();
    const receiver = createSrtcpReceiver({ suite, masterKey, masterSalt });
    const other = REPORT.map((octet, i) => (i === 7 ? 1 : octet));
    const forged = createSrtcpSender({ ...options(), masterKey: new Uint8Array(16), ssrc: 0xcafeba01 }).protect(other);
    expect(codeOf(() => receiver.unprotect(forged))).toBe('SRTP_AUTH_FAILED');
    expect(receiver.unprotect(createSrtcpSender(options()).protect(REPORT))).toEqual(REPORT);
    const authentic = createSrtcpSender({ ...options(), ssrc: 0xcafeba01 }).protect(other);
    expect(codeOf(() => receiver.unprotect(authentic))).toBe('SRTP_MALFORMED');
  });

  it.each([
    ['cut', '81c8000bcafebabe80000000' + '00'.repeat(9)],
    ['version 1', '41c8000bcafebabe80000000' + '00'.repeat(10)],
    ['RTP', '8080000bcafebabe80000000' + '00'.repeat(10)],
  ])('SRTP_MALFORMED: %s', (_name, hex) => {
    expect(codeOf(() => createSrtcpReceiver(options()).unprotect(fromHex(hex)))).toBe('SRTP_MALFORMED');
  });

  it('the sender ends after the last index, refuses what is not its own, and is of no use after close', () => {
    const sender = createSrtcpSender({ ...options(), firstIndex: 0x7fffffff });
    expect(toHex(sender.protect(REPORT).subarray(24, 28))).toBe('ffffffff');
    expect(codeOf(() => sender.protect(REPORT))).toBe('SRTP_REPLAYED');
    expect(codeOf(() => createSrtcpSender({ ...options(), ssrc: 1 }).protect(REPORT))).toBe('SRTP_MALFORMED');
    expect(() => createSrtcpSender({ ...options(), firstIndex: 2 ** 31 })).toThrow(TypeError);
    const receiver = createSrtcpReceiver(options());
    sender.close();
    receiver.close();
    expect(() => sender.protect(REPORT)).toThrow(TypeError);
    expect(() => receiver.unprotect(createSrtcpSender(options()).protect(REPORT))).toThrow(TypeError);
  });
});
