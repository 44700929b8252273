import { describe, expect, it } from 'vitest';
import { ascii, toBase64 } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError, type ErrorCode } from '../../../src/foundation/base/errors.ts';
import {
  checkSdpIds,
  checkSecureOnly,
  encodeSdp,
  keyMgmt,
  keyMgmtAttribute,
  keyMgmtFor,
  parseSdp,
  type Sdp,
} from '../../../src/protocol/signalling/index.ts';

const A = Uint8Array.of(1, 2, 3, 4);
const B = Uint8Array.of(5, 6);

function sdp(...more: string[]): Sdp {
  return parseSdp(ascii(['v=0', 'o=- 1 1 IN IP4 a', 's=-', 'c=IN IP4 a', 't=0 0', ...more].join('\r\n')));
}

const coded = (code: ErrorCode): unknown => expect.toSatisfy((error) => isHalfkeyError(error, code));
const line = (octets: Uint8Array): string => `a=key-mgmt:mikey ${toBase64(octets)}`;
const AUDIO = 'm=audio 6000 RTP/SAVP 0';

describe('keyMgmt', () => {
  it('reads session and media level, with and without the single space', () => {
    const description = sdp(line(A), AUDIO, AUDIO, `a=key-mgmt: mikey ${toBase64(B)}`);
    expect(keyMgmt(description)).toEqual([
      { protocols: ['mikey'], mikey: A },
      { mediaIndex: 1, protocols: ['mikey'], mikey: B },
    ]);
  });

  it('media level replaces session level for its line only', () => {
    const description = sdp(line(A), AUDIO, AUDIO, line(B));
    expect([0, 1].map((index) => keyMgmtFor(description, index)?.mikey)).toEqual([A, B]);
    expect(keyMgmtFor(sdp(AUDIO), 0)).toBeUndefined();
  });

  it('lists other protocols in order; the identifier is case sensitive', () => {
    const description = sdp('a=key-mgmt:keyp1 727g+=x y', line(A), 'a=key-mgmt:MIKEY AAAA', AUDIO);
    expect(keyMgmt(description)).toEqual([{ protocols: ['keyp1', 'mikey', 'MIKEY'], mikey: A }]);
    expect(keyMgmt(sdp('a=key-mgmt:MIKEY AAAA', AUDIO))).toEqual([{ protocols: ['MIKEY'] }]);
  });

  it('writes what it reads', () => {
    const description = sdp(AUDIO);
    const written = encodeSdp({ ...description, attributes: [keyMgmtAttribute(A)] });
    expect(keyMgmt(parseSdp(written))).toEqual([{ protocols: ['mikey'], mikey: A }]);
  });

  it.each([
    ['base64 with garbage', 'a=key-mgmt:mikey AQI*BA=='],
    ['a space in the data', 'a=key-mgmt:mikey AQID BA=='],
    ['missing padding', 'a=key-mgmt:mikey AQIDBA'],
    ['stray bits', 'a=key-mgmt:mikey AQIDBB=='],
    ['URL-safe letters', 'a=key-mgmt:mikey _-_-'],
    ['text after the padding', 'a=key-mgmt:mikey AQIDBA==AQ=='],
    ['two spaces before the data', 'a=key-mgmt:mikey  AQIDBA=='],
    ['two spaces before the identifier', 'a=key-mgmt:  mikey AQIDBA=='],
    ['a tab', 'a=key-mgmt:mikey\tAQIDBA=='],
    ['no data', 'a=key-mgmt:mikey'],
    ['empty data', 'a=key-mgmt:mikey '],
    ['an identifier with a dash', 'a=key-mgmt:mi-key AQIDBA=='],
    ['no value', 'a=key-mgmt'],
  ])('N48 %s: BadKeyMgmt', (_, attribute) => {
    expect(() => keyMgmt(sdp(attribute, AUDIO))).toThrow(coded('BadKeyMgmt'));
    expect(() => keyMgmt(sdp(AUDIO, attribute))).toThrow(coded('BadKeyMgmt'));
  });

  it('N48 two mikey lines at one level: BadKeyMgmt, even with the same octets', () => {
    expect(() => keyMgmt(sdp(line(A), line(B), AUDIO))).toThrow(coded('BadKeyMgmt'));
    expect(() => keyMgmt(sdp(AUDIO, line(A), line(A)))).toThrow(coded('BadKeyMgmt'));
  });
});

describe('checkSdpIds', () => {
  const both = sdp('a=key-mgmt:keyp1 x', line(A), AUDIO, line(B));

  it('accepts the list of the level, in order', () => {
    expect(checkSdpIds(['mikey'], sdp(line(A), AUDIO))).toBeUndefined();
    expect(checkSdpIds(['keyp1', 'mikey'], both)).toBeUndefined();
    expect(checkSdpIds(['mikey'], both, 0)).toBeUndefined();
  });

  it.each<[string, string[] | undefined, number | undefined]>([
    ['another order', ['mikey', 'keyp1'], undefined],
    ['a peeled-off protocol', ['keyp1', 'mikey', 'keyp2'], undefined],
    ['an added protocol', ['mikey'], undefined],
    ['another case', ['keyp1', 'MIKEY'], undefined],
    ['no list', undefined, undefined],
    ['an empty list', [], 0],
  ])('N47 SDP-IDs list differs from SDP, %s: BiddingDown', (_, list, index) => {
    expect(() => {
      checkSdpIds(list, both, index);
    }).toThrow(coded('BiddingDown'));
  });
});

describe('checkSecureOnly', () => {
  it('accepts RTP/SAVP, RTP/SAVPF, streams that are off, other transports, and anything without key management', () => {
    const fine = sdp(
      line(A),
      AUDIO,
      'm=video 1 RTP/SAVPF 31',
      'm=audio 0 RTP/AVP 0',
      'm=image 4000 udptl t38',
      'm=message 9 TCP/MSRP *',
    );
    expect(checkSecureOnly(fine)).toBeUndefined();
    expect(
      checkSecureOnly(sdp('m=audio 6000 RTP/AVP 0', 'a=crypto:1 x inline:y', 'a=fingerprint:sha-256 AA')),
    ).toBeUndefined();
  });

  it.each([
    ['RTP/AVP', [line(A), AUDIO, 'm=audio 6002 RTP/AVP 0']],
    ['RTP/AVPF', [line(A), 'm=audio 6002 RTP/AVPF 0']],
    ['DTLS-SRTP', [line(A), 'm=audio 6002 UDP/TLS/RTP/SAVPF 0']],
    ['a=crypto', [line(A), AUDIO, 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x']],
    ['a=fingerprint', ['a=fingerprint:sha-256 AA', AUDIO, line(A)]],
    ['RTP/AVP beside a malformed line', ['a=key-mgmt:mikey *', 'm=audio 6002 RTP/AVP 0']],
  ])('%s beside key management: BiddingDown', (_, lines) => {
    expect(() => {
      checkSecureOnly(sdp(...lines));
    }).toThrow(coded('BiddingDown'));
  });
});
