/**
 * Nonce modes 1 and 2 bind a nonce to no exchange, so the provider opens one only on the word of the KMS, which has
 * opened the exchange itself:
 *
 *   DF -> KMS        decrypt      -> components and statement {warrant, target, role, CSB ID, T, nonce, point}
 *   DF -> provider   open-nonce   with the statement -> x
 *   DF -> provider   open-nonce   without it, or with any other one -> KMS_STATEMENT
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, ntpTime } from '../../src/foundation/base/index.ts';
import { createAuthority, issueCertificate, type Authority } from '../../src/platform/index.ts';
import { signStatement } from '../../src/trust/release/index.ts';
import type { SignedWarrant } from '../../src/trust/warrant/index.ts';
import { newSubscriber, type Exchange, type Subscriber } from '../support/exchange.ts';
import { DECRYPT, goldenExchange, OPEN_NONCE, RECOVER, withRoles, type TestRoles } from '../support/roles.ts';
import { digestOf } from '../support/warrants.ts';

const policy = { policy: { allowUnboundNonces: true } };

interface Asking {
  readonly subscriber: Subscriber;
  readonly exchange: Exchange;
  readonly warrant: SignedWarrant;
}

async function subscriberCalls(roles: TestRoles, mode: 1 | 2, order: object = {}): Promise<Asking> {
  const subscriber = newSubscriber(mode);
  await roles.provision(subscriber);
  const exchange = roles.exchange({ initiator: subscriber, ...order });
  return { subscriber, exchange, warrant: await roles.agency.warrant({ targets: [subscriber.identity] }) };
}

/** The statement that the KMS gives with its answer. */
async function statementOf(roles: TestRoles, { exchange, warrant }: Omit<Asking, 'subscriber'>): Promise<string> {
  const asked = await roles.ask(warrant, roles.members(DECRYPT, exchange));
  return (await roles.opened(asked, await roles.released(DECRYPT, asked)))['statement'] as string;
}

/** A statement about exactly this request, by whoever holds a certificate of `authority`. */
async function statementBy(
  { exchange: { initiator, csbId, t1, na, xP }, warrant }: Asking,
  authority: Authority,
  uri: string,
  usage: 'tls' | 'signing' = 'signing',
): Promise<string> {
  const { certificate, privateKey } = await issueCertificate({
    authority,
    commonName: 'KMS statement',
    uris: [uri],
    days: 1,
    usage,
  });
  return signStatement(
    { certificate, privateKey: createPrivateKey(privateKey) },
    {
      warrantDigest: digestOf(warrant),
      target: initiator,
      role: 'initiator',
      csbId: fromHex(csbId),
      t1: ntpTime(fromHex(t1)),
      nonce: fromHex(na),
      ownPoint: fromHex(xP),
    },
  );
}

const USE = 'urn:halfkey:warrant:kms-statement';

withRoles(
  { start: ['kms', 'kms-consolidated', 'provider'], config: { provider: policy, 'kms-consolidated': policy } },
  (roles) => {
    describe.each([1, 2] as const)('nonce mode %i', (mode) => {
      it('opens x with the statement of the KMS', async () => {
        const asking = await subscriberCalls(roles, mode);
        const statement = await statementOf(roles, asking);
        const asked = await roles.ask(asking.warrant, { ...roles.members(OPEN_NONCE, asking.exchange), statement });
        const answer = await roles.opened(asked, await roles.released(OPEN_NONCE, asked));
        expect(answer).toEqual({ secret: asking.exchange.secrets.x });
      });

      it('opens nothing without a statement, or with a wrong one: KMS_STATEMENT', async () => {
        const asking = await subscriberCalls(roles, mode);
        const right = await statementOf(roles, asking);
        const [header, payload, signature] = right.split('.') as [string, string, string];
        const text = Buffer.from(payload, 'base64url').toString();
        const another = roles.exchange({ initiator: asking.subscriber });
        const again = await roles.agency.warrant({ targets: [asking.subscriber.identity] });
        const { operator, provider } = roles.authorities;
        const wrong: Record<string, string | undefined> = {
          missing: undefined,
          'no statement at all': 'a.b.c',
          'altered text': [
            header,
            Buffer.from(text.replace('"initiator"', '"responder"')).toString('base64url'),
            signature,
          ].join('.'),
          'altered signature': `${right.slice(0, -8)}AAAAAAAA`,
          'of another exchange': await statementOf(roles, { ...asking, exchange: another }),
          'under another warrant': await statementOf(roles, { ...asking, warrant: again }),
          'by another authority of the same name': await statementBy(asking, await createAuthority('Operator'), USE),
          "by the provider's own authority": await statementBy(asking, provider, USE),
          'by a person who may issue warrants': await statementBy(asking, operator, 'urn:halfkey:warrant:issuer'),
          'by a certificate for TLS': await statementBy(asking, operator, USE, 'tls'),
        };
        for (const [what, statement] of Object.entries(wrong)) {
          const members = { ...roles.members(OPEN_NONCE, asking.exchange), ...(statement && { statement }) };
          const asked = await roles.ask(asking.warrant, members);
          const { body } = await roles.expectRefused(OPEN_NONCE, asked.body, 'KMS_STATEMENT');
          expect(body.error?.code, what).toBe('KMS_STATEMENT');
        }
      });

      it('a statement about one nonce does not open another, nor the same beside another point: KMS_STATEMENT', async () => {
        const asking = await subscriberCalls(roles, mode);
        const statement = await statementOf(roles, asking);
        for (const change of [{ nonce: asking.exchange.nb }, { ownPoint: asking.exchange.yP }, { csbId: '00000001' }]) {
          const members = { ...roles.members(OPEN_NONCE, asking.exchange), statement, ...change };
          const asked = await roles.ask(asking.warrant, members);
          await roles.expectRefused(OPEN_NONCE, asked.body, 'KMS_STATEMENT');
        }
      });

      it('4.2 a peer wraps nonce and point of an old call into a fresh one: the point is known, NONCE_CONTEXT_MISMATCH', async () => {
        const asking = await subscriberCalls(roles, mode);
        const { subscriber, exchange } = asking;
        const first = await roles.ask(asking.warrant, {
          ...roles.members(OPEN_NONCE, exchange),
          statement: await statementOf(roles, asking),
        });
        await roles.released(OPEN_NONCE, first);
        // The peer knows x of nobody, but here the test has to make a whole exchange around xP and NA.
        const wrapped = roles.exchange({
          initiator: subscriber,
          x: exchange.secrets.x,
          nonces: { a: fromHex(exchange.na) },
        });
        const statement = await statementOf(roles, { ...asking, exchange: wrapped });
        const asked = await roles.ask(asking.warrant, { ...roles.members(OPEN_NONCE, wrapped), statement });
        await roles.expectRefused(OPEN_NONCE, asked.body, 'NONCE_CONTEXT_MISMATCH', { stage: 'failed' });
      });

      it('the consolidated KMS recovers the key by itself', async () => {
        const { exchange, warrant } = await subscriberCalls(roles, mode);
        const asked = await roles.ask(warrant, roles.members(RECOVER, exchange));
        const answer = await roles.opened(asked, await roles.released(RECOVER, asked));
        expect(answer).toMatchObject({ kSession: exchange.secrets.kSession, confirmed: true });
      });
    });

    it.each([
      ['N59 random octets in mode 1', 1, 32],
      ['random octets of the length of mode 2', 2, 45],
    ] as const)(
      '%s, with a statement of the KMS: NONCE_COMMITMENT_MISMATCH, nothing returned',
      async (_, mode, length) => {
        const a = new Uint8Array(randomBytes(length));
        if (mode === 2) a.set([2, 0, 0, 0, 7]);
        const asking = await subscriberCalls(roles, mode, { nonces: { a } });
        const statement = await statementOf(roles, asking);
        const asked = await roles.ask(asking.warrant, { ...roles.members(OPEN_NONCE, asking.exchange), statement });
        await roles.expectRefused(OPEN_NONCE, asked.body, 'NONCE_COMMITMENT_MISMATCH', { stage: 'failed' });
      },
    );

    it('mode 3 proves its exchange by itself and needs no statement', async () => {
      const asked = await roles.ask(await roles.agency.warrant(), roles.members(OPEN_NONCE, goldenExchange));
      await roles.released(OPEN_NONCE, asked);
    });
  },
);

describe('a provider that always requires a statement', () => {
  const config = { provider: { policy: { requireKmsStatement: 'always' } } };
  withRoles({ start: ['kms', 'provider'], config }, (roles) => {
    it('opens nothing without it in mode 3 either, and opens with it', async () => {
      const warrant = await roles.agency.warrant();
      const members = roles.members(OPEN_NONCE, goldenExchange);
      await roles.expectRefused(OPEN_NONCE, (await roles.ask(warrant, members)).body, 'KMS_STATEMENT');
      const statement = await statementOf(roles, { exchange: goldenExchange, warrant });
      await roles.released(OPEN_NONCE, await roles.ask(warrant, { ...members, statement }));
    });

    it('and without allowUnboundNonces opens no nonce of mode 1: POLICY_REFUSED', async () => {
      const asking = await subscriberCalls(roles, 1);
      const statement = await statementOf(roles, asking);
      const asked = await roles.ask(asking.warrant, { ...roles.members(OPEN_NONCE, asking.exchange), statement });
      await roles.expectRefused(OPEN_NONCE, asked.body, 'POLICY_REFUSED', { stage: 'failed' });
    });
  });
});
