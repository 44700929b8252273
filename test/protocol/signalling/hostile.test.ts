/** Octets of an enemy: every entry gives a value or a coded error, and the tracker goes on (protocol profile P1). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, concat } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError } from '../../../src/foundation/base/errors.ts';
import {
  createCallTracker,
  createSipStream,
  encodeSipMessage,
  keyMgmt,
  parseSdp,
  parseSipMessage,
  sdpOf,
  type SipMessage,
} from '../../../src/protocol/signalling/index.ts';
import { looksLikeSip } from '../../../src/protocol/signalling/sip-stream.ts';
import { mikey, request, requestOctets, responseOctets, sdp } from './messages.ts';

const VALID = [
  requestOctets('INVITE', { body: sdp({ session: mikey('i1', 1) }) }),
  responseOctets(183, 'INVITE', { branch: 'b', body: sdp({ session: mikey('r1', 1) }) }),
  requestOctets('INVITE', {
    body: '--x\r\nc: application/sdp\r\n\r\nv=0\r\n--x--',
    type: 'multipart/mixed; boundary=x',
  }),
];

/** A valid message with some octets replaced, taken out or put in. */
const mutated = fc
  .tuple(
    fc.constantFrom(...VALID),
    fc.array(fc.tuple(fc.nat(600), fc.nat(3), fc.uint8Array({ maxLength: 4 })), { minLength: 1, maxLength: 4 }),
  )
  .map(([bytes, edits]) =>
    edits.reduce(
      (now, [at, drop, put]) => concat(now.subarray(0, at % now.length), put, now.subarray((at % now.length) + drop)),
      bytes,
    ),
  );
const octets = fc.oneof(mutated, fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...VALID));

function coded<T>(read: () => T, code: 'BadSip' | 'BadSdp' | 'BadKeyMgmt'): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isHalfkeyError(error, code)) throw error;
    return undefined;
  }
}

describe('hostile octets', () => {
  it('parse to a message that encodes to itself, or BadSip', () => {
    let parsed = 0;
    fc.assert(
      fc.property(octets, (bytes) => {
        const message = coded(() => parseSipMessage(bytes), 'BadSip');
        if (message === undefined) return;
        parsed++;
        expect(parseSipMessage(encodeSipMessage(message))).toEqual({
          ...message,
          octets: encodeSipMessage(message).length,
        });
      }),
      { seed: 5, numRuns: 500 },
    );
    expect(parsed).toBeGreaterThan(100);
  });

  it('bodies give a description, nothing, or a coded error', () => {
    fc.assert(
      fc.property(
        octets,
        fc.constantFrom('application/sdp', 'multipart/mixed;boundary=x', 'multipart/mixed;boundary="', 'a/b;c'),
        (body, type) => {
          const found = coded(() => sdpOf({ headers: [{ name: 'Content-Type', value: type }], body }), 'BadSip');
          const description = found === undefined ? undefined : coded(() => parseSdp(found), 'BadSdp');
          if (description !== undefined) coded(() => keyMgmt(description), 'BadKeyMgmt');
          expect(typeof looksLikeSip(body)).toBe('boolean');
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });

  it('through stream and tracker: no error at all, and a good call is still followed', () => {
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 6 }), (noise) => {
        const tracker = createCallTracker({ maxCalls: 4 });
        const stream = createSipStream();
        for (const bytes of noise) for (const message of stream.push(bytes)) tracker.feed(message, 0);
        const good = request('INVITE', { callId: 'good', body: sdp({ session: mikey('i1', 2) }) });
        expect(tracker.feed(good, 1)?.newMikey).toHaveLength(1);
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  it('names that are members of every object are names like others', () => {
    const tracker = createCallTracker();
    const odd = (callId: string): SipMessage =>
      request('INVITE', {
        callId,
        branch: 'constructor',
        extra: [
          ['__proto__', 'x'],
          ['toString', 'y'],
        ],
        body: sdp({ session: mikey('i1', 3) }),
      });
    for (const callId of ['__proto__', 'constructor', 'toString'])
      expect(tracker.feed(odd(callId), 0)?.created).toBe(true);
    expect(tracker.calls()).toHaveLength(3);
  });

  it('long runs of one character are read in one pass', () => {
    const runs = [' ', '\t', ';', ',', '"', '<', '\\', ':', '=', '/'].map((c) => c.repeat(30_000));
    for (const run of runs) {
      for (const field of ['From', 'Content-Type', 'P-Asserted-Identity']) {
        const bytes = ascii(
          `INVITE sip:b@x SIP/2.0\r\nf: <sip:a@x>\r\nt: <sip:b@x>\r\ni: c\r\nCSeq: 1 INVITE\r\n${field}: <sip:a@x>${run}x\r\n\r\nv=0`,
        );
        const message = coded(() => parseSipMessage(bytes), 'BadSip');
        if (message !== undefined) expect(createCallTracker().feed(message, 0)?.created).toBe(true);
      }
    }
  });
});
