/** A client comes up only when it can answer and call; what is computed for that, no call computes again. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { PublicParameters } from '../../../src/crypto/ibe/index.ts';
import {
  createKeyStore,
  rehearse,
  type EndpointKeys,
  type Federation,
  type KeyStore,
} from '../../../src/entity/endpoint/index.ts';
import type { DistrictKeys } from '../../../src/entity/kms/index.ts';
import { coded } from '../../platform/support.ts';
import { ALICE, BOB, DAY, districtKeys, entry, entryB, federation, MIDNIGHT, table, testClock } from './holders.ts';

let kms: DistrictKeys;
let params: PublicParameters;
beforeAll(async () => {
  kms = await districtKeys();
  params = kms.parameters();
});

const clock = testClock(MIDNIGHT + 3600);

async function client(): Promise<{ keys: KeyStore; peers: Federation }> {
  const peers = await federation(table(), { clock });
  const known = { federation: () => peers, clock, allowTestLevels: true };
  return { keys: createKeyStore({ identity: ALICE, district: kms.district, params, ...known }), peers };
}

describe('the rehearsal of a client', () => {
  it('opens an invitation with its own key, answers it, and begins a call', async () => {
    const { keys, peers } = await client();
    keys.addPrivateKeys([{ identity: ALICE, keyEpoch: MIDNIGHT, key: kms.issue(ALICE, MIDNIGHT) }]);
    const asked: string[] = [];
    const watched: EndpointKeys = {
      identity: keys.identity,
      district: keys.district,
      decryptorFor(identity, notBefore) {
        asked.push(`key of ${identity.text}`);
        return keys.decryptorFor(identity, notBefore);
      },
      masterSecretAt(t) {
        asked.push('master secret');
        return keys.masterSecretAt(t);
      },
      peer(identity) {
        throw new Error(`asked for ${identity.text}`);
      },
    };
    rehearse(watched, peers, clock);
    const key = `key of ${ALICE.text}`;
    // Its envelope is looked at before it waits for its turn, and opened; a nonce goes with the answer and with the call.
    expect(asked).toEqual([key, key, 'master secret', 'master secret']);
    expect(keys.holds(ALICE, MIDNIGHT)).toBe(true);
    keys.close();
  });

  it('refuses to come up without the key of this epoch', async () => {
    const { keys, peers } = await client();
    keys.addPrivateKeys([{ identity: ALICE, keyEpoch: MIDNIGHT + DAY, key: kms.issue(ALICE, MIDNIGHT + DAY) }]);
    expect(() => {
      rehearse(keys, peers, clock);
    }).toThrow(coded('NoKeyForEpoch'));
    expect(keys.holds(ALICE, MIDNIGHT + DAY)).toBe(true);
    keys.close();
  });

  it('refuses to come up when its own messages do not open', async () => {
    const { keys, peers } = await client();
    keys.addPrivateKeys([{ identity: ALICE, keyEpoch: MIDNIGHT, key: kms.issue(ALICE, MIDNIGHT) }]);
    const other = { ...keys, district: keys.district, decryptorFor: () => ({ decrypt: () => new Uint8Array(32) }) };
    expect(() => {
      rehearse(other, peers, clock);
    }).toThrow(coded('IbeDecryptFailed'));
    keys.close();
  });

  it('makes ready what it can, and leaves a district that cannot be used to whoever calls it', async () => {
    const ended = entryB();
    const parameters = ended.parameters.map((set) => ({ ...set, validTo: MIDNIGHT }));
    const peers = await federation(table({ entries: [{ ...ended, parameters }, entry()] }), { clock });
    peers.prepare(4);
    expect(() => peers.peer(BOB)).toThrow(coded('ParametersUnusable'));
    expect(peers.peer(ALICE).params).toEqual(params);
  });
});
