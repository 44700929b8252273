/** A tap puts itself into the way of the media and changes nothing else: key-mgmt least of all. */
import { describe, expect, it } from 'vitest';
import { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { createMediaRelays, type OpenMediaRelay } from '../../../src/entity/tap/index.ts';
import type { Scheduler } from '../../../src/foundation/base/index.ts';
import { IDLE_MS, LINGER_MS } from '../../../src/entity/tap/tapped-call.ts';
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

/** A message without a body of the same call; the status line of a response, or the method of a request. */
function passing(start: string, cseq: string): SipMessage {
  const line = /^\d/.test(start) ? `SIP/2.0 ${start}` : `${start} sip:b@b.example SIP/2.0`;
  const head = invite('m=audio 6000 RTP/SAVP 0').headers.filter(({ name }) => !/^(?:CSeq|Content-Type)$/.test(name));
  const fields = head.map(({ name, value }) => `${name}: ${value}`);
  return parseSipMessage(
    new TextEncoder().encode([line, ...fields, `CSeq: ${cseq}`, 'Content-Length: 0', '', ''].join('\r\n')),
  );
}

/** Time that passes when it is told. */
class Time implements Scheduler {
  nowMs = 0;
  readonly timers = new Set<{ atMs: number; fn: () => void }>();
  monotonicMs(): number {
    return this.nowMs;
  }
  after(delayMs: number, fn: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, fn };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  /** Lets time pass, and what has been begun be done. */
  async pass(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.timers].filter(({ atMs }) => atMs <= until).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.timers.delete(next);
      this.nowMs = next.atMs;
      next.fn();
    }
    this.nowMs = until;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Opened {
  readonly passed: unknown[];
  readonly packet: () => void;
  closed: boolean;
}

function relays(): { opened: Opened[]; open: OpenMediaRelay } {
  const opened: Opened[] = [];
  return {
    opened,
    open: (packet) => {
      const state: Opened = { passed: [], packet, closed: false };
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
    const media = createMediaRelays(open, new Time());
    const passed = parseSipMessage(encodeSipMessage(await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'a')));
    const sdp = parseSdp(passed.body);
    expect(sdp.media[0]).toMatchObject({ port: 7002, connections: [{ address: '127.0.0.1' }] });
    expect(new TextDecoder().decode(passed.body)).toContain(MIKEY);
    expect(opened[0]?.passed).toEqual([{ address: '192.0.2.1', port: 6000 }]);
  });

  it('use one pair of ports for each party and line, however often it is announced, and follow a moved port', async () => {
    const { opened, open } = relays();
    const media = createMediaRelays(open, new Time());
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
    const media = createMediaRelays(open, new Time());
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
    const passed = await createMediaRelays(open, new Time()).pass(message, 'a');
    const body = Buffer.from(passed.body).toString('latin1');
    expect(body.startsWith(before) && body.endsWith(after)).toBe(true);
    const sdp = parseSdp(passed.body.subarray(before.length, passed.body.length - after.length));
    expect(sdp.media[0]).toMatchObject({ port: 7002, connections: [{ address: '127.0.0.1' }] });
    expect(opened[0]?.passed).toEqual([{ address: '192.0.2.1', port: 6000 }]);
  });

  it('pass a message on as it is when no port can be opened, end its call all the same, and try again', async () => {
    const { opened, open } = relays();
    let full = true;
    const time = new Time();
    const media = createMediaRelays(
      (packet) => (full ? Promise.reject(new HalfkeyError('UNAVAILABLE', 'no port is free')) : open(packet)),
      time,
    );
    const message = invite('m=audio 6000 RTP/SAVP 0');
    expect(await media.pass(message, 'a')).toBe(message);
    await media.pass(passing('BYE', '2 BYE'), 'a');
    await time.pass(LINGER_MS);
    expect(media.calls).toBe(0);
    expect(await media.pass(message, 'a')).toBe(message);
    full = false;
    expect(parseSdp((await media.pass(message, 'a')).body).media[0]?.port).toBe(7002);
    const opening = media.pass(message, 'b');
    await media.close();
    expect(parseSdp((await opening).body).media[0]?.port).toBe(7004);
    expect(opened.map(({ closed }) => closed)).toEqual([true, true]);
  });
});

describe('the relays of a call', () => {
  /** What passes after the INVITE of `a`; then whether its relay is still open, and after a while. */
  async function after(...messages: readonly (readonly [string, string])[]): Promise<[boolean, boolean]> {
    const { opened, open } = relays();
    const time = new Time();
    const media = createMediaRelays(open, time);
    await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'a');
    for (const [start, cseq] of messages) await media.pass(passing(start, cseq), /^\d/.test(start) ? 'b' : 'a');
    await time.pass(LINGER_MS - 1);
    const still = opened[0]?.closed === false;
    await time.pass(1);
    const closed = opened[0]?.closed === true;
    expect(media.calls).toBe(closed ? 0 : 1);
    await media.close();
    expect([opened.every((each) => each.closed), time.timers.size]).toEqual([true, 0]);
    return [still, !closed];
  }

  it.each([
    [
      'a BYE',
      [
        ['200 OK', '1 INVITE'],
        ['BYE', '2 BYE'],
      ],
    ],
    [
      'a CANCEL',
      [
        ['180 Ringing', '1 INVITE'],
        ['CANCEL', '1 CANCEL'],
      ],
    ],
    [
      'a CANCEL and its 487',
      [
        ['CANCEL', '1 CANCEL'],
        ['487 Request Terminated', '1 INVITE'],
      ],
    ],
    [
      'a refusal',
      [
        ['486 Busy Here', '1 INVITE'],
        ['ACK', '1 ACK'],
      ],
    ],
  ] as const)('close a moment after %s', async (_what, messages) => {
    expect(await after(...messages)).toEqual([true, false]);
  });

  it.each([
    ['a provisional response', [['183 Session Progress', '1 INVITE']]],
    ['the refusal of another request', [['481 Call/Transaction Does Not Exist', '2 PRACK']]],
    [
      'a refusal that asks for another INVITE',
      [
        ['407 Proxy Authentication Required', '1 INVITE'],
        ['INVITE', '2 INVITE'],
      ],
    ],
    [
      'a 2xx that crossed the CANCEL',
      [
        ['CANCEL', '1 CANCEL'],
        ['200 OK', '1 INVITE'],
      ],
    ],
    [
      'the refusal of a re-INVITE',
      [
        ['200 OK', '1 INVITE'],
        ['INVITE', '2 INVITE'],
        ['488 Not Acceptable Here', '2 INVITE'],
      ],
    ],
    [
      'the CANCEL of a re-INVITE',
      [
        ['200 OK', '1 INVITE'],
        ['INVITE', '2 INVITE'],
        ['CANCEL', '2 CANCEL'],
      ],
    ],
  ] as const)('stay after %s', async (_what, messages) => {
    expect(await after(...messages)).toEqual([true, true]);
  });

  it('close when neither a message nor a packet has passed for long', async () => {
    const { opened, open } = relays();
    const time = new Time();
    const media = createMediaRelays(open, time);
    await media.pass(invite('m=audio 6000 RTP/SAVP 0'), 'a');
    await media.pass(passing('200 OK', '1 INVITE'), 'b');
    await time.pass(IDLE_MS - 1);
    await media.pass(passing('OPTIONS', '3 OPTIONS'), 'a');
    await time.pass(IDLE_MS - 1);
    opened[0]?.packet();
    await time.pass(IDLE_MS - 1);
    expect(opened[0]?.closed).toBe(false);
    await time.pass(1);
    expect([opened[0]?.closed, media.calls, time.timers.size]).toEqual([true, 0, 0]);
  });
});
