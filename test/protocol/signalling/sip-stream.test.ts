import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, concat } from '../../../src/foundation/base/bytes.ts';
import { createSipStream, parseSipMessage, type SipMessage } from '../../../src/protocol/signalling/index.ts';
import { looksLikeSip } from '../../../src/protocol/signalling/sip-stream.ts';
import { requestOctets, responseOctets, sdp } from './messages.ts';

const INVITE = requestOctets('INVITE', { body: sdp() });
const OK = responseOctets(200, 'INVITE', { branch: 'b', body: sdp({ port: 6010 }) });
const ACK = requestOctets('ACK', { branch: 'b' });
const messages = (...list: Uint8Array[]): SipMessage[] => list.map((bytes) => parseSipMessage(bytes));

interface Seen {
  found: SipMessage[];
  skipped: number;
  malformed: number;
}

function read(stream: Uint8Array, cuts: readonly number[] = []): Seen {
  const framer = createSipStream();
  const bounds = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
  const found = bounds.slice(1).flatMap((end, i) => framer.push(stream.subarray(bounds[i], end)));
  return { found, skipped: framer.skippedOctets, malformed: framer.malformed };
}

describe('createSipStream', () => {
  it('frames by Content-Length and skips keep-alives', () => {
    const seen = read(concat(ascii('\r\n\r\n'), INVITE, OK, ascii('\r\n\r\n'), ACK, ascii('\r\n')));
    expect(seen).toEqual({ found: messages(INVITE, OK, ACK), skipped: 0, malformed: 0 });
  });

  it('gives a message as soon as its last octet is there', () => {
    const framer = createSipStream();
    expect(framer.push(INVITE.subarray(0, -1))).toEqual([]);
    expect(framer.bufferedOctets).toBe(INVITE.length - 1);
    expect(framer.push(INVITE.subarray(-1))).toEqual(messages(INVITE));
    expect(framer.bufferedOctets).toBe(0);
  });

  it('believes an unknown method behind a message', () => {
    const unknown = requestOctets('FROBNICATE');
    expect(read(concat(INVITE, unknown)).found).toEqual(messages(INVITE, unknown));
  });

  it('ends a message without Content-Length with its header', () => {
    const bare = ascii('BYE sip:b@x SIP/2.0\r\nf: sip:a@x\r\nt: sip:b@x\r\ni: c\r\nCSeq: 1 BYE\r\n\r\n');
    expect(read(concat(bare, ACK)).found).toEqual(messages(bare, ACK));
  });

  it('finds the next start line after garbage, also when it does not begin a line', () => {
    const seen = read(concat(ascii('rest of a body\r\nmore'), OK, ascii('\x16\x03\x01garbage\r\nx\r\n'), INVITE));
    expect(seen.found).toEqual(messages(OK, INVITE));
    expect(seen.skipped).toBe(20 + 15);
  });

  it('starts in the middle of a message', () => {
    const seen = read(concat(INVITE.subarray(40), OK));
    // The blank line counts as a keep-alive.
    expect(seen).toEqual({ found: messages(OK), skipped: INVITE.length - 42, malformed: 0 });
  });

  it('drops a malformed message and goes on with the one that follows', () => {
    const broken = ascii('INVITE sip:b@x SIP/2.0\r\nFrom: x\r\n\r\n');
    expect(read(concat(INVITE, broken, OK))).toEqual({
      found: messages(INVITE, OK),
      skipped: broken.length,
      malformed: 1,
    });
  });

  it('does not believe an unknown method behind a malformed message', () => {
    const broken = ascii('INVITE sip:b@x SIP/2.0\r\nA: b\r\n\r\nbody');
    expect(read(concat(OK, broken, INVITE))).toEqual({
      found: messages(OK, INVITE),
      skipped: broken.length,
      malformed: 1,
    });
  });

  it('gap: drops the unfinished message, even one that waits for its body', () => {
    const framer = createSipStream();
    expect(framer.push(INVITE.subarray(0, -10))).toEqual([]);
    framer.gap();
    expect(framer.push(concat(INVITE.subarray(-5), OK))).toEqual(messages(OK));
    expect(framer.skippedOctets).toBe(INVITE.length - 5);
    // Without the gap, octets of the next message would have been taken for the body.
    expect(framer.push(INVITE.subarray(0, 10))).toEqual([]);
    framer.gap();
    expect(framer.push(ACK)).toEqual(messages(ACK));
  });

  it('a start line cut by a gap does not swallow the next message', () => {
    expect(read(concat(ascii('INVITE sip:b@x SIP/2.0\r\nFrom: <sip:a@x>\r\n'), OK)).found).toEqual(messages(OK));
  });

  it('stays bounded: a header without end, a line without end, a huge Content-Length', () => {
    const framer = createSipStream();
    framer.push(ascii(`INVITE sip:b@x SIP/2.0\r\n${'A: b\r\n'.repeat(40_000)}`));
    expect(framer.bufferedOctets).toBeLessThan(65_536);
    framer.push(new Uint8Array(500_000).fill(0x41));
    expect(framer.bufferedOctets).toBeLessThan(65_536);
    framer.push(
      ascii('\r\nINVITE sip:b@x SIP/2.0\r\nf: sip:a@x\r\nt: sip:b@x\r\ni: c\r\nCSeq: 1 INVITE\r\nl: 99999999\r\n\r\n'),
    );
    expect(framer.bufferedOctets).toBe(0);
    expect(framer.push(OK)).toEqual(messages(OK));
    expect(framer.malformed).toBe(2);
  });

  it('survives a stream of start lines and one of start lines inside fields', () => {
    const lines = ascii('INVITE sip:b@x SIP/2.0\r\n'.repeat(20_000));
    const fields = ascii('A: INVITE sip:b@x SIP/2.0\r\nFrom: x\r\n'.repeat(10_000));
    const blank = ascii('\r\n\r\n');
    expect(read(concat(lines, blank, OK, fields, blank, ACK)).found).toEqual(messages(OK, ACK));
  });

  it('the cuts of the stream change nothing', () => {
    const long = ascii('y'.repeat(9000));
    const pieces = [
      INVITE,
      OK,
      ACK,
      ascii('\r\n'),
      ascii('\r'),
      ascii('junk'),
      ascii('INVITE sip:b@x SIP/2.0\r\n'),
      ascii('\r\n\r\n'),
      long,
      ascii('A: SIP/2.0 200 OK\r\n'),
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces), { maxLength: 8 }),
        fc.array(fc.nat(20_000), { maxLength: 12 }),
        (parts, cuts) => {
          const stream = concat(...parts);
          expect(
            read(
              stream,
              cuts.map((cut) => Math.min(cut, stream.length)),
            ),
          ).toEqual(read(stream));
        },
      ),
      { seed: 3261, numRuns: 150 },
    );
  });

  it('octet by octet is the same as at once', () => {
    const stream = concat(ascii('garbage\r'), INVITE.subarray(9), OK, ascii('\r\n'), ACK);
    expect(read(stream, [...stream.keys()])).toEqual(read(stream));
    expect(read(stream).found).toEqual(messages(OK, ACK));
  });

  it('random octets never throw, and a message behind them and a line end is found', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string().map((text) => new Uint8Array(Buffer.from(text))),
    );
    fc.assert(
      fc.property(octets, (noise) => {
        const framer = createSipStream();
        framer.push(noise);
        framer.gap();
        expect(framer.push(OK)).toEqual(messages(OK));
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('looksLikeSip', () => {
  it('tells SIP from RTP, TLS and text', () => {
    expect([INVITE, OK, concat(ascii('\r\n\r\n'), ACK)].map(looksLikeSip)).toEqual([true, true, true]);
    const others = [
      Uint8Array.of(0x80, 0, 0, 1),
      Uint8Array.of(0x16, 3, 1),
      ascii('GET / HTTP/1.1\r\n'),
      ascii('\r\n\r\n'),
      new Uint8Array(0),
    ];
    expect(others.map(looksLikeSip)).toEqual([false, false, false, false, false]);
  });
});
