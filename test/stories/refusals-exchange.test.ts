/**
 * A warrant that holds, and a request that it does not cover, or messages that give nothing: what the KMS judges from
 * the octets that it is sent, and what the provider judges from a nonce and a point alone.
 *
 *   client of role df -> KMS        I1, R1, I2, R2 of a call    -> what is missing, wrong, or not the target's
 *   client of role df -> provider   one nonce and its point     -> whether it is this target's, of this call
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { erasureRoute, masterSecretRoute, subscriberRoute } from '../../src/contract/provisioning/index.ts';
import { fromHex, toBase64, toHex } from '../../src/foundation/base/index.ts';
import type { IbakePlaintext } from '../../src/protocol/mikey/index.ts';
import { DAY, newSubscriber, type Exchange, type ExchangeOrder } from '../support/exchange.ts';
import {
  ALICE,
  BOB,
  DECRYPT,
  DOORS,
  golden,
  goldenExchange,
  OPEN_NONCE,
  PRIVATE_KEY,
  RECOVER,
  T1,
  withRoles,
  type Door,
} from '../support/roles.ts';

const only = (exchange: Exchange, ...types: (keyof Exchange['messages'])[]): { messages: string[] } => ({
  messages: types.map((type) => toBase64(exchange.messages[type])),
});

/** The form of mode 3 and of the right epoch, and nothing in it. */
const bogusNonce = (): Uint8Array => fromHex(`0300000007${randomBytes(48).toString('hex')}`);

/** A copy with one octet changed. */
function flipped(octets: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(octets);
  const place = at < 0 ? copy.length + at : at;
  copy[place] = copy[place]! ^ 1;
  return copy;
}

/** Alters what R_MESSAGE_1 says inside. */
const inR1 =
  (change: (plain: IbakePlaintext) => Partial<IbakePlaintext>): NonNullable<ExchangeOrder['inside']> =>
  (type, plain) =>
    type === 'R_MESSAGE_1' ? { ...plain, ...change(plain) } : plain;

const config = {
  provider: { policy: { allowUnboundNonces: true } },
};

withRoles({ start: ['kms', 'kms-consolidated', 'provider'], config }, (roles) => {
  describe.each([RECOVER, DECRYPT])('the KMS asked to $operation', (door) => {
    it('recovers alice in the golden call, whose answer is sealed to the requester', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), roles.members(door, goldenExchange));
      const answer = await roles.opened(asked, await roles.released(door, asked));
      if (door === RECOVER) {
        expect(answer).toEqual({ kSession: golden.K_SESSION, confirmed: true, csbId: golden.csbId, t1: golden.T1 });
      } else {
        expect(answer).toMatchObject({ ownPoint: golden.xP, peerPoint: golden.yP, ni: golden.NA, nr: golden.NB });
        expect(Object.keys(answer).sort()).toEqual(
          ['csbId', 'curve', 'idri', 'idrr', 'ni', 'nr', 'ownPoint', 'peerPoint', 'role', 'statement', 't1'].sort(),
        );
      }
    });

    it('N53 a target that is neither IDRi nor IDRr of the call: TARGET_MISMATCH', async () => {
      const carol = 'sip:carol@operator-a.example';
      const warrant = await roles.agency.warrant({ targets: [carol] });
      const asked = await roles.ask(warrant, { ...roles.members(door, goldenExchange), target: carol });
      await roles.expectRefused(door, asked.body, 'TARGET_MISMATCH');
    });

    it('N53 the target on the other side of the call: TARGET_MISMATCH', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), {
        ...roles.members(door, goldenExchange),
        role: 'responder',
      });
      await roles.expectRefused(door, asked.body, 'TARGET_MISMATCH');
    });

    it('N56 target B with only I1: INCOMPLETE, need I_MESSAGE_2', async () => {
      const asked = await roles.ask(await roles.agency.warrant({ targets: [BOB] }), {
        ...roles.members(door, goldenExchange, 'responder'),
        ...only(goldenExchange, 'I_MESSAGE_1'),
      });
      const { body } = await roles.expectRefused(door, asked.body, 'INCOMPLETE');
      expect(body.error).toMatchObject({ message: 'need I_MESSAGE_2' });
    });

    it('N57 target A without R1: INCOMPLETE, need R_MESSAGE_1', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), {
        ...roles.members(door, goldenExchange),
        ...only(goldenExchange, 'I_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2'),
      });
      const { body } = await roles.expectRefused(door, asked.body, 'INCOMPLETE');
      expect(body.error).toMatchObject({ message: 'need R_MESSAGE_1' });
    });

    it('the same message twice: DuplicatePayload', async () => {
      const messages = only(goldenExchange, 'R_MESSAGE_1', 'R_MESSAGE_1');
      const asked = await roles.ask(await roles.agency.warrant(), {
        ...roles.members(door, goldenExchange),
        ...messages,
      });
      await roles.expectRefused(door, asked.body, 'DuplicatePayload');
    });

    it('a CSB ID that is not that of the messages: CsbMismatch', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), {
        ...roles.members(door, goldenExchange),
        csbId: '00000000',
      });
      await roles.expectRefused(door, asked.body, 'CsbMismatch');
    });

    it.each([
      ['Truncated', goldenExchange.messages.R_MESSAGE_1.subarray(0, 300)],
      ['TrailingData', Buffer.concat([goldenExchange.messages.R_MESSAGE_1, Buffer.of(0)])],
      ['UnsupportedVersion', flipped(goldenExchange.messages.R_MESSAGE_1, 0)],
    ] as const)('a message that is none: %s', async (code, octets) => {
      const asked = await roles.ask(await roles.agency.warrant(), {
        ...roles.members(door, goldenExchange),
        messages: [toBase64(octets)],
      });
      await roles.expectRefused(door, asked.body, code);
    });

    it('what the encrypted part decides is one answer, octet for octet, for every cause; the log has the cause', async () => {
      const alice = { ...newSubscriber(), identity: ALICE, masterSecret: golden.MS.A };
      const order = { initiator: alice, responder: newSubscriber() };
      const right = roles.exchange(order);
      const other = { name: golden.district.b, serial: 1n, masterSecret: BigInt(golden.masterSecrets.b) };
      const altered = (change: (r1: Uint8Array) => Uint8Array): Exchange => ({
        ...right,
        messages: { ...right.messages, R_MESSAGE_1: change(right.messages.R_MESSAGE_1) },
      });
      const causes = [
        ['IbeDecryptFailed', altered((r1) => flipped(r1, -1))],
        ['IbeDecryptFailed', roles.exchange({ ...order, district: other })],
        ['UnknownParameterSerial', roles.exchange({ ...order, serial: 2n })],
        ['EpochMismatch', roles.exchange({ ...order, keyEpoch: (Math.floor(T1 / DAY) - 1) * DAY })],
        ['IdentityMismatch', roles.exchange({ ...order, inside: inR1(({ idrr }) => ({ idri: idrr! })) })],
        ['ReflectedKeyComponent', roles.exchange({ ...order, inside: inR1(({ eccpti }) => ({ eccptr: eccpti! })) })],
      ] as const;
      const texts = [];
      for (const [logged, exchange] of causes) {
        const { R_MESSAGE_1 } = exchange.messages;
        const asked = await roles.ask(await roles.agency.warrant(), {
          ...roles.members(door, exchange),
          messages: [toBase64(R_MESSAGE_1)],
        });
        const { text } = await roles.expectRefused(door, asked.body, 'XK_REFUSED', { stage: 'failed', logged });
        texts.push(text);
      }
      expect(new Set(texts).size).toBe(1);
    });
  });

  describe('the consolidated KMS', () => {
    it('T1 a terminal that sent a bogus nonce: NONCE_COMMITMENT_MISMATCH, nothing released', async () => {
      const a = newSubscriber();
      await roles.provision(a);
      const exchange = roles.exchange({ initiator: a, nonces: { a: bogusNonce() } });
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const asked = await roles.ask(warrant, roles.members(RECOVER, exchange));
      await roles.expectRefused(RECOVER, asked.body, 'NONCE_COMMITMENT_MISMATCH', { stage: 'failed' });
    });

    it('N65 V of R_MESSAGE_2 altered: KEY_CONFIRMATION_FAILED, the key stays', async () => {
      const { messages } = goldenExchange;
      const exchange = { ...goldenExchange, messages: { ...messages, R_MESSAGE_2: flipped(messages.R_MESSAGE_2, -1) } };
      const asked = await roles.ask(await roles.agency.warrant(), roles.members(RECOVER, exchange));
      await roles.expectRefused(RECOVER, asked.body, 'KEY_CONFIRMATION_FAILED', { stage: 'failed' });
    });

    it('N62 a target whose master secret it does not hold: MS_UNKNOWN_SUBSCRIBER', async () => {
      const a = newSubscriber();
      const exchange = roles.exchange({ initiator: a });
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const asked = await roles.ask(warrant, roles.members(RECOVER, exchange));
      await roles.expectRefused(RECOVER, asked.body, 'MS_UNKNOWN_SUBSCRIBER', { stage: 'failed' });
    });

    it('nonce mode 1 without the policy flag allowUnboundNonces: POLICY_REFUSED', async () => {
      const a = newSubscriber(1);
      await roles.provision(a);
      const exchange = roles.exchange({ initiator: a });
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const asked = await roles.ask(warrant, roles.members(RECOVER, exchange));
      await roles.expectRefused(RECOVER, asked.body, 'POLICY_REFUSED', { stage: 'failed' });
    });

    it('recovers the called party of an exchange in its own district', async () => {
      const b = newSubscriber();
      await roles.provision(b);
      const exchange = roles.exchange({ responder: b });
      const asked = await roles.ask(
        await roles.agency.warrant({ targets: [b.identity] }),
        roles.members(RECOVER, exchange, 'responder'),
      );
      const answer = await roles.opened(asked, await roles.released(RECOVER, asked));
      expect(answer).toMatchObject({ kSession: exchange.secrets.kSession, confirmed: true });
    });
  });

  describe('the split KMS', () => {
    it('asked for a session key: NOT_THIS_CUSTODY, recorded', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), roles.members(RECOVER, goldenExchange));
      await roles.expectRefused({ ...RECOVER, role: 'kms' }, asked.body, 'NOT_THIS_CUSTODY');
    });

    it('asked for a private key without the policy flag: POLICY_REFUSED', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), roles.members(PRIVATE_KEY, goldenExchange));
      await roles.expectRefused(PRIVATE_KEY, asked.body, 'POLICY_REFUSED');
    });

    it("does not open the other district's messages to the called party: XK_REFUSED", async () => {
      const warrant = await roles.agency.warrant({ targets: [BOB] });
      const asked = await roles.ask(warrant, roles.members(DECRYPT, goldenExchange, 'responder'));
      await roles.expectRefused(DECRYPT, asked.body, 'XK_REFUSED', { stage: 'failed', logged: 'IbeDecryptFailed' });
    });
  });

  describe('the provider', () => {
    const members = (exchange: Exchange): Readonly<Record<string, unknown>> => roles.members(OPEN_NONCE, exchange);

    it('opens x of alice in the golden call', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), members(goldenExchange));
      const answer = await roles.opened(asked, await roles.released(OPEN_NONCE, asked));
      expect(answer).toEqual({ secret: goldenExchange.secrets.x });
    });

    it.each<[string, (exchange: Exchange) => object]>([
      ['N58 the nonce and point of the other party', ({ nb, yP }) => ({ nonce: nb, ownPoint: yP })],
      ['N58 the nonce of the other party with the own point', ({ nb }) => ({ nonce: nb })],
      ['N58 the own nonce with the point of the other party', ({ yP }) => ({ ownPoint: yP })],
      ['N58 random octets of the right form', () => ({ nonce: toHex(bogusNonce()) })],
      ['a nonce of one octet', () => ({ nonce: '03' })],
    ])('%s: NONCE_COMMITMENT_MISMATCH', async (_, change) => {
      const [a, b] = [newSubscriber(), newSubscriber()];
      await roles.provision(a);
      await roles.provision(b);
      const exchange = roles.exchange({ initiator: a, responder: b });
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const asked = await roles.ask(warrant, { ...members(exchange), ...change(exchange) });
      await roles.expectRefused(OPEN_NONCE, asked.body, 'NONCE_COMMITMENT_MISMATCH', { stage: 'failed' });
    });

    const [seconds, fraction] = [golden.T1.slice(0, 8), golden.T1.slice(8)];
    const second = (parseInt(seconds, 16) + 1).toString(16);
    it.each([
      ['N60 the right nonce with another CSB ID', { csbId: '27675853' }],
      ['N60 the right nonce with another T', { t1: `${second}${fraction}` }],
      ['N60 the right nonce with T of another fraction of the second', { t1: `${seconds}80000001` }],
      ['N60 the right nonce as that of the responder', { role: 'responder' }],
    ])('%s: NONCE_CONTEXT_MISMATCH', async (_, change) => {
      const asked = await roles.ask(await roles.agency.warrant(), { ...members(goldenExchange), ...change });
      await roles.expectRefused(OPEN_NONCE, asked.body, 'NONCE_CONTEXT_MISMATCH', { stage: 'failed' });
    });

    it('N62 an unknown subscriber: MS_UNKNOWN_SUBSCRIBER', async () => {
      const a = newSubscriber();
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const asked = await roles.ask(warrant, members(roles.exchange({ initiator: a })));
      await roles.expectRefused(OPEN_NONCE, asked.body, 'MS_UNKNOWN_SUBSCRIBER', { stage: 'failed' });
    });

    it('N61 an epoch that was erased after the first answer: MS_EPOCH_ERASED, at provider and consolidated KMS', async () => {
      const a = newSubscriber();
      await roles.provision(a);
      const exchange = roles.exchange({ initiator: a });
      const warrant = await roles.agency.warrant({ targets: [a.identity] });
      const erase = { identity: a.identity, epoch: a.epoch + 1 };
      for (const [door, of] of [
        [OPEN_NONCE, 'provider'],
        [RECOVER, 'operator'],
      ] as const) {
        await roles.released(door, await roles.ask(warrant, roles.members(door, exchange)));
        const erased = await roles.send(door.role, 'provisioning', erasureRoute, erase, { as: 'provisioning', of });
        expect(erased).toMatchObject({ status: 200, body: { done: true } });
        const again = await roles.ask(warrant, roles.members(door, exchange));
        await roles.expectRefused(door, again.body, 'MS_EPOCH_ERASED', { stage: 'failed' });
      }
    });

    it.each([
      ['InvalidPoint', { ownPoint: `${golden.xP.slice(0, -2)}00` }],
      ['InvalidPoint', { ownPoint: '00' }],
      ['InvalidPoint', { curve: 11 }],
      ['InvalidDh', { curve: 1 }],
      ['InvalidIdentity', { identity: 'sip:alice@192.0.2.1' }],
      ['BAD_REQUEST', { csbId: '2767585' }],
      ['BAD_REQUEST', { nonce: '0' }],
      ['BAD_REQUEST', { role: 'both' }],
      ['BAD_REQUEST', { peerPoint: golden.yP }],
    ] as const)(
      'N37 a request of impossible form is refused before anything secret is touched: %s %o',
      async (code, change) => {
        const asked = await roles.ask(await roles.agency.warrant(), { ...members(goldenExchange), ...change });
        await roles.expectRefused(OPEN_NONCE, asked.body, code);
      },
    );
  });

  describe('N67 the doors for provisioning', () => {
    it.each([
      ['kms', 'operator', masterSecretRoute, { masterSecret: '0badc0de' }],
      ['kms-consolidated', 'operator', masterSecretRoute, { masterSecret: '0badc0de' }],
      ['provider', 'provider', erasureRoute, { identity: ALICE, epoch: 99 }],
      ['kms-consolidated', 'operator', erasureRoute, { identity: ALICE, epoch: 99 }],
    ] as const)(
      '%s of the %s: a client of role df gets 403 ROLE, and nothing is done',
      async (name, of, route, body) => {
        for (const as of ['df', 'auditor', 'admf', 'kms']) {
          const answer = await roles.send(name, 'provisioning', route, body, { as, of });
          expect(answer).toMatchObject({ status: 403, body: { error: { code: 'ROLE' } } });
        }
        const door: Door = name === 'provider' ? OPEN_NONCE : name === 'kms' ? DECRYPT : RECOVER;
        await roles.released(door, await roles.ask(await roles.agency.warrant(), roles.members(door, goldenExchange)));
      },
    );

    it("the operator's provisioning certificate does not get through TLS at the provider", async () => {
      const request = roles.send('provider', 'provisioning', erasureRoute, {}, { as: 'provisioning', of: 'operator' });
      await expect(request).rejects.toMatchObject({ code: expect.stringMatching(/ALERT|ECONNRESET|EPIPE/) });
    });

    it('the split KMS has no door for master secrets of subscribers', async () => {
      const { identity, mode, epoch, masterSecret } = newSubscriber();
      const body = { identity, mode, epoch, masterSecret, intervalSeconds: DAY, validFrom: 0, validTo: DAY };
      const answer = await roles.send('kms', 'provisioning', subscriberRoute, body, { as: 'provisioning' });
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    });
  });
});

describe("holders that trust another agency's authority", () => {
  const start = ['kms', 'kms-consolidated', 'provider'] as const;
  withRoles({ start, foreignWarrantAuthority: true }, (roles) => {
    it('refuse every warrant of this agency: WARRANT_ISSUER', async () => {
      for (const door of DOORS) {
        const asked = await roles.ask(await roles.agency.warrant(), roles.members(door, goldenExchange));
        await roles.expectRefused(door, asked.body, 'WARRANT_ISSUER');
        expect(roles.answersOf(door.role)).toBe(0);
      }
    });
  });
});
