import { describe, expect, it } from 'vitest';
import { ascii, latin1 } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError } from '../../../src/foundation/base/errors.ts';
import { sdpOf } from '../../../src/protocol/signalling/index.ts';

function find(type: string | undefined, body: string, extra: readonly [string, string][] = []): string | undefined {
  const headers = [...(type === undefined ? [] : [['c', type] as const]), ...extra].map(([name, value]) => ({
    name,
    value,
  }));
  const found = sdpOf({ headers, body: ascii(body) });
  return found === undefined ? undefined : latin1(found);
}

describe('sdpOf', () => {
  it('takes the body itself, whatever the case and the parameters', () => {
    expect(find('Application/SDP ; charset=utf-8', 'v=0\r\n')).toBe('v=0\r\n');
  });

  it('finds nothing in other bodies, without a type, and in an empty body', () => {
    expect(find('message/sipfrag', 'v=0')).toBeUndefined();
    expect(find(undefined, 'v=0')).toBeUndefined();
    expect(find('application/sdp', '')).toBeUndefined();
    expect(find('application/sdp', 'v=0', [['Content-Disposition', 'early-session']])).toBeUndefined();
  });

  it('takes the session description out of multipart/mixed, octets unchanged', () => {
    const body = [
      'preamble --x',
      '--x y',
      'Content-Type: application/isup',
      '',
      '\0\x01--x y\x02',
      '--x y  ',
      'Content-Type: application/sdp',
      'Content-Disposition: session;',
      ' handling=required',
      '',
      'v=0',
      'o=-',
      '',
      '--x y--',
      'epilogue',
    ].join('\r\n');
    expect(find('multipart/mixed; boundary="x y"', body)).toBe('v=0\r\no=-\r\n');
  });

  it('looks into nested parts, past descriptions of another disposition and parts without a header', () => {
    const inner = '--b\r\n\r\nplain\r\n--b\r\nc: application/sdp\r\n\r\nright\r\n--b--';
    const body = `--a\r\nc: application/sdp\r\nContent-Disposition: early-session\r\n\r\nwrong\r\n--a\r\nc: multipart/alternative;boundary=b\r\n\r\n${inner}\r\n--a--\r\n`;
    expect(find('multipart/mixed;boundary=a', body)).toBe('right');
  });

  it('finds nothing in a multipart body without a description', () => {
    expect(find('multipart/mixed;boundary=a', '--a\r\nc: text/plain\r\n\r\nx\r\n--a--')).toBeUndefined();
  });

  const nested = (depth: number): string =>
    depth === 0
      ? 'x'
      : `--a${String(depth)}\r\nc: multipart/mixed;boundary=a${String(depth - 1)}\r\n\r\n${nested(depth - 1)}\r\n--a${String(depth)}--`;
  it.each([
    ['no boundary', 'multipart/mixed', '--a\r\n\r\nx\r\n--a--'],
    ['an empty boundary', 'multipart/mixed;boundary=""', '--\r\n\r\nx\r\n----'],
    ['no end', 'multipart/mixed;boundary=a', '--a\r\nc: application/sdp\r\n\r\nv=0\r\n'],
    ['a part without a blank line', 'multipart/mixed;boundary=a', '--a\r\nc: application/sdp\r\n--a--'],
    ['a part with a bad field', 'multipart/mixed;boundary=a', '--a\r\nc application/sdp\r\n\r\nv=0\r\n--a--'],
    ['too many parts', 'multipart/mixed;boundary=a', `${'--a\r\n\r\nx\r\n'.repeat(40)}--a--`],
    ['too deep', 'multipart/mixed;boundary=a5', nested(5)],
    ['a malformed type', 'application', 'v=0'],
    ['a boundary twice', 'multipart/mixed;boundary=a;boundary=b', '--a--'],
  ])('BadSip: %s', (_, type, body) => {
    expect(() => find(type, body)).toThrow(expect.toSatisfy((error) => isHalfkeyError(error, 'BadSip')));
  });

  it.each([
    ['Content-Encoding', 'gzip'],
    ['Content-Transfer-Encoding', 'base64'],
  ])('BadSip: a description with %s', (name, value) => {
    expect(() => find('application/sdp', 'v=0', [[name, value]])).toThrow(
      expect.toSatisfy((error) => isHalfkeyError(error, 'BadSip')),
    );
  });
});
