import { describe, expect, it } from 'vitest';
import { ascii, concat } from '../../../src/foundation/base/bytes.ts';
import { HalfkeyError } from '../../../src/foundation/base/errors.ts';
import {
  createSipStream,
  encodeSipMessage,
  headerValue,
  headerValues,
  parseSipMessage,
  type SipDraft,
} from '../../../src/protocol/signalling/index.ts';

const HEAD = ['From: <sip:a@x>;tag=1', 'To: <sip:b@x>', 'Call-ID: c', 'CSeq: 1 INVITE'];

function octets(lines: readonly string[], body = ''): Uint8Array {
  return ascii(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function invite(...more: string[]): Uint8Array {
  return octets(['INVITE sip:b@x SIP/2.0', ...HEAD, ...more]);
}

function failure(bytes: Uint8Array): { code: string; offset: number | undefined } {
  try {
    parseSipMessage(bytes);
  } catch (error) {
    if (error instanceof HalfkeyError) return { code: error.code, offset: error.offset };
    throw error;
  }
  throw new Error('accepted');
}

describe('parseSipMessage', () => {
  it('reads a request: start line, fields, body', () => {
    const message = parseSipMessage(
      octets(['INVITE sip:b@x;transport=tcp SIP/2.0', ...HEAD, 'Content-Length: 4'], 'body'),
    );
    expect(message).toMatchObject({
      kind: 'request',
      method: 'INVITE',
      requestUri: 'sip:b@x;transport=tcp',
      callId: 'c',
      cseq: { number: 1, method: 'INVITE' },
      fromUri: 'sip:a@x',
      fromTag: '1',
      toUri: 'sip:b@x',
    });
    expect(message.toTag).toBeUndefined();
    expect(message.body).toEqual(ascii('body'));
    expect(headerValue(message, 'Content-Length')).toBeUndefined();
  });

  it('reads a response, with an empty reason too, and the version in any case', () => {
    expect(parseSipMessage(octets(['SIP/2.0 183 Session Progress', ...HEAD]))).toMatchObject({
      status: 183,
      reason: 'Session Progress',
    });
    expect(parseSipMessage(octets(['sip/2.0 200 ', ...HEAD]))).toMatchObject({
      kind: 'response',
      status: 200,
      reason: '',
    });
  });

  it('knows compact forms, any case, blanks before the colon and folded values', () => {
    const message = parseSipMessage(
      octets([
        'ACK tel:+1 SIP/2.0',
        'f: "A <x>; \\" B" <sip:a@x;p=1>;x="y;z" ;TAG=1',
        'T : sip:b@x;tag=2',
        'I:c',
        'cseq:',
        '\t7',
        '  ACK',
        'S: a',
        ' \t b',
        'l : 0',
      ]),
    );
    expect(message).toMatchObject({ fromUri: 'sip:a@x;p=1', fromTag: '1', toUri: 'sip:b@x', toTag: '2', callId: 'c' });
    expect(message.cseq).toEqual({ number: 7, method: 'ACK' });
    expect(headerValue(message, 'subject')).toBe('a b');
    expect(headerValue(message, 'CALL-ID')).toBe('c');
  });

  it('takes comma lists apart where the grammar is a list, and nowhere else', () => {
    const message = parseSipMessage(
      invite(
        'v: SIP/2.0/UDP a;x="1,2", SIP/2.0/TCP b',
        'Via: SIP/2.0/TCP c',
        'Contact: "x, y" <sip:a@x,b>,<sip:c@x>',
        'Subject: a, b',
        'Authorization: Digest a="1", b="2"',
      ),
    );
    expect(headerValues(message, 'via')).toEqual(['SIP/2.0/UDP a;x="1,2"', 'SIP/2.0/TCP b', 'SIP/2.0/TCP c']);
    expect(headerValues(message, 'm')).toEqual(['"x, y" <sip:a@x,b>', '<sip:c@x>']);
    expect(headerValues(message, 'subject')).toEqual(['a, b']);
    expect(headerValues(message, 'authorization')).toEqual(['Digest a="1", b="2"']);
  });

  it('counts the octets of the message, not those around it', () => {
    const text = `INVITE sip:b@x SIP/2.0\r\n${HEAD.join('\r\n')}\r\nl: 2\r\n\r\nab`;
    expect(parseSipMessage(ascii(`\r\n\r\n${text}later`)).octets).toBe(text.length);
    const [first, second] = createSipStream().push(ascii(`\r\n${text}${text}`));
    expect([first?.octets, second?.octets]).toEqual([text.length, text.length]);
  });

  it('keeps every octet of a UTF-8 value, a final A0 too', () => {
    const bytes = concat(
      ascii('INVITE sip:b@x SIP/2.0\r\nSubject: '),
      Uint8Array.of(0xc3, 0xa0),
      ascii(`\r\n${HEAD.join('\r\n')}\r\n\r\n`),
    );
    const message = parseSipMessage(bytes);
    expect(headerValue(message, 'subject')).toBe('\u00c3\u00a0');
    expect(parseSipMessage(encodeSipMessage(message))).toEqual({
      ...message,
      octets: encodeSipMessage(message).length,
    });
  });

  it('skips keep-alives before and discards octets after a datagram; takes a binary body whole', () => {
    const body = Uint8Array.of(0, 13, 10, 13, 10, 255);
    const message = concat(ascii('\r\n\r\n'), invite('Content-Length: 6'), body, ascii('more'));
    expect(parseSipMessage(message).body).toEqual(body);
    expect(parseSipMessage(concat(invite(), body)).body).toEqual(body);
  });

  it('owns the body: changing the input later changes nothing', () => {
    const bytes = Buffer.from(concat(invite('Content-Length: 1'), ascii('x')));
    const message = parseSipMessage(bytes);
    bytes.fill(0);
    expect(message.body).toEqual(ascii('x'));
  });

  const start = 'INVITE sip:b@x SIP/2.0\r\n'.length;
  const fields = HEAD.join('\r\n').length + 2;
  it.each<[string, Uint8Array, number]>([
    ['nothing', new Uint8Array(0), 0],
    ['keep-alives only', ascii('\r\n\r\n'), 4],
    ['no blank line', ascii('INVITE sip:b@x SIP/2.0\r\nFrom: x\r\n'), 33],
    ['no start line', octets(HEAD), 0],
    ['SIP/3.0', octets(['INVITE sip:b@x SIP/3.0', ...HEAD]), 0],
    ['two spaces', octets(['INVITE  sip:b@x SIP/2.0', ...HEAD]), 0],
    ['no scheme', octets(['INVITE bob SIP/2.0', ...HEAD]), 0],
    ['status 099', octets(['SIP/2.0 099 No', ...HEAD]), 0],
    ['fold after the start line', octets(['INVITE sip:b@x SIP/2.0', ' x', ...HEAD]), start],
    ['a name that is no token', octets(['INVITE sip:b@x SIP/2.0', 'a b: c', ...HEAD]), start],
    ['a line without a colon', octets(['INVITE sip:b@x SIP/2.0', 'abc', ...HEAD]), start],
    ['NUL in a value', octets(['INVITE sip:b@x SIP/2.0', 'a: \0', ...HEAD]), start + 3],
    ['a bare LF', octets(['INVITE sip:b@x SIP/2.0', 'a: b\nc: d', ...HEAD]), start + 4],
    ['a bare CR', octets(['INVITE sip:b@x SIP/2.0', 'a: b\rc: d', ...HEAD]), start + 4],
    [
      'Call-ID missing',
      octets(['INVITE sip:b@x SIP/2.0', ...HEAD.filter((line) => !line.startsWith('Call'))]),
      start + fields - 12 + 2,
    ],
    ['From twice, once compact', octets(['INVITE sip:b@x SIP/2.0', 'f: <sip:z@x>', ...HEAD]), start + 14],
    [
      'CSeq of another method',
      octets(['ACK sip:b@x SIP/2.0', ...HEAD]),
      start + fields - 'CSeq: 1 INVITE\r\nINV'.length,
    ],
    ['CSeq 2^31', octets(['INVITE sip:b@x SIP/2.0', 'CSeq: 2147483648 INVITE', ...HEAD.slice(0, 3)]), start],
    ['From without a URI', octets(['INVITE sip:b@x SIP/2.0', 'From: Alice', ...HEAD.slice(1)]), start],
    ['an open quote', octets(['INVITE sip:b@x SIP/2.0', 'From: "A <sip:a@x>', ...HEAD.slice(1)]), start],
    ['an open bracket', octets(['INVITE sip:b@x SIP/2.0', 'From: <sip:a@x', ...HEAD.slice(1)]), start],
    ['two tags', octets(['INVITE sip:b@x SIP/2.0', 'From: <sip:a@x>;tag=1;tag=2', ...HEAD.slice(1)]), start],
    ['an empty tag', octets(['INVITE sip:b@x SIP/2.0', 'From: <sip:a@x>;tag', ...HEAD.slice(1)]), start],
    ['a negative Content-Length', invite('Content-Length: -1'), start + fields],
    ['two Content-Lengths', invite('Content-Length: 0', 'l: 1'), start + fields + 19],
    ['a body that is too short', invite('Content-Length: 1'), start + fields + 21],
    ['Content-Length over 1 MiB', invite('Content-Length: 1048577'), start + fields],
    ['a body over 1 MiB', concat(invite(), new Uint8Array(1_048_577)), start + fields + 2],
    ['a header over 64 KiB', invite(`A: ${'x'.repeat(65_536)}`), 65_536],
  ])('BadSip: %s', (_, bytes, offset) => {
    expect(failure(bytes)).toEqual({ code: 'BadSip', offset });
  });

  it('names nobody in an error', () => {
    try {
      parseSipMessage(octets(['INVITE sip:b@x SIP/2.0', 'From: secret-person', ...HEAD.slice(1)]));
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('secret-person');
    }
  });
});

describe('encodeSipMessage', () => {
  const draft: SipDraft = {
    kind: 'request',
    method: 'INVITE',
    requestUri: 'sip:b@x',
    headers: HEAD.map((line) => ({ name: line.slice(0, line.indexOf(':')), value: line.slice(line.indexOf(':') + 2) })),
    body: Uint8Array.of(1, 2, 3),
  };

  it('writes what the parser reads, with Content-Length last', () => {
    const bytes = encodeSipMessage(draft);
    expect(bytes).toEqual(concat(invite('Content-Length: 3'), Uint8Array.of(1, 2, 3)));
    expect(parseSipMessage(bytes)).toMatchObject(draft);
  });

  it('encodes what was parsed to the same message', () => {
    const message = parseSipMessage(
      octets(['SIP/2.0 200 OK', 'f:sip:a@x', 't  :  <sip:b@x>;tag=2', 'i:c', 'CSeq: 1\t INVITE', 'X:', 'l:1'], 'b'),
    );
    expect(parseSipMessage(encodeSipMessage(message))).toEqual({
      ...message,
      octets: encodeSipMessage(message).length,
    });
  });

  it.each<[string, Partial<SipDraft>]>([
    ['a line break in a value', { headers: [...draft.headers, { name: 'X', value: 'a\r\nY: b' }] }],
    ['a line break in the URI', { requestUri: 'sip:b@x\r\nX: y' } as Partial<SipDraft>],
    ['a blank at the end of a value', { headers: [...draft.headers, { name: 'X', value: 'a ' }] }],
    ['a name with a colon', { headers: [...draft.headers, { name: 'X:', value: 'a' }] }],
    ['Content-Length among the headers', { headers: [...draft.headers, { name: 'l', value: '3' }] }],
    ['a character over FF', { headers: [...draft.headers, { name: 'X', value: '\u0100' }] }],
    ['a missing field', { headers: draft.headers.slice(1) }],
    ['a body over 1 MiB', { body: new Uint8Array(1_048_577) }],
  ])('TypeError: %s', (_, change) => {
    expect(() => encodeSipMessage({ ...draft, ...change } as SipDraft)).toThrow(TypeError);
  });
});
