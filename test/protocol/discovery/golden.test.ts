/**
 * Every golden file, target A and target B, the whole way: messages and private key -> components -> custody -> x or y
 * -> K_SESSION -> V of R_MESSAGE_2 -> SRTP keys (protocol profile 4.1, 4.4, 3.4; P7).
 */
import { describe, expect, it } from 'vitest';
import { CURVE_PARAMETERS } from '../../../src/crypto/curve/index.ts';
import { createCustody } from '../../../src/entity/custody/index.ts';
import {
  fromHex,
  ntpFromUnixMs,
  ntpToUnixSeconds,
  Secret,
  systemRandom,
  toHex,
} from '../../../src/foundation/base/index.ts';
import {
  confirmSessionKey,
  crossCheck,
  deriveMediaKeys,
  discoverComponents,
  recoverSessionKey,
  type Components,
} from '../../../src/protocol/discovery/index.ts';
import { itIsTheKernelAskedFor } from '../../support/kernel-of-run.ts';
import { memoryMsStore, testSealer } from '../../entity/custody/support.ts';
import { alice, bob, exchangeOf, golden, keysOf, type Golden, type Side } from './fixture.ts';

/** What the holder of one party's master secret answers. */
async function scalarFor(file: Golden, side: Side, components: Components): Promise<Secret<'EcdhScalar'>> {
  const custody = createCustody({
    store: memoryMsStore(),
    sealer: testSealer(),
    allowUnboundNonces: true,
    random: systemRandom,
  });
  const day = Math.floor(ntpToUnixSeconds(components.t1) / 86400) * 86400;
  const identity = side === 'A' ? components.idri : components.idrr;
  await custody.importMasterSecret(identity, {
    mode: file.nonceMode,
    epoch: file.nonceEpoch,
    intervalSeconds: 86400,
    validFrom: ntpFromUnixMs(day * 1000),
    validTo: ntpFromUnixMs((day + 86400) * 1000),
    masterSecret: new Secret('MasterSecret', fromHex(file.MS[side])),
  });
  const { role, curve, csbId, t1, ownNonce, ownPoint } = components;
  return custody.open({ identity, role, curve, csbId, t1, nonce: ownNonce, ownPoint });
}

describe.each(golden)('%s', (_name, file) => {
  itIsTheKernelAskedFor([CURVE_PARAMETERS[file.level]]);

  const exchange = exchangeOf(file);
  const keys: Secret<'SessionKey'>[] = [];

  it.each([
    ['A', 'initiator', 'Sid', file.x, file.NA],
    ['B', 'responder', 'master secret', file.y, file.NB],
  ] as const)('target %s, %s, private key from %s', async (side, role, from, scalar, nonce) => {
    const { open } = keysOf(file, side, from);
    const components = discoverComponents({ exchange, role, target: side === 'A' ? alice : bob, open });
    expect(components).toMatchObject({ role, idri: alice, idrr: bob });
    expect(toHex(components.ownPoint)).toBe(side === 'A' ? file.xP : file.yP);
    expect(toHex(components.peerPoint)).toBe(side === 'A' ? file.yP : file.xP);
    expect(toHex(components.ownNonce)).toBe(nonce);
    expect([components.na, components.nb].map((octets) => toHex(octets as Uint8Array))).toEqual([file.NA, file.NB]);
    expect([toHex(components.csbId), toHex(components.t1)]).toEqual([file.csbId, file.T1]);

    const opened = await scalarFor(file, side, components);
    expect(opened.use(toHex)).toBe(scalar.slice(2));
    const kSession = recoverSessionKey(components, opened);
    expect(kSession.use(toHex)).toBe(file.K_SESSION);
    expect(confirmSessionKey(exchange, kSession)).toBe(true);
    keys.push(kSession);
  });

  it('both ways give the same key', () => {
    const [a, b] = keys as [Secret<'SessionKey'>, Secret<'SessionKey'>];
    expect(() => {
      crossCheck(a, b);
    }).not.toThrow();
    const other = Secret.copyOf('SessionKey', new Uint8Array(a.length));
    expect(() => {
      crossCheck(a, other);
    }).toThrow(expect.objectContaining({ code: 'BOTH_SIDES_DIFFER' }));
  });

  it('SRTP keys of both directions', () => {
    const media = deriveMediaKeys(exchange, new Secret('SessionKey', fromHex(file.K_SESSION)));
    const seen = media.map(({ masterKey, masterSalt, ...rest }) => ({
      ...rest,
      TEK: masterKey.use(toHex),
      SALT: toHex(masterSalt),
    }));
    const common = { mediaIndex: 0, roc: 0, suite: 'AES_CM_128_HMAC_SHA1_80' };
    const [one, two] = [file.cs['1'], file.cs['2']].map((cs) => ({ TEK: cs?.TEK, SALT: cs?.SALT }));
    expect(seen).toEqual([
      { ...common, csId: 1, direction: 'initiator-to-responder', ssrc: parseInt(file.ssrc.A, 16), ...one },
      { ...common, csId: 2, direction: 'responder-to-initiator', ssrc: parseInt(file.ssrc.B, 16), ...two },
    ]);
  });

  it('N65 V of R_MESSAGE_2 wrong by one bit, or another key: KEY_CONFIRMATION_FAILED', () => {
    const failed = expect.objectContaining({ code: 'KEY_CONFIRMATION_FAILED' }) as unknown;
    const altered = exchangeOf(file, (type, bytes) => {
      if (type === 'R_MESSAGE_2') bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    });
    const octets = fromHex(file.K_SESSION);
    expect(() => confirmSessionKey(altered, Secret.copyOf('SessionKey', octets))).toThrow(failed);
    octets[octets.length - 1] = (octets.at(-1) as number) ^ 1;
    expect(() => confirmSessionKey(exchange, new Secret('SessionKey', octets))).toThrow(failed);
  });
});
