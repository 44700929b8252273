import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, latin1 } from '../../../src/foundation/base/bytes.ts';
import { HalfkeyError } from '../../../src/foundation/base/errors.ts';
import {
  encodeSdp,
  mediaDirection,
  mediaEndpoint,
  mediaFormats,
  parseSdp,
  type Sdp,
} from '../../../src/protocol/signalling/index.ts';
import { canonicalAddress, rtcpEndpoint } from '../../../src/protocol/signalling/sdp-media.ts';
import { addressOctets, addressText } from '../../../src/protocol/media/address.ts';

const lines = (...list: string[]): Uint8Array => ascii(list.map((line) => `${line}\r\n`).join(''));
const HEAD = ['v=0', 'o=- 18446744073709551616 2 IN IP4 host.example', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];
const parse = (...more: string[]): Sdp => parseSdp(lines(...HEAD, ...more));

/** RFC 8866 5, with the c= that its audio and video lines override. */
const RFC8866 = [
  'v=0',
  'o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1',
  's=Call to John Smith',
  'i=SDP Offer #1',
  'u=http://www.jdoe.example.com/home.html',
  'e=Jane Doe <jane@jdoe.example.com>',
  'p=+1 617 555-6011',
  'c=IN IP4 198.51.100.1',
  'b=CT:128',
  't=0 0',
  'r=7d 1h 0 25h',
  'a=recvonly',
  'm=audio 49170 RTP/AVP 0',
  'm=audio 49180 RTP/AVP 0',
  'm=video 51372/2 RTP/AVP 99',
  'i=the picture',
  'c=IN IP6 2001:db8::2',
  'b=AS:64',
  'a=rtpmap:99 h263-1998/90000',
];

describe('parseSdp, encodeSdp', () => {
  it('reads the example of RFC 8866 and writes the same octets', () => {
    const sdp = parseSdp(lines(...RFC8866));
    expect(sdp.origin).toEqual({
      username: 'jdoe',
      sessionId: '3724394400',
      sessionVersion: '3724394405',
      addressType: 'IP4',
      address: '198.51.100.1',
    });
    expect(sdp.sessionName).toBe('Call to John Smith');
    expect(sdp.media.map(({ kind, port, portCount }) => [kind, port, portCount])).toEqual([
      ['audio', 49170, undefined],
      ['audio', 49180, undefined],
      ['video', 51372, 2],
    ]);
    expect(sdp.media[2]?.details).toEqual([
      { type: 'i', value: 'the picture' },
      { type: 'b', value: 'AS:64' },
    ]);
    expect(latin1(encodeSdp(sdp))).toBe(latin1(lines(...RFC8866)));
  });

  it('takes LF line ends, a missing last one, and empty lines at the end', () => {
    const sdp = parse('a=x');
    const text = [...HEAD, 'a=x'].join('\n');
    for (const end of ['', '\n', '\r\n\r\n', '\n\n']) expect(parseSdp(ascii(text + end))).toEqual(sdp);
  });

  it('takes the order of the examples of RFC 4567, t= before c= and attributes between, and writes the right one', () => {
    const sdp = parseSdp(
      lines(
        'v=0',
        'o=- 1 1 IN IP4 a',
        's=x',
        't=0 0',
        'e=alice',
        'a=x',
        'c=IN IP4 a',
        'm=audio 1 RTP/SAVP 0',
        'b=AS:1',
        'i=y',
      ),
    );
    expect(latin1(encodeSdp(sdp))).toBe(
      latin1(
        lines(
          'v=0',
          'o=- 1 1 IN IP4 a',
          's=x',
          'e=alice',
          'c=IN IP4 a',
          't=0 0',
          'a=x',
          'm=audio 1 RTP/SAVP 0',
          'i=y',
          'b=AS:1',
        ),
      ),
    );
    expect(parseSdp(encodeSdp(sdp))).toEqual(sdp);
  });

  const without = (type: string): Uint8Array => lines(...HEAD.filter((line) => !line.startsWith(type)));
  const end = lines(...HEAD).length;
  it.each<[string, Uint8Array, number]>([
    ['nothing', new Uint8Array(0), 0],
    ['no v=', without('v'), 0],
    ['v=1', lines('v=1', ...HEAD.slice(1)), 0],
    ['v= twice', lines('v=0', ...HEAD), 5],
    ['no o=', without('o'), end - 48 - 7],
    ['no s=', without('s'), end - 5 - 7],
    ['no t=', without('t'), end - 7 - 20],
    ['o= twice', lines(...HEAD, 'o=- 1 1 IN IP4 a'), end],
    ['c= twice', lines(...HEAD, 'c=IN IP4 a'), end],
    ['c= of another network', lines(...HEAD.slice(0, 3), 'c=ATM NSAP a', 't=0 0'), end - 27],
    ['o= with letters for numbers', lines('v=0', 'o=- a 1 IN IP4 a', ...HEAD.slice(2)), 5],
    ['an unknown letter', lines(...HEAD, 'y=1'), end],
    ['white space before the equals sign', lines(...HEAD, 'a =1'), end],
    ['an empty line in the middle', lines(...HEAD, '', 'a=1'), end],
    ['NUL', lines(...HEAD, 'a=x:\0'), end],
    ['CR in a line', lines(...HEAD, 'a=x:\r1'), end],
    ['an attribute without a name', lines(...HEAD, 'a=:x'), end],
    ['m= without formats', lines(...HEAD, 'm=audio 1 RTP/SAVP'), end],
    ['m= with port 65536', lines(...HEAD, 'm=audio 65536 RTP/SAVP 0'), end],
    ['m= with no ports', lines(...HEAD, 'm=audio 1/0 RTP/SAVP 0'), end],
    ['m= with two spaces', lines(...HEAD, 'm=audio  1 RTP/SAVP 0'), end],
    ['t= below m=', lines(...HEAD, 'm=audio 1 RTP/SAVP 0', 't=0 0'), end + 22],
    ['128 media', lines(...HEAD, ...Array<string>(128).fill('m=audio 1 RTP/SAVP 0')), end + 127 * 22],
  ])('BadSdp: %s', (_, bytes, offset) => {
    try {
      parseSdp(bytes);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(HalfkeyError);
      expect(error).toMatchObject({ code: 'BadSdp', offset });
    }
  });

  it.each<[string, (sdp: Sdp) => Sdp]>([
    ['a line break in an attribute', (sdp) => ({ ...sdp, attributes: [{ name: 'x', value: '1\r\na=y' }] })],
    ['a port out of range', (sdp) => ({ ...sdp, media: sdp.media.map((media) => ({ ...media, port: 70_000 })) })],
    [
      'a detail of another section',
      (sdp) => ({ ...sdp, details: [...sdp.details, { type: 'm', value: 'audio 1 RTP/SAVP 0' }] }),
    ],
    ['no t=', (sdp) => ({ ...sdp, details: [] })],
  ])('encodeSdp refuses %s', (_, change) => {
    expect(() => encodeSdp(change(parse('m=audio 1 RTP/SAVP 0')))).toThrow(TypeError);
  });

  it('any octets: a description that encodes to itself, or BadSdp', () => {
    const line = fc.oneof(
      fc.constantFrom(...RFC8866, 'a=', 'm=', '', 'a=key-mgmt:mikey AQ==', 'z=0 0', 'k=clear:x'),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 10 }),
        fc.constantFrom('\r\n', '\n'),
        fc.boolean(),
        (more, lineEnd, withHead) => {
          const bytes = new Uint8Array(Buffer.from([...(withHead ? HEAD : []), ...more].join(lineEnd)));
          let sdp: Sdp;
          try {
            sdp = parseSdp(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: 'BadSdp' });
            return;
          }
          expect(parseSdp(encodeSdp(sdp))).toEqual(sdp);
        },
      ),
      { seed: 8866, numRuns: 400 },
    );
  });
});

describe('streams of a description', () => {
  it('endpoint: media level before session level, none for port 0, hold, or without c=', () => {
    const sdp = parse(
      'm=audio 6000 RTP/SAVP 0',
      'm=audio 6002 RTP/SAVP 0',
      'c=IN IP6 2001:DB8:0:0::1',
      'm=audio 0 RTP/SAVP 0',
      'm=audio 6004 RTP/SAVP 0',
      'c=IN IP4 0.0.0.0',
    );
    expect([0, 1, 2, 3, 4].map((index) => mediaEndpoint(sdp, index))).toEqual([
      { address: '192.0.2.1', port: 6000 },
      { address: '2001:db8::1', port: 6002 },
      undefined,
      undefined,
      undefined,
    ]);
    expect(
      mediaEndpoint(parseSdp(lines('v=0', 'o=- 1 1 IN IP4 a', 's=-', 't=0 0', 'm=audio 1 RTP/SAVP 0')), 0),
    ).toBeUndefined();
  });

  it('RTCP: the next port, a=rtcp with and without an address, a=rtcp-mux', () => {
    const sdp = parse(
      'm=audio 6000 RTP/SAVP 0',
      'm=audio 6000 RTP/SAVP 0',
      'a=rtcp:7000',
      'm=audio 6000 RTP/SAVP 0',
      'a=rtcp:7000 IN IP4 192.0.2.9',
      'm=audio 6000 RTP/SAVP 0',
      'a=rtcp-mux',
      'm=audio 65535 RTP/SAVP 0',
      'm=audio 0 RTP/SAVP 0',
    );
    expect([0, 1, 2, 3, 4, 5].map((index) => rtcpEndpoint(sdp, index))).toEqual([
      { address: '192.0.2.1', port: 6001 },
      { address: '192.0.2.1', port: 7000 },
      { address: '192.0.2.9', port: 7000 },
      { address: '192.0.2.1', port: 6000 },
      undefined,
      undefined,
    ]);
  });

  it('formats: rtpmap, fmtp, static types, and nothing for a dynamic type without a name', () => {
    const sdp = parse(
      'm=audio 1 RTP/SAVP 0 8 96 97 98 200 x',
      'a=rtpmap:96 AMR/8000/1',
      'a=fmtp:96 octet-align=1',
      'a=rtpmap:8 OTHER/16000',
      'a=rtpmap:98 broken',
    );
    expect(mediaFormats(sdp.media[0] as Sdp['media'][number])).toEqual([
      { payloadType: 0, encoding: 'PCMU', clockRate: 8000 },
      { payloadType: 8, encoding: 'OTHER', clockRate: 16000 },
      { payloadType: 96, encoding: 'AMR', clockRate: 8000, channels: 1, parameters: 'octet-align=1' },
    ]);
    expect(mediaFormats(parse('m=audio 1 RTP/SAVP 8').media[0] as Sdp['media'][number])).toEqual([
      { payloadType: 8, encoding: 'PCMA', clockRate: 8000 },
    ]);
  });

  it('direction: media level, session level, sendrecv', () => {
    const sdp = parse('a=recvonly', 'm=audio 1 RTP/SAVP 0', 'a=inactive', 'm=audio 1 RTP/SAVP 0');
    expect([mediaDirection(sdp, 0), mediaDirection(sdp, 1), mediaDirection(parse('m=audio 1 RTP/SAVP 0'), 0)]).toEqual([
      'inactive',
      'recvonly',
      'sendrecv',
    ]);
  });

  it('writes addresses as packets are written', () => {
    expect(canonicalAddress('224.2.1.1/127/3')).toBe('224.2.1.1');
    expect(canonicalAddress('Host.Example')).toBe('host.example');
    const texts = [
      '2001:DB8:0:0:1:0:0:1',
      '::1',
      '::ffff:192.0.2.1',
      '1:0:2:0:0:3:0:0',
      '::',
      'fe80::1:0:0:0:a',
      '10.0.0.1',
    ];
    expect(texts.map(canonicalAddress)).toEqual(texts.map((text) => addressText(addressOctets(text))));
  });
});
