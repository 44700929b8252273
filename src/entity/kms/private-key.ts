/**
 * XkPrivateKey, solution 4 alternative 1 (contribution 5.x.3): the target's private key of warranted key
 * epochs. A key of an epoch in which the interception begins also opens earlier messages of that epoch, and
 * its holder can impersonate the target: so the policy flag `allowPrivateKeyRelease` must be set. Must never hand out
 * the key of an epoch that has not begun: no revocation could take it back (protocol profile 5.3, T8).
 */
import { HalfkeyError, toBase64, toHex } from '../../foundation/base/index.ts';
import { identityFromText, keyEpochStart } from '../../foundation/identity/index.ts';
import { encodePublicParameters } from '../../crypto/ibe/index.ts';
import { assertKeyEpoch, assertScope, assertTarget, verifyWarrant } from '../../trust/warrant/index.ts';
import type { Authorised, ReleaseSteps } from '../../trust/release/index.ts';
import type { PrivateKeyRequest, PrivateKeys } from '../../contract/xk/index.ts';
import type { WarrantCheck } from './exchange-request.ts';
import type { DistrictKeys } from './district-keys.ts';

/** Seconds after the end of an epoch at which its key must be gone (protocol profile 2.3). */
const GRACE_SECONDS = 900;
/** How far T of a call may lie ahead of this clock, seconds (protocol profile 5.3, "Time"). */
const SKEW_SECONDS = 300;

export function privateKeySteps(
  { trust, clock, pseudonym }: WarrantCheck,
  keys: DistrictKeys,
  allowPrivateKeyRelease: boolean,
  request: PrivateKeyRequest,
): ReleaseSteps<Authorised> {
  const { keyEpochSeconds, name, serial } = keys.district;
  const pairs = request.pairs.map(({ identity, keyEpoch }) => ({ identity: identityFromText(identity), keyEpoch }));
  return {
    async authorise() {
      const warrant = await verifyWarrant(request.warrant, trust(), clock());
      assertScope(warrant, '4/1');
      for (const { identity, keyEpoch } of pairs) {
        assertTarget(warrant, identity);
        if (keyEpochStart(keyEpoch, keyEpochSeconds) !== keyEpoch) {
          throw new HalfkeyError('BAD_REQUEST', 'keyEpoch is not the start of a key epoch of this district');
        }
        assertKeyEpoch(warrant, keyEpoch, keyEpochSeconds);
        assertBegun(keyEpoch, clock());
      }
      if (!allowPrivateKeyRelease) {
        throw new HalfkeyError('POLICY_REFUSED', 'alternative 1 needs the policy flag allowPrivateKeyRelease');
      }
      const warrantDigest = toHex(warrant.digest);
      return {
        warrantDigest,
        maxReleases: warrant.warrant.maxReleases,
        question: { operation: 'private-key', warrant: warrantDigest, pairs: request.pairs },
        content: { pairs: request.pairs },
        record: {
          warrantId: warrant.warrant.id,
          pairs: pairs.map(({ identity, keyEpoch }) => ({ target: pseudonym(identity), keyEpoch })),
        },
      };
    },
    answer(): Promise<PrivateKeys> {
      return Promise.resolve({
        district: name,
        serial: Number(serial),
        keyEpochSeconds,
        parameters: toBase64(encodePublicParameters(keys.parameters())),
        keys: pairs.map(({ identity, keyEpoch }) => {
          const key = keys.issue(identity, keyEpoch);
          const privateKey = key.use(toBase64);
          key.wipe();
          const eraseAt = Math.max(keyEpoch + keyEpochSeconds + GRACE_SECONDS, Math.floor(clock() / 1000));
          return { identity: identity.text, keyEpoch, privateKey, eraseAt };
        }),
      });
    },
  };
}

/** T8: just in time, one epoch after the other. @throws HalfkeyError `IssueWindow` */
function assertBegun(keyEpoch: number, nowMs: number): void {
  // Written so that NaN is refused.
  if (!(1000 * keyEpoch <= nowMs + 1000 * SKEW_SECONDS)) {
    throw new HalfkeyError('IssueWindow', 'the key epoch has not begun', { hint: 'ask when the epoch begins' });
  }
}
