/**
 * Opening the IBAKE payload of a message with the private key of its recipient (protocol profile 2.1, 2.3).
 * Recipient, key epoch and associated data are computed from the message: nobody can have it opened as another's.
 */
import { HalfkeyError, ntpToUnixSeconds } from '../../foundation/base/index.ts';
import {
  generalizedTime,
  keyEpochStart,
  type District,
  type GeneralizedTime,
  type Identity,
} from '../../foundation/identity/index.ts';
import { identityInfo, openEnvelope, type Decryptor, type PublicParameters } from '../../crypto/ibe/index.ts';
import { decodeIbakePlaintext, ibakeAad, type IbakeMessage, type IbakePlaintext } from '../mikey/index.ts';
import { recipientOf } from './exchange.ts';

/** Opens one message. */
export type MessageOpener = (message: IbakeMessage) => IbakePlaintext;

export interface MessageOpenerOptions {
  readonly params: PublicParameters;
  /** Of the recipients; `keyEpochSeconds` is that of `params`. */
  readonly district: District;
  /**
   * The private key of a recipient in the key epoch that starts at `notBefore`, as a decryptor that stays the
   * caller's to close. Called only after serial, key epoch and form of the envelope are right. It must refuse
   * whoever is not covered: `TARGET_MISMATCH`, `NoKeyForEpoch`.
   */
  readonly decryptorFor: (identity: Identity, notBefore: GeneralizedTime) => Pick<Decryptor, 'decrypt'>;
}

/**
 * An opener of the messages whose recipients belong to one district.
 * It throws HalfkeyError: `UnknownParameterSerial`, `EpochMismatch`, `BadEnvelope`, `InvalidEncryptionAlgorithm` from
 * the clear part, what `decryptorFor` throws, `IbeDecryptFailed`, then what decoding the plaintext throws.
 */
export function createMessageOpener({ params, district, decryptorFor }: MessageOpenerOptions): MessageOpener {
  const { name, serial, keyEpochSeconds } = district;
  return (message) => {
    const envelope = message.encrypted;
    if (envelope === undefined) throw new HalfkeyError('BadOrder', `${message.type} has no IBAKE payload`);
    const identity = recipientOf(message);
    const notBefore = generalizedTime(keyEpochStart(ntpToUnixSeconds(message.t), keyEpochSeconds));
    const recipient = identityInfo({ district: name, serial, identity, notBefore });
    const plaintext = openEnvelope({
      envelope,
      params,
      decryptor: { decrypt: (ciphertext) => decryptorFor(identity, notBefore).decrypt(ciphertext) },
      serial,
      notBefore,
      aad: ibakeAad(message, recipient),
    });
    return decodeIbakePlaintext(message.type, plaintext);
  };
}
