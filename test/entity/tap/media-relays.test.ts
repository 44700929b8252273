/** A tap puts itself into the way of the media and changes nothing else: key-mgmt least of all. */
import { describe, expect, it } from 'vitest';
import { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { createMediaRelays, type MediaRelay } from '../../../src/entity/tap/index.ts';
import {
  encodeSipMessage,
  parseSdp,
  parseSipMessage,
  type SipMessage,
} from '../../../src/protocol/signalling/index.ts';

const MIKEY = 'a=key-mgmt:mikey AQAFgM0CcRgBAAAAAA==';

function invite(media: string, type = 'application/sdp', before = '', after = ''): SipMessage {
  const sdp = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', MIKEY, media, ''].join('\r\n');
  const body = `${before}${sdp}${after}`;
  const head = [
    'INVITE sip:b@b.example SIP/2.0',
    'Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1',
    'From: <sip:a@a.example>;tag=1',
    'To: <sip:b@b.example>',
    'Call-ID: one',
    'CSeq: 1 INVITE',
    `Content-Type: ${type}`,
  ];
  return parseSipMessage(
    new TextEncoder().encode([...head, `Content-Length: ${String(body.length)}`, '', body].join('\r\n')),
  );
}

function relays(): { opened: { passed: unknown[]; closed: boolean }[]; open: () => Promise<MediaRelay> } {
  const opened: { passed: unknown[]; closed: boolean }[] = [];
  return {
    opened,
    open: () => {
      const state = { passed: [] as unknown[], closed: false };
      const port = 7000 + 2 * opened.push(state);
      return Promise.resolve({
        local: { address: '127.0.0.1', port },
        passTo: (party) => state.passed.push(party),
        close: () => {
          state.closed = true;
          return Promise.resolve();
        },
      });
    },
  };
}

describe('media relays', () => {
  it('replace the address of the sender by one of the tap and keep every other line', async () => {
    const { opened, open } = relays();
    const media = createMediaRelays(open);
    const passed = parseSipMessage(encodeSipMessage(await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'a')));
    const sdp = parseSdp(passed.body);
    expect(sdp.media[0]).toMatchObject({ port: 7002, connections: [{ address: '127.0.0.1' }] });
    expect(new TextDecoder().decode(passed.body)).toContain(MIKEY);
    expect(opened[0]?.passed).toEqual([{ address: '192.0.2.1', port: 6000 }]);
  });

  it('use one pair of ports for each party and line, however often it is announced, and follow a moved port', async () => {
    const { opened, open } = relays();
    const media = createMediaRelays(open);
    await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'a');
    await media.pass(invite('m=audio 6100 RTP/SAVP 0'), 'a');
    await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'b');
    expect(opened).toHaveLength(2);
    expect(opened[0]?.passed).toEqual([
      { address: '192.0.2.1', port: 6000 },
      { address: '192.0.2.1', port: 6100 },
    ]);
  });

  it('leave refused lines, other bodies and what cannot be read as they are', async () => {
    const { opened, open } = relays();
    const media = createMediaRelays(open);
    const refused = invite('m=audio 0 RTP/SAVP 0');
    expect(parseSdp((await media.pass(refused, 'a')).body).media[0]?.port).toBe(0);
    const broken = invite('m=');
    expect(await media.pass(broken, 'a')).toBe(broken);
    const other = invite('m=audio 6000 RTP/SAVP 0', 'text/plain');
    expect(await media.pass(other, 'a')).toBe(other);
    expect(opened).toHaveLength(0);
  });

  it.each([
    ['Application/SDP', ['', '']],
    ['application/sdp;charset=utf-8', ['', '']],
    ['multipart/mixed;boundary=x', ['--x\r\nContent-Type: application/sdp\r\n\r\n', '\r\n--x--\r\n']],
  ] as const)('find a description wherever one is read from: %s', async (type, [before, after]) => {
    const { opened, open } = relays();
    const message = invite('m=audio 6000 RTP/SAVP 0', type, before, after);
    const passed = await createMediaRelays(open).pass(message, 'a');
    const body = Buffer.from(passed.body).toString('latin1');
    expect(body.startsWith(before) && body.endsWith(after)).toBe(true);
    const sdp = parseSdp(passed.body.subarray(before.length, passed.body.length - after.length));
    expect(sdp.media[0]).toMatchObject({ port: 7002, connections: [{ address: '127.0.0.1' }] });
    expect(opened[0]?.passed).toEqual([{ address: '192.0.2.1', port: 6000 }]);
  });

  it('pass a message on as it is when no port can be opened, end its call all the same, and try again', async () => {
    const { opened, open } = relays();
    let full = true;
    const media = createMediaRelays(() =>
      full ? Promise.reject(new HalfkeyError('UNAVAILABLE', 'no port is free')) : open(),
    );
    const message = invite('m=audio 6000 RTP/SAVP 0');
    expect(await media.pass(message, 'a')).toBe(message);
    await media.end('one');
    expect(await media.pass(message, 'a')).toBe(message);
    full = false;
    expect(parseSdp((await media.pass(message, 'a')).body).media[0]?.port).toBe(7002);
    const opening = media.pass(message, 'b');
    full = true;
    await media.end('one');
    expect(parseSdp((await opening).body).media[0]?.port).toBe(7004);
    expect(opened.map(({ closed }) => closed)).toEqual([true, true]);
  });

  it('close the ports of a call that ended, and all at the end', async () => {
    const { opened, open } = relays();
    const media = createMediaRelays(open);
    await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'a');
    await media.end('another');
    expect(opened[0]?.closed).toBe(false);
    await media.end('one');
    expect(opened[0]?.closed).toBe(true);
    await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'b');
    await media.close();
    expect(opened.every(({ closed }) => closed)).toBe(true);
  });
});
