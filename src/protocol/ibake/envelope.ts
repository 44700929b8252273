/**
 * The encrypted part of one message, made and opened (protocol profile 2.1, 2.3). Recipient, key epoch and associated
 * data follow from the message itself; nobody can be made to open it as another's.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { sameIdentity, type Identity } from '../../foundation/identity/index.ts';
import {
  decodeEnvelope,
  identityInfo,
  openEnvelope,
  readEnvelopeHeader,
  sealEnvelope,
} from '../../crypto/ibe/index.ts';
import {
  decodeIbakePlaintext,
  encodeIbakePlaintext,
  ibakeAad,
  type IbakeMessage,
  type IbakePlaintext,
} from '../mikey/index.ts';
import { IBAKE_RECIPIENTS } from '../mikey/exchange/index.ts';
import { keyEpochOf, type DistrictParameters, type IbakeEndpoint, type PrivateKeyName } from './endpoint.ts';
import type { EnvelopeDraws } from './random.ts';

/** For whom a message is encrypted. */
function recipientOf(message: IbakeMessage): Identity {
  return message[IBAKE_RECIPIENTS[message.type]];
}

/**
 * Encr data of a message whose other octets are final; its Encr data and V may still be anything of their length or
 * another. @param to district of the recipient
 */
export function sealFor(
  message: IbakeMessage,
  plain: IbakePlaintext,
  { district, params }: DistrictParameters,
  draws: EnvelopeDraws,
): Uint8Array {
  const notBefore = keyEpochOf(message.t, district);
  const { name, serial } = district;
  const recipient = identityInfo({ district: name, serial, identity: recipientOf(message), notBefore });
  const plaintext = encodeIbakePlaintext(message.type, plain);
  return sealEnvelope({ params, recipient, serial, notBefore, aad: ibakeAad(message, recipient), plaintext, ...draws });
}

interface Opening extends PrivateKeyName {
  readonly envelope: Uint8Array;
  readonly held: DistrictParameters;
}

/** Which of our keys a message is for, from its clear part. @throws HalfkeyError as {@link checkEnvelope} */
function openingOf(endpoint: IbakeEndpoint, message: IbakeMessage): Opening {
  const envelope = message.encrypted;
  if (envelope === undefined) throw new HalfkeyError('BadOrder', `${message.type} has no IBAKE payload`);
  const { serial, notBefore } = readEnvelopeHeader(envelope);
  const held = endpoint.districts.find(({ district }) => district.serial === serial);
  if (held === undefined) throw new HalfkeyError('UnknownParameterSerial', 'the envelope is for other parameters');
  if (notBefore !== keyEpochOf(message.t, held.district))
    throw new HalfkeyError('EpochMismatch', 'the envelope is for another key epoch than that of T');
  return { envelope, held, serial, notBefore, identity: recipientOf(message) };
}

/**
 * All that can be said of an envelope without a pairing: serial, key epoch, form, and that the key is held (N23 to N27).
 * @throws HalfkeyError `BadEnvelope`, `InvalidEncryptionAlgorithm`, `UnknownParameterSerial`, `EpochMismatch`,
 * `NoKeyForEpoch`
 */
export function checkEnvelope(endpoint: IbakeEndpoint, message: IbakeMessage): void {
  const { envelope, held, identity, serial, notBefore } = openingOf(endpoint, message);
  decodeEnvelope(envelope, held.params);
  endpoint.decryptorFor({ identity, serial, notBefore });
}

/**
 * Opens the encrypted part with our private key and requires its identities to be the clear ones (N20).
 * @throws HalfkeyError those of {@link checkEnvelope}, `IbeDecryptFailed`, those of decodeIbakePlaintext,
 * `IdentityMismatch`
 */
export function openOwn(endpoint: IbakeEndpoint, message: IbakeMessage): IbakePlaintext {
  const { envelope, held, identity, serial, notBefore } = openingOf(endpoint, message);
  const { name } = held.district;
  const aad = ibakeAad(message, identityInfo({ district: name, serial, identity, notBefore }));
  const decryptor = endpoint.decryptorFor({ identity, serial, notBefore });
  const octets = openEnvelope({ envelope, params: held.params, decryptor, serial, notBefore, aad });
  const plain = decodeIbakePlaintext(message.type, octets);
  const { idri, idrr = message.idrr } = plain;
  if (!sameIdentity(idri, message.idri) || !sameIdentity(idrr, message.idrr))
    throw new HalfkeyError('IdentityMismatch', `identities inside and outside ${message.type} differ`);
  return plain;
}
