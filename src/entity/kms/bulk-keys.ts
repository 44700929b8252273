/**
 * Makes private keys in bulk, in a thread of its own that holds a copy of s: a few subscribers at a time. Every key is
 * checked before any is sealed, and no key leaves here but sealed to the recipient.
 */
import { HalfkeyError, isHalfkeyError, toBase64, type Secret } from '../../foundation/base/index.ts';
import { generalizedTime, type District, type Identity } from '../../foundation/identity/index.ts';
import { createIssuer, identityInfo, verifyPrivateKeys, type PublicParameters } from '../../crypto/ibe/index.ts';
import { sealKeys, type AnswerKey } from '../../trust/release/index.ts';
import type { BulkKeys } from '../../contract/provisioning/index.ts';

/** What is the same for all subscribers of a batch. */
export interface BulkOrder {
  /** Identifies the batch, lower-case hex. */
  readonly batch: string;
  readonly district: District;
  readonly keyEpochs: readonly number[];
  readonly recipient: AnswerKey;
}

/** A subscriber and its position in the list, from 1. */
export interface BulkSubscriber {
  readonly position: number;
  readonly identity: Identity;
}

export interface BulkKeyMaker {
  /** The sealed keys of each subscriber, in order. @throws HalfkeyError `INTERNAL` when a key that was made is wrong */
  make(subscribers: readonly BulkSubscriber[]): Promise<string[]>;
  /** Wipes the master secret. */
  close(): void;
}

/** A maker over the octets of s, which it owns from now on. @throws HalfkeyError `BadParameters` */
export function createBulkKeyMaker(
  { batch, district, keyEpochs, recipient }: BulkOrder,
  params: PublicParameters,
  masterSecret: Secret<'IbeMasterSecret'>,
): BulkKeyMaker {
  const issuer = createIssuer(params, masterSecret);
  const { name, serial, keyEpochSeconds } = district;

  function keysOf(identity: Identity): Made[] {
    return keyEpochs.map((keyEpoch) => {
      const id = identityInfo({ district: name, serial, identity, notBefore: generalizedTime(keyEpoch) });
      return { keyEpoch, id, privateKey: issuer.issue(id) };
    });
  }

  return {
    async make(subscribers) {
      const made = subscribers.map(({ identity }) => keysOf(identity));
      try {
        check(params, made.flat());
        return await Promise.all(
          subscribers.map(({ position, identity }, i) => {
            const payload: BulkKeys = {
              ...{ district: name, serial: Number(serial), keyEpochSeconds, identity: identity.text },
              keys: (made[i] as Made[]).map(({ keyEpoch, privateKey }) => ({
                keyEpoch,
                privateKey: privateKey.use(toBase64),
              })),
            };
            return sealKeys(payload, recipient, { batch, position });
          }),
        );
      } finally {
        for (const { privateKey } of made.flat()) privateKey.wipe();
      }
    },
    close() {
      issuer.close();
    },
  };
}

interface Made {
  readonly keyEpoch: number;
  readonly id: Uint8Array;
  readonly privateKey: Secret<'IbePrivateKey'>;
}

/** A wrong key is a fault of this machine, and might betray s: none of them leaves. */
function check(params: PublicParameters, made: readonly Made[]): void {
  try {
    verifyPrivateKeys(params, made);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPrivateKey')) throw error;
    throw new HalfkeyError('INTERNAL', 'a private key that was made does not verify', { cause: error });
  }
}
