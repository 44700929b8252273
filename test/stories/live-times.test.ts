/**
 * The times of a call, to 50 ms, with a Delivery Function at work on it and without: equal on both clients. The clients
 * run in a time of their own, so that the load of the machine is not among what is compared.
 *
 *   caller ---- SIP ----> callee        copied: tap -> Delivery Function under a warrant, which asks for the key
 */
import { afterEach, expect, it } from 'vitest';
import type { Asker } from '../../src/entity/delivery/asking.ts';
import { createDelivery } from '../../src/entity/delivery/index.ts';
import type { LadderEvent } from '../../src/entity/endpoint/index.ts';
import { createFeed, createRecorder } from '../../src/entity/tap/index.ts';
import { HalfkeyError } from '../../src/foundation/base/index.ts';
import { verifyWarrant } from '../../src/trust/warrant/index.ts';
import { ALICE, START, TwoClients } from '../entity/endpoint/two-clients.ts';
import { createAgency, digestOf } from '../support/warrants.ts';

const CALLER = { address: '192.0.2.1', port: 50_000 };
const CALLEE = { address: '192.0.2.2', port: 5060 };
let clients: TwoClients | undefined;
afterEach(() => clients?.settle());

/** What passes on one side: message, direction, and the time since the start in steps of 50 ms. */
const seen = (events: readonly LadderEvent[]): string[] =>
  events.map(
    ({ sip, name = '', direction, timeMs }) =>
      `${String(Math.floor((timeMs - START) / 50))} ${direction} ${sip} ${name}`,
  );

/** Places a call in its own time; `copy` gets what passes. */
async function call(
  copy: (octets: Uint8Array, from: 'caller' | 'callee', timeMs: number) => void,
): Promise<string[][]> {
  const two = new TwoClients();
  clients = two;
  two.wire = (_message, octets, from) => {
    copy(octets, from, two.time.clock());
    return undefined;
  };
  expect(await two.call()).toMatchObject({ outcome: 'completed' });
  return [seen(two.callerEvents), seen(two.calleeEvents)];
}

it('are the same with a warrant and without', async () => {
  const without = await call(() => undefined);

  const agency = await createAgency('Agency', START / 1000);
  const signed = await agency.warrant({ targets: [ALICE.text], solutions: ['4/2'] });
  const verified = await verifyWarrant(signed, { roots: [agency.authority.certificate] }, Date.now());
  const asked: string[] = [];
  const unreachable = (): Promise<never> => Promise.reject(new HalfkeyError('UNAVAILABLE', 'no holder in this test'));
  const asker: Asker = {
    ask: ({ operation }) => {
      asked.push(operation);
      return unreachable();
    },
    finish: () => Promise.resolve(),
  };
  const delivery = createDelivery({
    custody: {
      solution: 4,
      alternative: 2,
      kms: unreachable,
      provider: unreachable,
      keyEpochSeconds: 86_400,
      allowTestLevels: true,
    },
    createAsker: () => asker,
    sink: () => Promise.reject(new TypeError('nothing is delivered')),
    observe: () => undefined,
    onFault: () => undefined,
    newName: () => 'session-1',
    warrants: () => [{ signed, verified, digest: digestOf(signed) }],
  });
  const recorder = createRecorder();
  const feed = createFeed(recorder.header);
  const taken = delivery.takeCapture(feed.chunks, 0);
  const withWarrant = await call((octets, from, timeMs) => {
    const [source, destination] = from === 'caller' ? [CALLER, CALLEE] : [CALLEE, CALLER];
    feed.push(recorder.octets(timeMs, source, destination, octets));
  });
  feed.end();
  const { sessions } = delivery.sessionsOf((await taken).intake);

  // The Delivery Function did its part: it found the call and asked for its key.
  expect(asked).toEqual(['decrypt']);
  expect(sessions).toMatchObject([{ target: ALICE.text, status: 'UNAVAILABLE' }]);
  expect(withWarrant).toEqual(without);
  expect(without.flat().length).toBeGreaterThan(10);
});
