/**
 * What each role holds is copied to an empty place, and everything is tried with it: what comes of it is what the
 * closure says, no less and no more (protocol profile 5.2).
 *
 *   copy of the state directory and its key, what was asked and answered in memory
 *     -> every derivation, until nothing new comes -> facts of the golden call == closure == table
 */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { masterSecretRoute } from '../../src/contract/provisioning/index.ts';
import { openRow, ratchetTo } from '../../src/entity/custody/record.ts';
import { fromHex, ntpTime, ntpToUnixSeconds, Secret, toHex } from '../../src/foundation/base/index.ts';
import { identityFromText } from '../../src/foundation/identity/index.ts';
import { openKmsStore, openMsStore, openRequestStore, openState } from '../../src/platform/index.ts';
import {
  accessMatrix,
  derivable,
  DIRECT,
  MESSAGES,
  type AccessRow,
  type Exchange,
  type Fact,
} from '../../src/protocol/closure/index.ts';
import { answerI1, createInitiator, inspectI1, type ExchangeRandom } from '../../src/protocol/ibake/index.ts';
import { temporaryDirectory } from '../platform/support.ts';
import { alice, bob, districtOf, endpoint, taken } from '../protocol/ibake/support.ts';
import { derive, factsIn, holding, join, recognise, TRUTH, type Holding } from '../support/derivation.ts';
import { labs, WAYS, type LabOutcome } from '../support/lab.ts';
import {
  ALICE,
  BOB,
  DECRYPT,
  golden,
  goldenExchange,
  OPEN_NONCE,
  PRIVATE_KEY,
  RECOVER,
  withRoles,
  type Asked,
  type Door,
} from '../support/roles.ts';
import type { RoleName } from '../support/role-process.ts';

type Target = 'A' | 'B';
const CAPTURED = holding({ message: MESSAGES.map((type) => golden.messages[type]) });
const truth = (fact: Fact): string => TRUTH.find(([name]) => name === fact)?.[2] ?? '';

/** The columns of the table for a target. */
const columns = (target: Target): Readonly<Record<keyof AccessRow['access'], Fact>> => {
  const [own, peer] = target === 'A' ? (['x', 'y'] as const) : (['y', 'x'] as const);
  const nonce = { x: 'NA', y: 'NB' } as const;
  return {
    ...{ s: `s_${target}`, PR: `PR_${target}`, MS: `MS_${target}`, scalar: own, K: 'K' },
    ...{ ownPoint: `${own}P`, peerPoint: `${peer}P`, ownNonce: nonce[own], peerNonce: nonce[peer] },
  };
};

/** The exchange without the nonces that are returned: NA in R1, NB in I2. */
const PLANTED: Exchange = {
  ...DIRECT,
  grammars: {
    ...DIRECT.grammars,
    R_MESSAGE_1: DIRECT.grammars.R_MESSAGE_1.filter((slot) => slot !== 'na?'),
    I_MESSAGE_2: DIRECT.grammars.I_MESSAGE_2.filter((slot) => slot !== 'nb?'),
  },
};

/** What somebody held, and what came of it. */
interface Observed {
  readonly entity: string;
  readonly held: Fact[];
  readonly derived: Fact[];
}
const observe = (entity: string, held: Holding): Observed => ({
  entity,
  held: factsIn(held),
  derived: factsIn(derive(held)),
});

/** Entities of whom the closure says something else than what was observed, in either direction. */
function deviations(target: Target, observed: readonly Observed[], exchange: Exchange): string[] {
  const rows = new Map(accessMatrix(target, exchange).map(({ entity, access }) => [entity, access]));
  const names = Object.entries(columns(target)) as [keyof AccessRow['access'], Fact][];
  return observed.flatMap(({ entity, held, derived }) => {
    const row = rows.get(entity);
    if (row === undefined) return [`${entity}: no such row`];
    const cells = names.filter(([column, fact]) => derived.includes(fact) !== (row[column] !== 'no'));
    // The third party of the closure has no part in this call.
    const follows = [...derivable(held, exchange)].filter((fact) => fact !== 'PR_C').sort();
    const same = JSON.stringify(follows) === JSON.stringify([...derived].sort());
    return [
      ...cells.map(([column]) => `${entity}: ${column} of the table`),
      ...(same ? [] : [`${entity}: what follows from what it held`]),
    ];
  });
}

/** Every file of a state directory and every value in its database, as octets. */
function octetsAtRest(directory: string): Uint8Array[] {
  const octets: Uint8Array[] = readdirSync(directory).map((file) => readFileSync(path(directory, file)));
  const database = new DatabaseSync(path(directory, 'state.db'), { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
  for (const { name } of tables) {
    for (const row of database.prepare(`SELECT * FROM "${name}"`).all() as Record<string, unknown>[]) {
      for (const value of Object.values(row)) {
        if (value instanceof Uint8Array) octets.push(value);
        else if (typeof value === 'string') {
          octets.push(Buffer.from(value), Buffer.from(value, 'hex'), Buffer.from(value, 'base64'));
        }
      }
    }
  }
  database.close();
  return octets;
}

interface AtRest {
  /** What the key-encryption key opens. */
  readonly open: Holding;
  /** What stands there without it. */
  readonly clear: Holding;
}

/** Copies the directory of a role, and takes out of the copy whatever its key-encryption key opens. */
async function stateOf(source: string, name: RoleName, district: string = name): Promise<AtRest> {
  const directory = temporaryDirectory();
  cpSync(source, directory, { recursive: true });
  const clear = octetsAtRest(path(directory, 'state'));
  const keyFile = path(directory, 'key-encryption-key');
  const state = await openState({ directory: path(directory, 'state'), role: name, district, keyFile });
  try {
    const sealed = await (await openKmsStore(state)).masterSecret();
    const context = `ibe-master-secret ${district} 1 1024`;
    const masterSecrets: string[] = [];
    for (const identity of [ALICE, BOB].map(identityFromText)) {
      for (const row of await (await openMsStore(state)).find(identity)) {
        const secret = ratchetTo(openRow(row, state.sealer), identity, row.rootEpoch, golden.nonceEpoch);
        masterSecrets.push(secret.use(toHex));
      }
    }
    // Answer keys of requests under way: with one of them an answer could be opened that somebody has kept.
    await openRequestStore(state);
    const pending = await state
      .database<{ pending_request: { request_id: string } }>()
      .selectFrom('pending_request')
      .select('request_id')
      .execute();
    expect(pending).toEqual([]);
    const s = sealed === undefined ? [] : [toHex(state.sealer.open(sealed, context))];
    return { open: holding({ s, MS: masterSecrets }), clear: recognise(clear) };
  } finally {
    await state.close();
  }
}

const strings = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(strings)
      : [];

/** What stands in a request or an answer: hex and base64, in whatever member. */
const inMemory = (value: unknown): Holding =>
  recognise(
    strings(value).flatMap((text) => {
      const octets: Uint8Array[] = [];
      if (/^(?:[0-9a-f]{2})+$/.test(text)) octets.push(fromHex(text));
      if (/^[A-Za-z0-9+/]+=*$/.test(text) && text.length % 4 === 0) octets.push(Buffer.from(text, 'base64'));
      return octets;
    }),
  );

/** Everything that hangs on an object of a client: octets, and secrets, which lend theirs. */
function inHeap(root: unknown): Holding {
  const octets: Uint8Array[] = [];
  const seen = new Set<unknown>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Secret) {
      if (!value.wiped) octets.push(value.use((lent: Uint8Array) => Uint8Array.from(lent)));
    } else if (value instanceof Uint8Array) octets.push(value);
    else
      for (const member of value instanceof Map || value instanceof Set ? value.values() : Object.values(value))
        walk(member);
  };
  walk(root);
  return recognise(octets);
}

/** A client that waits for the next message of the golden call. */
function clientOf(target: Target): Holding {
  const [a, b] = (['a', 'b'] as const).map((side) =>
    districtOf(`operator-${side}.example`, BigInt(golden.masterSecrets[side])),
  ) as [ReturnType<typeof districtOf>, ReturnType<typeof districtOf>];
  const nowMs = ntpToUnixSeconds(ntpTime(fromHex(golden.T1))) * 1000 + 500;
  const secrets = golden as unknown as Record<'cek' | 'rho' | 'ssrc', Record<string, string>> & { RAND: string };
  const party = (of: Target) => {
    const random: ExchangeRandom = {
      scalar: () => new Secret('EcdhScalar', fromHex(truth(of === 'A' ? 'x' : 'y'))),
      rand: () => fromHex(secrets.RAND),
      csbId: () => fromHex(golden.csbId),
      ssrc: () => Number(`0x${secrets.ssrc[of] ?? ''}`),
      challenge: () => new Uint8Array(16),
      envelope: (type) => {
        const short = { I_MESSAGE_1: 'I1', R_MESSAGE_1: 'R1', I_MESSAGE_2: 'I2', R_MESSAGE_2: 'R2' }[type];
        return { cek: fromHex(secrets.cek[short] ?? ''), rho: fromHex(secrets.rho[short] ?? '') };
      },
    };
    const masterSecret = new Secret('MasterSecret', fromHex(golden.MS[of]));
    const own = { random, masterSecretAt: () => ({ mode: 3, epoch: golden.nonceEpoch, masterSecret }) as const };
    return endpoint(of === 'A' ? alice : bob, of === 'A' ? a : b, 0, own, [a, b]);
  };
  const [caller, called] = [party('A'), party('B')];
  const offer = createInitiator(caller, { to: bob, nowMs, lines: ['AES_CM_128_HMAC_SHA1_80'], curve: 8 });
  const replay = () => 'fresh' as const;
  const { invitation } = taken(
    inspectI1(called, { octets: offer.message, nowMs, accepted: [true], sdpIds: ['mikey'], replay }),
  );
  const state = target === 'A' ? offer.state : taken(answerI1(called, invitation, { nowMs, replay })).state;
  const provisioned = holding({ PR: [truth(`PR_${target}`)], MS: [truth(`MS_${target}`)] });
  return join(inHeap(state), provisioned, CAPTURED);
}

describe.each(['A', 'B'] as const)('of a call whose target is %s', (target) => {
  const district = { name: golden.district[target === 'A' ? 'a' : 'b'], serial: 1, level: 1024 };
  const [identity, role] = target === 'A' ? ([ALICE, 'initiator'] as const) : ([BOB, 'responder'] as const);
  const config = {
    kms: { district, policy: { allowPrivateKeyRelease: true } },
    'kms-consolidated': { district },
  };
  withRoles({ start: ['kms', 'kms-consolidated', 'provider'], provision: false, config }, (roles) => {
    const answers = new Map<Door, unknown>();
    const requests = new Map<Door, Asked['body']>();
    const clear: Fact[] = [];
    const observed: Observed[] = [];
    let peersKms: Observed;

    beforeAll(async () => {
      const masterSecret = truth(`s_${target}`);
      for (const kms of ['kms', 'kms-consolidated'] as const) {
        const answer = await roles.send(
          kms,
          'provisioning',
          masterSecretRoute,
          { masterSecret },
          { as: 'provisioning' },
        );
        expect(answer.status, answer.text).toBe(200);
      }
      await roles.provision({ identity, mode: 3, epoch: golden.nonceEpoch, masterSecret: golden.MS[target] });
      const warrant = await roles.agency.warrant({ targets: [identity] });
      for (const door of [RECOVER, DECRYPT, PRIVATE_KEY, OPEN_NONCE]) {
        const asked = await roles.ask(warrant, roles.members(door, goldenExchange, role));
        requests.set(door, asked.body);
        answers.set(door, await roles.opened(asked, await roles.released(door, asked)));
      }
      const states = new Map<RoleName, Holding>();
      for (const name of ['kms', 'kms-consolidated', 'provider'] as const) {
        const state = await stateOf(roles.role(name).directory, name, name === 'provider' ? name : district.name);
        states.set(name, state.open);
        clear.push(...factsIn(state.clear));
      }
      const of = (name: RoleName): Holding => states.get(name) ?? holding();
      const asked = (door: Door): Holding => inMemory(requests.get(door));
      const answered = (...doors: readonly Door[]): Holding =>
        join(...doors.map((door) => inMemory(answers.get(door))));
      const split = join(of('kms'), asked(DECRYPT));
      const peerPoint = holding({ point: [truth(columns(target).peerPoint)] });
      observed.push(
        observe('endpoint', clientOf(target)),
        observe('KMS, solution 3', join(of('kms-consolidated'), asked(RECOVER))),
        observe('KMS, solution 4', split),
        observe('provider, not asked', join(of('provider'), CAPTURED)),
        observe('provider, asked', join(of('provider'), asked(OPEN_NONCE))),
        observe('provider, asked for the shared point', join(of('provider'), asked(OPEN_NONCE), peerPoint)),
        observe('DF, solution 3', join(answered(RECOVER), CAPTURED)),
        observe('DF, solution 4, alternative 1', join(answered(PRIVATE_KEY, OPEN_NONCE), CAPTURED)),
        observe('DF, solution 4, alternative 2', join(answered(DECRYPT, OPEN_NONCE), CAPTURED)),
        observe('network', CAPTURED),
      );
      // The split KMS of this target is the peer's KMS of the other one.
      peersKms = observe("peer's KMS", split);
    });

    it('what every role can derive is what the closure and the table say', () => {
      expect(deviations(target, observed, DIRECT)).toEqual([]);
      expect(deviations(target === 'A' ? 'B' : 'A', [peersKms], DIRECT)).toEqual([]);
      const entities = [...observed, peersKms].map(({ entity }) => entity);
      expect(entities.sort()).toEqual(
        accessMatrix(target)
          .map(({ entity }) => entity)
          .sort(),
      );
    });

    it('what every role holds is what the table says that it was given', () => {
      const given = new Map(accessMatrix(target).map(({ entity, access }) => [entity, access]));
      for (const { entity, held } of observed) {
        const cells = Object.entries(columns(target)) as [keyof AccessRow['access'], Fact][];
        const wanted = cells.filter(([column]) => given.get(entity)?.[column] === 'given').map(([, fact]) => fact);
        // A called client has opened I_MESSAGE_1 when it waits for I_MESSAGE_2.
        const opened = entity === 'endpoint' && target === 'B' ? (['xP', 'NA'] as const) : [];
        const had = held.filter((fact) => cells.some(([, one]) => one === fact));
        expect([entity, had.sort()]).toEqual([entity, [...wanted, ...opened].sort()]);
      }
    });

    it('planted: with a grammar that returns no nonces the closure says something else', () => {
      const planted = deviations(target, observed, PLANTED);
      expect(planted).toContain('KMS, solution 3: K of the table');
      expect(planted).toContain('KMS, solution 4: ownNonce of the table');
      expect(planted).toContain('DF, solution 4, alternative 1: what follows from what it held');
    });

    it('at rest nothing stands in clear: without the key-encryption key there is nothing to derive from', () => {
      expect(clear).toEqual([]);
    });
  });
});

describe('after a replay of the golden call', () => {
  const orders = WAYS.map((way) => ({ way, target: ALICE }));
  const outcomes = new Map<string, LabOutcome>();

  beforeAll(async () => {
    for (const { way, outcome } of await labs(orders)) outcomes.set(way, outcome);
  });

  it.each(WAYS)(
    'solution %s: the Delivery Function knows what the network knows, the holders what they did',
    async (way) => {
      const { status, stderr, out = '' } = outcomes.get(way) ?? {};
      expect(status, stderr).toBe(0);
      const district = golden.district.a;
      const holders: Partial<Record<RoleName, readonly [of: string, entity: string]>> =
        way === '3'
          ? { 'kms-consolidated': [district, 'KMS, solution 3'] }
          : { kms: [district, 'KMS, solution 4'], provider: ['provider', 'provider, not asked'] };
      const all = Object.entries({ ...holders, df: ['df', 'network'] }) as [RoleName, [string, string]][];
      for (const [name, [of, entity]] of all) {
        const { open, clear } = await stateOf(path(out, 'roles', name), name, of);
        expect([name, factsIn(clear)]).toEqual([name, []]);
        expect(deviations('A', [observe(entity, join(open, CAPTURED))], DIRECT)).toEqual([]);
      }
    },
  );
});
