import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { signFederationTable, type FederationTable } from '../../../src/contract/provisioning/index.ts';
import { provisionClient, type ProvisionedClient } from '../../../src/entity/endpoint/index.ts';
import { openTable, refreshTableAndKeys, type TableInUse } from '../../../src/program/role/ue-table.ts';
import {
  ALICE,
  ask,
  BOB,
  createHolders,
  DAY,
  entry,
  entryB,
  memoryPins,
  MIDNIGHT,
  parameters,
  publisher,
  s,
  stranger,
  table,
  type TestClock,
} from '../../entity/endpoint/holders.ts';
import { coded, temporaryDirectory } from '../../platform/support.ts';

let files: { table: string; publicKey: string };
beforeEach(() => {
  const directory = temporaryDirectory();
  files = { table: join(directory, 'table.jws'), publicKey: join(directory, 'publisher.pem') };
  writeFileSync(files.publicKey, publisher.publicKey);
  publish(table());
});

function publish(content: FederationTable, { privateKey } = publisher): void {
  writeFileSync(files.table, signFederationTable(content, privateKey));
}

async function running(): Promise<{ client: ProvisionedClient; inUse: TableInUse; clock: TestClock }> {
  const { kms, clock } = await createHolders({ solution: 4 });
  const inUse = await openTable(files, { clock, pins: memoryPins(), allowTestLevels: true });
  const client = await provisionClient({
    identity: ALICE,
    kms: (path, body) => ask(kms, path, body),
    federation: () => inUse.current(),
    clock,
    allowTestLevels: true,
  });
  return { client, inUse, clock };
}

const held = ({ keys }: ProvisionedClient): number[] =>
  [-1, 0, 1, 2, 3].filter((day) => keys.holds(ALICE, MIDNIGHT + day * DAY));

describe('the federation table of a running client', () => {
  it.each([
    [
      'cut',
      () => {
        writeFileSync(files.table, 'eyJ');
      },
      'FEDERATION_TABLE',
    ],
    [
      'signed by a stranger',
      () => {
        publish(table({ sequence: 2 }), stranger);
      },
      'FEDERATION_TABLE',
    ],
    [
      'gone',
      () => {
        rmSync(files.table);
      },
      'BAD_CONFIG',
    ],
    [
      'older than the one in use',
      () => {
        publish(table({ sequence: 0 }));
      },
      'ParametersUnusable',
    ],
    [
      'of times that are over',
      () => {
        publish(table({ sequence: 2, validTo: MIDNIGHT }));
      },
      'ParametersUnusable',
    ],
  ] as const)('a table that is %s: keys are fetched under the old one, and it is told', async (_what, spoil, code) => {
    const { client, inUse, clock } = await running();
    const before = inUse.current();
    spoil();
    clock.seconds += DAY;
    await expect(refreshTableAndKeys(inUse, client)).rejects.toThrow(coded(code));
    expect(held(client)).toEqual([1, 2]);
    expect(inUse.current()).toBe(before);
    expect(client.keys.peer(BOB).district.serial).toBe(1n);
    // The next good one is taken.
    publish(table({ sequence: 3, entries: [entry(), entryB({ parameters: [parameters(s.b, { serial: 2 })] })] }));
    await refreshTableAndKeys(inUse, client);
    expect(client.keys.peer(BOB).district.serial).toBe(2n);
  });

  it('a table that is unchanged stays as it is, with what was computed for it', async () => {
    const { client, inUse } = await running();
    const before = inUse.current();
    await refreshTableAndKeys(inUse, client);
    expect(inUse.current()).toBe(before);
  });

  it('when keys fail as well, that is told', async () => {
    const { inUse } = await running();
    rmSync(files.table);
    const away = { refresh: () => Promise.reject(new TypeError('keys')) };
    await expect(refreshTableAndKeys(inUse, away)).rejects.toThrow(TypeError);
  });
});
