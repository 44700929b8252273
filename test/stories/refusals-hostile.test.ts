/**
 * What a dishonest operator, Delivery Function, terminal or administrator would try with certificates and warrants
 * that are in order:
 *
 *   - an old ciphertext under a new T, messages of two calls, the peer's nonce, one question twice with other octets
 *   - a request id of somebody else, or with other content; more releases than the warrant allows; two at once
 *   - answer keys off the curve, bodies that are none
 */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { fromHex, ntpFromUnixMs, toBase64, toHex } from '../../src/foundation/base/index.ts';
import { DAY, newSubscriber, type Exchange, type Subscriber } from '../support/exchange.ts';
import { DECRYPT, DOORS, goldenExchange, OPEN_NONCE, RECOVER, T1, withRoles } from '../support/roles.ts';
import { findNeedles, secretNeedle } from '../support/taint.ts';

/** Offset of T's value in a message with two crypto sessions: HDR of 10 octets, the map of 2 x 9, T's header of 2. */
const T_OFFSET = 30;

function withT(octets: Uint8Array, unixSeconds: number): Uint8Array {
  const copy = Uint8Array.from(octets);
  expect(toHex(copy.subarray(T_OFFSET, T_OFFSET + 8))).toBe(toHex(ntpFromUnixMs(1000 * T1)));
  copy.set(ntpFromUnixMs(1000 * unixSeconds), T_OFFSET);
  return copy;
}

const config = { kms: { policy: { allowPrivateKeyRelease: true } } };

withRoles({ start: ['kms', 'kms-consolidated', 'provider'], config }, (roles) => {
  async function provisioned(): Promise<Subscriber> {
    const subscriber = newSubscriber();
    await roles.provision(subscriber);
    return subscriber;
  }

  it('the search for secrets finds one in every form in which a program writes it', () => {
    const secret = '00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef';
    const needle = secretNeedle('it', secret);
    const raw = Buffer.from(secret, 'hex');
    for (const shift of [0, 1, 2, 3]) {
      const around = Buffer.concat([Buffer.from('xxx'.slice(0, shift)), raw, Buffer.from('yy')]);
      for (const text of [around, around.toString('hex').toUpperCase(), around.toString('base64')])
        expect(findNeedles('here', text, [needle]), String(shift)).toEqual(['it in here']);
      expect(findNeedles('here', around.toString('base64url'), [needle])).toEqual(['it in here']);
    }
    expect(findNeedles('here', secret.slice(1), [needle])).toEqual([]);
  });

  describe.each([RECOVER, DECRYPT])('the Delivery Function asks to $operation', (door) => {
    it('T17 a call outside the warrant under a new T: the octets no longer open, XK_REFUSED', async () => {
      const a = await provisioned();
      // The same hour of the day after: the old call is not warranted, the new T is.
      const exchange = roles.exchange({ initiator: a });
      const { R_MESSAGE_1 } = exchange.messages;
      for (const [at, logged] of [
        [T1 + 1, 'IbeDecryptFailed'],
        [T1 + DAY, 'EpochMismatch'],
      ] as const) {
        const interception = { from: new Date(1000 * at).toISOString(), to: new Date(1000 * at + 1000).toISOString() };
        const warrant = await roles.agency.warrant({ targets: [a.identity], interception });
        const members = roles.members(door, exchange);
        const plainly = await roles.ask(warrant, { ...members, messages: [toBase64(R_MESSAGE_1)] });
        await roles.expectRefused(door, plainly.body, 'OUTSIDE_WINDOW');
        const transplanted = await roles.ask(warrant, { ...members, messages: [toBase64(withT(R_MESSAGE_1, at))] });
        await roles.expectRefused(door, transplanted.body, 'XK_REFUSED', { stage: 'failed', logged });
      }
    });

    it('T17 messages of two calls of the target, mixed: refused by what the clear parts say', async () => {
      const a = await provisioned();
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const csbId = fromHex('0badcafe');
      const responder = newSubscriber();
      const one = roles.exchange({ responder: a, initiator: responder, csbId });
      const mixes = [
        // Another call altogether, and calls that were made to look alike one step further each time.
        ['CsbMismatch', roles.exchange({ responder: a, initiator: responder })],
        ['RandMismatch', roles.exchange({ responder: a, initiator: responder, csbId })],
        ['TimestampNotFresh', roles.exchange({ responder: a, initiator: responder, csbId, t1: T1 - 60 })],
        ['IdentityMismatch', roles.exchange({ responder: a, csbId })],
      ] as const;
      for (const [code, two] of mixes) {
        const messages = [one.messages.I_MESSAGE_1, two.messages.I_MESSAGE_2].map((octets) => toBase64(octets));
        const asked = await roles.ask(warrant, { ...roles.members(door, one, 'responder'), messages });
        await roles.expectRefused(door, asked.body, code);
      }
    });

    it('one question twice with other octets: ANSWERED_DIFFERENTLY, also with the first request unchanged meanwhile', async () => {
      const a = await provisioned();
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const csbId = fromHex('0badcaff');
      const exchange = roles.exchange({ initiator: a, csbId });
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      const first = await roles.released(door, asked);
      // A forged second R_MESSAGE_1 for the same CSB ID and T.
      const forged = roles.exchange({ initiator: a, csbId });
      const second = await roles.ask(warrant, roles.members(door, forged));
      await roles.expectRefused(door, second.body, 'ANSWERED_DIFFERENTLY');
      expect(await roles.released(door, asked)).toEqual(first);
    });
  });

  describe('the Delivery Function asks the provider', () => {
    it("T7 for the peer's nonce: TARGET_MISMATCH, and under the target's name NONCE_COMMITMENT_MISMATCH", async () => {
      const [a, b] = [await provisioned(), await provisioned()];
      const exchange = roles.exchange({ initiator: a, responder: b });
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const peer = roles.members(OPEN_NONCE, exchange, 'responder');
      await roles.expectRefused(OPEN_NONCE, (await roles.ask(warrant, peer)).body, 'TARGET_MISMATCH');
      const renamed = await roles.ask(warrant, { ...peer, identity: a.identity });
      await roles.expectRefused(OPEN_NONCE, renamed.body, 'NONCE_COMMITMENT_MISMATCH', { stage: 'failed' });
    });

    it('the same nonce with another point, after an answer: ANSWERED_DIFFERENTLY', async () => {
      const a = await provisioned();
      const exchange = roles.exchange({ initiator: a });
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const members = roles.members(OPEN_NONCE, exchange);
      await roles.released(OPEN_NONCE, await roles.ask(warrant, members));
      const other = await roles.ask(warrant, { ...members, ownPoint: exchange.yP });
      await roles.expectRefused(OPEN_NONCE, other.body, 'ANSWERED_DIFFERENTLY');
      // Under a second warrant, too: what is answered belongs to the exchange.
      const again = await roles.agency.warrant({ targets: [a.identity] });
      const under = await roles.ask(again, { ...members, ownPoint: exchange.yP });
      await roles.expectRefused(OPEN_NONCE, under.body, 'ANSWERED_DIFFERENTLY');
    });
  });

  describe.each(DOORS)('the door $operation', (door) => {
    async function warranted(more: object = {}): Promise<{
      exchange: Exchange;
      warrant: Awaited<ReturnType<typeof roles.agency.warrant>>;
    }> {
      const a = await provisioned();
      const warrant = await roles.agency.warrant({ targets: [a.identity], ...more });
      return { exchange: roles.exchange({ initiator: a }), warrant };
    }

    it('a repeat gets the stored answer, octet for octet, and one entry of its own', async () => {
      const { exchange, warrant } = await warranted();
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      const before = (await roles.log(door.role)).length;
      const first = await roles.released(door, asked);
      expect(await roles.released(door, asked)).toEqual(first);
      const added = (await roles.log(door.role)).slice(before);
      expect(added.map(({ body }) => body['kind'])).toEqual(['request', 'answer', 'repeat']);
      expect(added[1]).toMatchObject({ sequence: first.receipt.sequence, hash: first.receipt.hash });
      expect(added[2]?.body).toMatchObject({ of: first.receipt.sequence, requestId: asked.body.requestId });
    });

    it('a request id with other content: REQUEST_CONFLICT', async () => {
      const { exchange, warrant } = await warranted();
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      await roles.released(door, asked);
      for (const change of [{ purpose: 'case 2' }, { answerKey: (await roles.ask(warrant, {})).body['answerKey'] }]) {
        await roles.expectRefused(door, { ...asked.body, ...change }, 'REQUEST_CONFLICT');
      }
    });

    it('another Delivery Function repeats the request: REQUEST_CONFLICT, whatever of it it overheard', async () => {
      const { exchange, warrant } = await warranted();
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      await roles.released(door, asked);
      await roles.expectRefused(door, asked.body, 'REQUEST_CONFLICT', { second: true });
    });

    it('more than the warrant allows: CAP_REACHED; a repeat of the first is still answered', async () => {
      const { exchange, warrant } = await warranted({ maxReleases: 1 });
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      const first = await roles.released(door, asked);
      const more = await roles.ask(warrant, roles.members(door, exchange));
      await roles.expectRefused(door, more.body, 'CAP_REACHED');
      expect(await roles.released(door, asked)).toEqual(first);
    });

    it('the same request five times at once: one first answer, the others repeats of it', async () => {
      const { exchange, warrant } = await warranted({ maxReleases: 1 });
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      const answers = roles.answersOf(door.role);
      const before = (await roles.log(door.role)).length;
      const all = await Promise.all(Array.from({ length: 5 }, () => roles.released(door, asked)));
      expect(new Set(all.map(({ answer }) => answer)).size).toBe(1);
      const kinds = (await roles.log(door.role)).slice(before).map(({ body }) => body['kind']);
      expect(kinds.sort()).toEqual(['answer', 'repeat', 'repeat', 'repeat', 'repeat', 'request']);
      expect(roles.answersOf(door.role)).toBe(answers + 1);
    });

    it('two different requests at once against a cap of one: one answer, one CAP_REACHED', async () => {
      const { exchange, warrant } = await warranted({ maxReleases: 1 });
      const members = roles.members(door, exchange);
      const both = [await roles.ask(warrant, members), await roles.ask(warrant, members)];
      const statuses = await Promise.all(both.map(async ({ body }) => (await roles.enter(door, body)).status));
      expect(statuses.sort()).toEqual([200, 429]);
    });

    it('an answer key that is no point of P-256: BAD_REQUEST before the secret is touched', async () => {
      const { exchange, warrant } = await warranted();
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      const point = asked.body['answerKey'] as { x: string; y: string };
      for (const answerKey of [
        { ...point, y: point.x },
        { ...point, x: 'A'.repeat(43) },
      ]) {
        await roles.expectRefused(door, { ...asked.body, answerKey }, 'BAD_REQUEST');
      }
      for (const answerKey of [{ ...point, crv: 'P-384' }, { ...point, d: point.x }, point.x]) {
        await roles.expectRefused(door, { ...asked.body, answerKey }, 'BAD_REQUEST');
      }
    });

    it.each([
      ['no body', new Uint8Array()],
      ['text that is no JSON', Buffer.from('{"requestId":')],
      ['octets that are no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
      ['a list', Buffer.from('[]')],
      ['a prototype', Buffer.from('{"__proto__":{"requestId":"x"}}')],
      ['two mebibytes', Buffer.alloc(2 << 20, 0x20)],
      ['a member of somebody else', Buffer.from(`{"requestId":"${randomUUID()}","admin":true}`)],
    ])('%s: BAD_REQUEST, recorded', async (_, octets) => {
      await roles.expectRefused(door, octets, 'BAD_REQUEST');
    });

    it('a client of another role with a body that is none: ROLE, recorded', async () => {
      await roles.expectRefused(door, Buffer.from('{'), 'ROLE', { as: 'auditor' });
    });

    it('a client that hangs up in the middle of its request leaves nothing, and the next one is served', async () => {
      const { exchange, warrant } = await warranted();
      const before = await roles.log(door.role);
      const { certificate, privateKey } = await roles.credential({});
      const port = roles.role(door.role).ports[door === OPEN_NONCE ? 'open' : 'xk'];
      const socket = connect({
        host: '127.0.0.1',
        port: port!,
        cert: certificate,
        key: privateKey,
        ca: [roles.authorities.operator.certificate, roles.authorities.provider.certificate],
      });
      await new Promise<void>((resolve) => {
        socket.write(
          `POST ${door.path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"req`,
          () => {
            socket.destroy();
            resolve();
          },
        );
      });
      const asked = await roles.ask(warrant, roles.members(door, exchange));
      await roles.released(door, asked);
      expect((await roles.log(door.role)).slice(before.length).map(({ body }) => body['kind'])).toEqual([
        'request',
        'answer',
      ]);
    });
  });

  it('a warrant of one target gives nothing of the other side of the same call', async () => {
    const warrant = await roles.agency.warrant();
    for (const door of DOORS) {
      const asked = await roles.ask(warrant, roles.members(door, goldenExchange, 'responder'));
      await roles.expectRefused(door, asked.body, 'TARGET_MISMATCH');
    }
  });
});
