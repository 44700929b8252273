import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64, toHex } from '../../../src/foundation/base/bytes.ts';
import {
  createCallTracker,
  type Call,
  type CallTracker,
  type CallUpdate,
  type SipMessage,
} from '../../../src/protocol/signalling/index.ts';
import { mikey, request, response, sdp, type DATA_TYPES, type Options } from './messages.ts';

const CSB = 0x0a0b0c0d;
const I1 = mikey('i1', CSB);
const R1 = mikey('r1', CSB);
const I2 = mikey('i2', CSB);
const R2 = mikey('r2', CSB);
const slots = ['i1', 'r1', 'i2', 'r2'] as const;

/** Each candidate as `branch:i1 r1 i2 r2`, messages by their marks, `-` for a missing one. */
function shape(call: Call | undefined): string[] {
  return (call?.exchanges ?? []).map((exchange) => {
    const marks = slots.map((slot) => exchange[slot]?.at(-1) ?? '-').join(' ');
    return `${exchange.branch ?? '?'}#${String(exchange.round)}:${marks}`;
  });
}

function feedAll(tracker: CallTracker, ...list: SipMessage[]): (CallUpdate | undefined)[] {
  return list.map((message, i) => tracker.feed(message, 1000 + i));
}

const b = (more: Options): Options => ({ branch: 'b', ...more });
const invite = request('INVITE', { body: sdp({ session: I1 }) });
const answer183 = response(183, 'INVITE', b({ body: sdp({ session: R1, port: 6010, address: '192.0.2.2' }) }));
const update = request('UPDATE', b({ cseq: 2, body: sdp({ session: I2 }) }));
const updated = response(200, 'UPDATE', b({ cseq: 2, body: sdp({ session: R2, port: 6010, address: '192.0.2.2' }) }));
const bye = request('BYE', b({ cseq: 9 }));

describe('the exchange in a dialog', () => {
  it('takes key-mgmt from INVITE, 183, UPDATE and its 200', () => {
    const tracker = createCallTracker();
    const updates = feedAll(
      tracker,
      invite,
      answer183,
      request('PRACK', b({ cseq: 2 })),
      update,
      updated,
      response(200, 'INVITE', b({})),
    );
    expect(updates.map((u) => u?.newMikey.map(({ type }) => type))).toEqual([
      [22],
      [23],
      undefined,
      [24],
      [25],
      undefined,
    ]);
    expect(updates.map((u) => u?.created)).toEqual([true, false, undefined, false, false, undefined]);
    expect(tracker.calls()).toHaveLength(1);
    expect(tracker.call('call-1')?.exchanges).toMatchObject([
      { csbId: fromHex('0a0b0c0d'), branch: 'b', initiator: 'caller', startedMs: 1000, i1: I1, r1: R1, i2: I2, r2: R2 },
    ]);
  });

  it('takes it from INVITE/200 and re-INVITE/200 (no reliable provisional)', () => {
    const tracker = createCallTracker();
    feedAll(tracker, invite, response(200, 'INVITE', b({ body: sdp({ session: R1 }) })), request('ACK', b({})));
    feedAll(
      tracker,
      request('INVITE', b({ cseq: 2, body: sdp({ session: I2 }) })),
      response(200, 'INVITE', b({ cseq: 2, body: sdp({ session: R2 }) })),
    );
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:0 0 0 0']);
  });

  it('takes it from the 200 and the ACK of an INVITE without an offer: the callee is the initiator', () => {
    const tracker = createCallTracker();
    feedAll(
      tracker,
      request('INVITE'),
      response(200, 'INVITE', b({ body: sdp({ session: I1, port: 7000 }) })),
      request('ACK', b({ body: sdp({ session: R1, port: 8000 }) })),
    );
    const call = tracker.call('call-1');
    expect(call?.exchanges).toMatchObject([{ initiator: 'callee', branch: 'b', i1: I1, r1: R1 }]);
    expect(call?.media).toMatchObject([{ initiator: [{ port: 7000 }], responder: [{ port: 8000 }] }]);
  });

  it('attributes requests of the callee by their tags', () => {
    const tracker = createCallTracker();
    feedAll(tracker, invite, answer183, update, updated);
    const again = mikey('i1', CSB, 1);
    const fromCallee = b({ from: 'callee', cseq: 1, body: sdp({ session: again, port: 6012, address: '192.0.2.2' }) });
    const update2 = tracker.feed(request('UPDATE', fromCallee), 0);
    expect(update2?.newMikey).toMatchObject([{ sender: 'callee', branch: 'b' }]);
    const reply = response(200, 'UPDATE', { ...fromCallee, body: sdp({ session: mikey('r1', CSB, 1), port: 6002 }) });
    expect(tracker.feed(reply, 0)?.newMikey).toMatchObject([{ sender: 'caller', branch: 'b' }]);
    const call = tracker.call('call-1');
    expect(shape(call)).toEqual(['b#0:0 0 0 0', 'b#1:1 1 - -']);
    expect(call?.exchanges.map(({ initiator }) => initiator)).toEqual(['caller', 'callee']);
    // CS IDs keep the directions of the first exchange, and so do the lines.
    expect(call?.media).toMatchObject([
      { initiator: [{ port: 6000 }, { port: 6002 }], responder: [{ port: 6010 }, { port: 6012 }] },
    ]);
  });

  it('takes a missing tag (RFC 2543) for no tag of the caller', () => {
    const tracker = createCallTracker();
    tracker.feed({ ...request('INVITE', { body: sdp() }), fromTag: '' }, 0);
    expect(tracker.feed(request('INVITE', { cseq: 2, body: sdp({ session: I1 }) }), 0)?.newMikey).toMatchObject([
      { sender: 'caller' },
    ]);
  });

  it('the same messages on another leg of a proxy add nothing', () => {
    const tracker = createCallTracker();
    const leg = (n: number): SipMessage[] => {
      const via = { leg: n, extra: [['Record-Route', '<sip:proxy;lr>']] as const };
      return [
        request('INVITE', { ...via, body: sdp({ session: I1 }) }),
        response(183, 'INVITE', b({ ...via, body: sdp({ session: R1 }) })),
        request('PRACK', b({ ...via, cseq: 2, body: sdp({ session: I2 }) })),
        response(200, 'PRACK', b({ ...via, cseq: 2, body: sdp({ session: 'a=key-mgmt:mikey *' }) })),
        request('BYE', b({ ...via, cseq: 3 })),
      ];
    };
    const updates = feedAll(tracker, ...leg(1).flatMap((message, i) => [message, leg(2)[i] as SipMessage]));
    expect(updates.map((u) => u !== undefined)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
    const before = inspect(tracker.call('call-1')?.media, { depth: 9 });
    expect(feedAll(tracker, ...leg(3))).toEqual(Array(5).fill(undefined));
    expect(inspect(tracker.call('call-1')?.media, { depth: 9 })).toBe(before);
    expect(tracker.call('call-1')?.problems).toHaveLength(1);
  });

  it('keeps media level apart from session level, each with its own CSB', () => {
    const tracker = createCallTracker();
    const other = mikey('i1', 7);
    const body = sdp({ session: I1, media: ['m=video 6004 RTP/SAVP 31', `a=key-mgmt:mikey ${toBase64(other)}`] });
    expect(tracker.feed(request('INVITE', { body }), 0)?.newMikey.map(({ mediaIndex }) => mediaIndex)).toEqual([
      undefined,
      1,
    ]);
    expect(tracker.call('call-1')?.exchanges.map(({ mediaIndex, csbId }) => [mediaIndex, toHex(csbId)])).toEqual([
      [undefined, '0a0b0c0d'],
      [1, '00000007'],
    ]);
  });

  it('keeps exchanges of different CSB IDs apart, in one call and in two', () => {
    const tracker = createCallTracker();
    feedAll(tracker, invite, request('INVITE', { cseq: 2, body: sdp({ session: mikey('i1', 1) }) }));
    feedAll(tracker, request('INVITE', { callId: 'call-2', body: sdp({ session: I1 }) }));
    expect(tracker.call('call-1')?.exchanges.map(({ csbId }) => toHex(csbId))).toEqual(['0a0b0c0d', '00000001']);
    expect(shape(tracker.call('call-2'))).toEqual(['?#0:0 - - -']);
  });

  it('reports other data types, such as an error in a 488, without mixing them into an exchange', () => {
    const tracker = createCallTracker();
    const refusal = response(488, 'INVITE', b({ body: sdp({ session: mikey('error', CSB), port: 6099 }) }));
    const [, second] = feedAll(tracker, invite, refusal, refusal);
    expect(second).toMatchObject({ newMikey: [{ type: 6, sender: 'callee' }], mediaChanged: false, ended: true });
    expect(tracker.call('call-1')?.otherMikey).toHaveLength(1);
    expect(shape(tracker.call('call-1'))).toEqual(['?#0:0 - - -']);
  });
});

describe('forks and re-keys', () => {
  const fork = (
    tag: string,
    type: keyof typeof DATA_TYPES,
    mark: number,
    message: (o: Options) => SipMessage,
  ): SipMessage => message({ branch: tag, cseq: 2, body: sdp({ session: mikey(type, CSB, mark) }) });
  const early = (o: Options): SipMessage => response(183, 'INVITE', { ...o, cseq: 1 });
  const prack = (o: Options): SipMessage => request('PRACK', o);
  const pracked = (o: Options): SipMessage => response(200, 'PRACK', o);

  it('gives a candidate for each branch, all with the same I_MESSAGE_1, whatever the interleaving', () => {
    const tracker = createCallTracker();
    feedAll(
      tracker,
      invite,
      fork('b1', 'r1', 1, early),
      fork('b2', 'r1', 2, early),
      fork('b2', 'i2', 2, prack),
      fork('b1', 'i2', 1, prack),
    );
    feedAll(tracker, fork('b3', 'r1', 3, early), fork('b1', 'r2', 1, pracked), fork('b2', 'r2', 2, pracked));
    expect(shape(tracker.call('call-1'))).toEqual(['b1#0:0 1 1 1', 'b2#0:0 2 2 2', 'b3#0:0 3 - -']);
  });

  it('refuses the ninth branch and says so', () => {
    const tracker = createCallTracker();
    tracker.feed(invite, 0);
    const tags = Array.from({ length: 9 }, (_, i) => `t${String(i)}`);
    const updates = feedAll(tracker, ...tags.map((tag, i) => fork(tag, 'r1', i, early)));
    expect(tracker.call('call-1')?.exchanges).toHaveLength(8);
    expect(updates[8]).toMatchObject({ newMikey: [], newProblems: [{ code: 'TooManyBranches' }] });
  });

  it('a new I_MESSAGE_1 with the same CSB ID begins a round; nothing of the first is lost', () => {
    const tracker = createCallTracker();
    feedAll(tracker, invite, answer183, update, updated);
    feedAll(
      tracker,
      fork('b', 'i1', 5, (o) => request('INVITE', { ...o, cseq: 4 })),
      fork('b', 'r1', 5, (o) => response(200, 'INVITE', { ...o, cseq: 4 })),
    );
    feedAll(
      tracker,
      fork('b', 'i2', 5, (o) => request('UPDATE', { ...o, cseq: 5 })),
      fork('b', 'r2', 5, (o) => response(200, 'UPDATE', { ...o, cseq: 5 })),
    );
    // Retransmissions of the first round find their place again.
    expect(feedAll(tracker, invite, answer183, update, updated)).toEqual([undefined, undefined, undefined, undefined]);
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:0 0 0 0', 'b#1:5 5 5 5']);
  });

  it('the same octets under another tag are another branch', () => {
    const tracker = createCallTracker();
    feedAll(tracker, invite, fork('b', 'r1', 1, early), fork('c', 'r1', 1, early), fork('c', 'r1', 1, early));
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:0 1 - -', 'c#0:0 1 - -']);
  });

  it('an answer of another branch after a re-key belongs to the I_MESSAGE_1 that all branches got', () => {
    const tracker = createCallTracker();
    feedAll(tracker, invite, answer183, update, updated);
    const rekey = fork('b', 'i1', 5, (o) => request('UPDATE', { ...o, cseq: 4 }));
    feedAll(tracker, rekey, fork('c', 'r1', 7, early));
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:0 0 0 0', 'b#1:5 - - -', 'c#0:0 7 - -']);
  });

  it('a different message of the same type and branch opens a candidate and overwrites nothing', () => {
    const tracker = createCallTracker();
    feedAll(tracker, invite, answer183, fork('b', 'r1', 1, early), update, fork('b', 'i2', 1, prack), updated);
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:0 0 0 0', 'b#0:0 1 0 0', 'b#0:0 1 1 0']);
    const many = Array.from({ length: 9 }, (_, i) => fork('b', 'r2', i + 1, pracked));
    feedAll(tracker, ...many);
    expect(tracker.call('call-1')?.exchanges).toHaveLength(4);
    expect(tracker.call('call-1')?.problems.map(({ code }) => code)).toContain('TooManyBranches');
  });

  it('a capture that begins late: the call begins with the first MIKEY message, and says what it has', () => {
    const tracker = createCallTracker();
    feedAll(tracker, request('PRACK', b({ cseq: 2 })), update, updated, bye);
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:- - 0 0']);
    expect(tracker.call('call-1')?.exchanges[0]?.initiator).toBe('caller');
    const rekey = fork('b', 'i1', 5, (o) => request('INVITE', { ...o, cseq: 4 }));
    tracker.feed(rekey, 0);
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:- - 0 0', 'b#1:5 - - -']);
  });

  it('a capture in which the answer comes before its offer', () => {
    const tracker = createCallTracker();
    feedAll(tracker, answer183, invite, update);
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:0 0 0 -']);
    feedAll(tracker, fork('b2', 'r1', 2, early));
    expect(shape(tracker.call('call-1'))).toEqual(['b#0:0 0 0 -', 'b2#0:0 2 - -']);
  });

  it('any order, any repetition: no candidate mixes branches, every message stands somewhere', () => {
    const types = ['r1', 'i2', 'r2'] as const;
    const senders = { r1: early, i2: prack, r2: pracked };
    const step = fc.record({ tag: fc.constantFrom('b1', 'b2', 'b3'), type: fc.constantFrom(...types) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const tracker = createCallTracker();
        tracker.feed(invite, 0);
        for (const { tag, type } of steps) tracker.feed(fork(tag, type, Number(tag.slice(1)), senders[type]), 0);
        const call = tracker.call('call-1');
        const tags = new Set(steps.map(({ tag }) => tag));
        expect(call?.exchanges).toHaveLength(Math.max(1, tags.size));
        for (const exchange of call?.exchanges ?? []) {
          expect(exchange.i1).toEqual(I1);
          for (const type of types) {
            const sent = steps.some((s) => s.tag === exchange.branch && s.type === type);
            expect(exchange[type]?.at(-1)).toBe(sent ? Number(exchange.branch?.slice(1)) : undefined);
          }
        }
      }),
      { seed: 6, numRuns: 100 },
    );
  });
});

describe('media and identities', () => {
  it('keeps earlier addresses when a re-INVITE moves a stream, each once', () => {
    const tracker = createCallTracker();
    const move = (port: number, cseq: number): SipMessage => request('INVITE', b({ cseq, body: sdp({ port }) }));
    const updates = feedAll(tracker, invite, answer183, move(6000, 2), move(6100, 3), move(0, 4), move(6000, 5));
    expect(updates.map((u) => u?.mediaChanged)).toEqual([true, true, undefined, true, undefined, undefined]);
    expect(tracker.call('call-1')?.media).toMatchObject([
      {
        initiator: [
          { address: '192.0.2.1', port: 6000 },
          { address: '192.0.2.1', port: 6100 },
        ],
        responder: [{ address: '192.0.2.2', port: 6010 }],
        initiatorRtcp: [{ port: 6001 }, { port: 6101 }],
        responderRtcp: [{ port: 6011 }],
      },
    ]);
    feedAll(tracker, ...Array.from({ length: 30 }, (_, i) => move(7000 + i, 10 + i)));
    const ports = tracker.call('call-1')?.media[0]?.initiator.map(({ port }) => port);
    expect([ports?.length, ports?.at(-1)]).toEqual([16, 7029]);
  });

  it('reports a new format', () => {
    const tracker = createCallTracker();
    const video = (name: string): SipMessage =>
      request('INVITE', { body: sdp({ session: I1, media: ['m=video 1 RTP/SAVP 96', `a=rtpmap:96 ${name}/90000`] }) });
    expect(feedAll(tracker, video('H263'), video('H263'), video('H264')).map((u) => u?.mediaChanged)).toEqual([
      true,
      undefined,
      true,
    ]);
    expect(tracker.call('call-1')?.media[1]?.formats).toEqual([
      { payloadType: 96, encoding: 'H264', clockRate: 90000 },
    ]);
  });

  it('knows the URIs of the first INVITE and the asserted identities of both sides', () => {
    const tracker = createCallTracker();
    const asserted = (...values: string[]): readonly (readonly [string, string])[] =>
      values.map((value) => ['P-Asserted-Identity', value] as const);
    feedAll(
      tracker,
      request('INVITE', { leg: 1, body: sdp() }),
      request('INVITE', {
        leg: 2,
        body: sdp(),
        extra: asserted('"Alice" <sip:alice@a.example>, <tel:+4612345>', 'garbage'),
      }),
      response(183, 'INVITE', b({ extra: asserted('<sip:bob@b.example>', '<sip:bob@b.example>') })),
    );
    expect(tracker.call('call-1')).toMatchObject({
      fromUri: 'sip:alice@operator-a.example',
      toUri: 'sip:bob@operator-b.example',
      requestUri: 'sip:bob@operator-b.example',
      callerAsserted: ['sip:alice@a.example', 'tel:+4612345'],
      calleeAsserted: ['sip:bob@b.example'],
    });
  });

  it('a call that is logged by mistake shows no identity', () => {
    const tracker = createCallTracker();
    tracker.feed(invite, 0);
    const call = tracker.call('call-1');
    expect(inspect(call) + JSON.stringify(call)).not.toMatch(/alice|bob|call-1/);
  });
});

describe('problems', () => {
  const codes = (...list: SipMessage[]): string[] => {
    const tracker = createCallTracker();
    feedAll(tracker, ...list);
    return tracker.call('call-1')?.problems.map(({ code }) => code) ?? [];
  };

  it('N48 malformed key-mgmt becomes a problem of the call and does not hide a good level', () => {
    const tracker = createCallTracker();
    const body = sdp({ session: 'a=key-mgmt:mikey AQ*', media: [`a=key-mgmt:mikey ${toBase64(I1)}`] });
    expect(tracker.feed(request('INVITE', { body }), 7)).toMatchObject({
      newMikey: [{ mediaIndex: 0 }],
      newProblems: [{ code: 'BadKeyMgmt', timeMs: 7, sender: 'caller' }],
    });
    expect(feedAll(tracker, answer183).map((u) => u?.newMikey.length)).toEqual([1]);
  });

  it.each<[string, SipMessage, string]>([
    ['a body that is no SDP', request('INVITE', { body: 'hello' }), 'BadSdp'],
    [
      'a multipart body without end',
      request('INVITE', { body: '--x\r\n', type: 'multipart/mixed;boundary=x' }),
      'BadSip',
    ],
    [
      'a MIKEY message too short for a header',
      request('INVITE', { body: sdp({ session: I1.subarray(0, 9) }) }),
      'BadKeyMgmt',
    ],
    [
      'a MIKEY message over 64 KiB',
      request('INVITE', { body: sdp({ session: new Uint8Array(65_537) }) }),
      'BadKeyMgmt',
    ],
    [
      'RTP/AVP beside key management',
      request('INVITE', { body: sdp({ session: I1, protocol: 'RTP/AVP' }) }),
      'BiddingDown',
    ],
  ])('%s', (_, message, code) => {
    expect(codes(message)).toEqual([code]);
  });

  it('an answer without key-mgmt to an offer with it: BiddingDown, but not after one with it', () => {
    const clear = sdp({ port: 6010 });
    expect(codes(invite, response(200, 'INVITE', b({ body: clear })))).toEqual(['BiddingDown']);
    expect(codes(invite, answer183, response(200, 'INVITE', b({ body: clear })))).toEqual([]);
    expect(codes(invite, answer183, response(200, 'INVITE', { branch: 'c', body: clear }))).toEqual(['BiddingDown']);
    expect(codes(request('INVITE', { body: sdp() }), response(200, 'INVITE', b({ body: clear })))).toEqual([]);
    expect(codes(invite, response(488, 'INVITE', b({ body: clear })))).toEqual([]);
  });

  it('is bounded', () => {
    const bad = Array.from({ length: 100 }, (_, i) => request('INVITE', { cseq: i, body: 'x' }));
    expect(codes(...bad)).toHaveLength(32);
  });
});

describe('the end of a call', () => {
  const ends = (...list: SipMessage[]): (boolean | undefined)[] =>
    feedAll(createCallTracker(), ...list).map((u) => u?.ended);
  const ok = response(200, 'INVITE', b({}));
  const final = (status: number, branch?: string, cseq = 1): SipMessage => response(status, 'INVITE', { branch, cseq });
  const cancel = request('CANCEL');

  it('BYE, of either side, once', () => {
    expect(ends(invite, ok, bye, bye)).toEqual([undefined, undefined, true, undefined]);
    const tracker = createCallTracker();
    feedAll(tracker, invite, ok, request('BYE', b({ from: 'callee' })));
    expect(tracker.call('call-1')?.ended).toEqual({ timeMs: 1002, reason: 'bye' });
  });

  it('CANCEL, and a final error', () => {
    expect(ends(invite, cancel, final(487, 'b'))).toEqual([undefined, true, undefined]);
    expect(ends(invite, final(486, 'b'))).toEqual([undefined, true]);
    expect(ends(invite, final(100), final(180, 'b'), final(603, 'b'))).toEqual([undefined, undefined, undefined, true]);
  });

  it('not a challenge, nor a refused re-INVITE, nor CANCEL of branches that lost', () => {
    expect(ends(invite, final(407, 'p'), request('INVITE', { cseq: 2 }))).toEqual([undefined, undefined, undefined]);
    const reInvite = request('INVITE', b({ cseq: 3 }));
    expect(ends(invite, ok, reInvite, final(488, 'b', 3))).toEqual([undefined, undefined, undefined, undefined]);
    expect(ends(invite, ok, cancel, final(487, 'c'))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('481 inside the dialog', () => {
    expect(ends(invite, ok, request('INVITE', b({ cseq: 3 })), final(481, 'b', 3))).toEqual([
      undefined,
      undefined,
      undefined,
      true,
    ]);
  });

  it('one branch refused while another rings is no end; BYE to a second answer is none either', () => {
    expect(ends(invite, final(180, 'b'), final(180, 'c'), final(486, 'c'))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(ends(invite, ok, final(200, 'c'), request('BYE', { branch: 'c' }), bye)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      true,
    ]);
  });

  it('is withdrawn when a proxy goes on: another branch rings, or answers; a retransmitted 180 does not withdraw it', () => {
    expect(ends(invite, final(180, 'b'), cancel, final(180, 'b'), final(180, 'c'))).toEqual([
      undefined,
      undefined,
      true,
      undefined,
      false,
    ]);
    expect(ends(invite, cancel, ok, bye)).toEqual([undefined, true, false, true]);
    expect(ends(invite, final(302, 'b'), request('INVITE', { cseq: 2 }))).toEqual([undefined, true, false]);
    expect(ends(invite, ok, bye, ok, final(180, 'c'))).toEqual([undefined, undefined, true, undefined, undefined]);
  });
});

describe('limits', () => {
  const inviteOf = (callId: string, session?: Uint8Array): SipMessage =>
    request('INVITE', { callId, body: session === undefined ? sdp() : sdp({ session }) });
  const ids = (tracker: CallTracker): string[] =>
    tracker
      .calls()
      .map(({ callId }) => callId)
      .sort();

  it('begins calls for INVITE and MIKEY only', () => {
    const tracker = createCallTracker();
    expect(
      feedAll(tracker, request('OPTIONS'), request('REGISTER'), bye, response(200, 'INVITE', b({ body: sdp() }))),
    ).toEqual(Array(4).fill(undefined));
    expect(tracker.calls()).toEqual([]);
  });

  it('drops ended calls first, then calls without keys, then those silent longest', () => {
    const tracker = createCallTracker({ maxCalls: 3 });
    feedAll(
      tracker,
      inviteOf('keyed-1', I1),
      inviteOf('plain'),
      inviteOf('over', I1),
      request('BYE', { callId: 'over', branch: 'b' }),
    );
    feedAll(tracker, inviteOf('keyed-2', I1));
    expect(ids(tracker)).toEqual(['keyed-1', 'keyed-2', 'plain']);
    feedAll(tracker, inviteOf('keyed-3', I1));
    expect(ids(tracker)).toEqual(['keyed-1', 'keyed-2', 'keyed-3']);
    feedAll(tracker, request('OPTIONS', { callId: 'keyed-1' }), inviteOf('keyed-4', I1));
    expect(ids(tracker)).toEqual(['keyed-1', 'keyed-3', 'keyed-4']);
    expect(tracker.evicted).toBe(3);
  });

  it('drops a pinned call after all others, until it ends or is forgotten', () => {
    const tracker = createCallTracker({ maxCalls: 3 });
    tracker.pin('unknown');
    feedAll(tracker, inviteOf('pinned', I1), inviteOf('also', I1));
    tracker.pin('pinned');
    tracker.pin('also');
    for (let i = 0; i < 5; i++) tracker.feed(inviteOf(`junk-${String(i)}`, I1), i);
    expect(ids(tracker)).toEqual(['also', 'junk-4', 'pinned']);
    tracker.feed(request('OPTIONS', { callId: 'pinned' }), 6);
    tracker.pin('junk-4');
    tracker.feed(inviteOf('new'), 7);
    expect(ids(tracker)).toEqual(['junk-4', 'new', 'pinned']);
    feedAll(tracker, request('BYE', { callId: 'pinned', branch: 'b' }), inviteOf('newer', I1));
    expect(ids(tracker)).toEqual(['junk-4', 'new', 'newer']);
    expect(tracker.forget('junk-4')).toBe(true);
    feedAll(tracker, inviteOf('junk-4', I1), inviteOf('a', I1), inviteOf('b', I1), inviteOf('c', I1));
    expect(ids(tracker)).toEqual(['a', 'b', 'c']);
  });

  it('is bounded in octets too', () => {
    const tracker = createCallTracker({ maxOctets: 200_000 });
    for (let i = 0; i < 20; i++) {
      const big = new Uint8Array(30_000);
      big.set(mikey('i1', i));
      tracker.feed(inviteOf(`call-${String(i)}`, big), i);
    }
    expect(ids(tracker)).toEqual(['call-14', 'call-15', 'call-16', 'call-17', 'call-18', 'call-19']);
  });

  it('forgets a call on demand', () => {
    const tracker = createCallTracker();
    tracker.feed(invite, 0);
    expect([tracker.forget('call-1'), tracker.forget('call-1'), tracker.call('call-1')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  it('keeps at most 64 exchanges and 16 other messages of a call', () => {
    const tracker = createCallTracker();
    for (let i = 0; i < 70; i++)
      tracker.feed(request('INVITE', { cseq: i, body: sdp({ session: mikey('i1', i) }) }), i);
    for (let i = 0; i < 20; i++)
      tracker.feed(request('INVITE', { cseq: i, body: sdp({ session: mikey('error', i) }) }), i);
    const call = tracker.call('call-1');
    expect([call?.exchanges.length, call?.otherMikey.length]).toEqual([64, 16]);
    expect(call?.problems.every(({ code }) => code === 'TooManyBranches')).toBe(true);
  });

  it.each([{ maxCalls: 0 }, { maxOctets: -1 }, { maxCalls: 1.5 }])('refuses the limits %j', (options) => {
    expect(() => createCallTracker(options)).toThrow(TypeError);
  });
});
