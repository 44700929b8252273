import { describe, expect, it } from 'vitest';
import { ascii, concat } from '../../../src/foundation/base/bytes.ts';
import { createSipCarriers, parseSipMessage, type CarriedOctets } from '../../../src/protocol/signalling/index.ts';
import { requestOctets, responseOctets, sdp } from './messages.ts';

const INVITE = requestOctets('INVITE', { body: sdp() });
const OK = responseOctets(200, 'INVITE', { branch: 'b' });
const A = { address: '192.0.2.1', port: 5060 };
const B = { address: '192.0.2.2', port: 5060 };

function tcp(payload: Uint8Array, more: Partial<CarriedOctets> = {}): CarriedOctets {
  return { kind: 'tcp', source: A, destination: B, payload, ...more };
}

const udp = (payload: Uint8Array): CarriedOctets => ({ kind: 'udp', source: A, destination: B, payload });

describe('createSipCarriers', () => {
  it('frames each direction of each connection by itself', () => {
    const carriers = createSipCarriers();
    expect(carriers.take(tcp(INVITE.subarray(0, 50)))).toEqual([]);
    expect(carriers.take(tcp(OK.subarray(0, 50), { source: B, destination: A }))).toEqual([]);
    expect(carriers.take(tcp(OK, { source: { ...A, port: 5061 } }))).toEqual([parseSipMessage(OK)]);
    expect(carriers.take(tcp(INVITE.subarray(50)))).toEqual([parseSipMessage(INVITE)]);
    expect(carriers.take(tcp(OK.subarray(50), { source: B, destination: A }))).toEqual([parseSipMessage(OK)]);
  });

  it('drops an unfinished message at a gap and at the end of a direction', () => {
    const carriers = createSipCarriers();
    carriers.take(tcp(INVITE.subarray(0, -1)));
    expect(carriers.take(tcp(OK, { gap: true }))).toEqual([parseSipMessage(OK)]);
    carriers.take(tcp(INVITE.subarray(0, -1)));
    carriers.take(tcp(new Uint8Array(0), { end: true }));
    expect(carriers.take(tcp(OK))).toEqual([parseSipMessage(OK)]);
  });

  it('takes a datagram for one message, and passes over RTP, keep-alives and what is malformed', () => {
    const carriers = createSipCarriers();
    expect(carriers.take(udp(concat(OK, ascii('more'))))).toEqual([parseSipMessage(OK)]);
    expect(carriers.take(udp(Uint8Array.of(0x80, 0, 0, 1)))).toBeUndefined();
    expect(carriers.take(udp(new Uint8Array(0)))).toBeUndefined();
    expect(carriers.take(udp(ascii('\r\n\r\n')))).toBeUndefined();
    expect(carriers.take(udp(ascii('INVITE sip:b@x SIP/2.0\r\n\r\n')))).toEqual([]);
  });

  it('follows a bounded number of connections, those that speak', () => {
    const carriers = createSipCarriers();
    carriers.take(tcp(INVITE.subarray(0, 50)));
    carriers.take(tcp(INVITE.subarray(0, 50), { source: B }));
    for (let port = 1; port < 4096; port++) {
      carriers.take(tcp(ascii('x'), { destination: { ...B, port: 10_000 + port } }));
      if (port === 1) carriers.take(tcp(INVITE.subarray(50, 60)));
    }
    expect(carriers.take(tcp(INVITE.subarray(60)))).toEqual([parseSipMessage(INVITE)]);
    expect(carriers.take(tcp(INVITE.subarray(50), { source: B }))).toEqual([]);
  });
});
