/**
 * Solution 4, alternative 1 (contribution 5.x.3), first step: the KMS hands out the target's private keys of the
 * key epochs of this exchange, and the Delivery Function decrypts. The keys live for the length of one opening;
 * a key that was not asked for is not used.
 */
import { fromBase64, HalfkeyError, ntpToUnixSeconds, Secret } from '../../foundation/base/index.ts';
import { generalizedTime, identityFromText, keyEpochStart, type District } from '../../foundation/identity/index.ts';
import {
  createDecryptor,
  decodePrivateKeyOctets,
  decodePublicParameters,
  identityInfo,
  validatePublicParameters,
  verifyPrivateKey,
  type Decryptor,
  type PublicParameters,
} from '../../crypto/ibe/index.ts';
import {
  createMessageOpener,
  discoverComponents,
  messagesOf,
  neededMessages,
  recipientOf,
  type Components,
} from '../../protocol/discovery/index.ts';
import { privateKeyRoute, privateKeys, type PrivateKeys } from '../../contract/xk/index.ts';
import type { Asker } from './asking.ts';
import type { Case, Custody } from './case.ts';

interface Pair {
  readonly identity: string;
  /** Seconds since 1970. */
  readonly keyEpoch: number;
}

const nameOf = ({ identity, keyEpoch }: Pair): string => `${identity} ${generalizedTime(keyEpoch)}`;

/**
 * Asks for the keys, opens the target's messages, and erases the keys.
 * @throws HalfkeyError a refusal, `BadParameters`, `BadPrivateKey`, `NoKeyForEpoch`, and what `discoverComponents` throws
 */
export async function openWithPrivateKey(custody: Custody, asker: Asker, subject: Case): Promise<Components> {
  const { role, target, exchange } = subject;
  const wanted = wantedPairs(custody, subject);
  const answer = await asker.ask({
    holder: 'kms',
    client: custody.kms,
    path: privateKeyRoute.path,
    operation: 'private-key',
    warrant: subject.warrant,
    members: { pairs: [...wanted.values()] },
    answer: privateKeys,
  });
  const params = decodePublicParameters(fromBase64(answer.parameters));
  validatePublicParameters(params, { allowTestLevels: custody.allowTestLevels });
  const district = { name: answer.district, serial: BigInt(answer.serial), keyEpochSeconds: answer.keyEpochSeconds };
  const decryptors = new Map<string, Decryptor>();
  try {
    for (const key of answer.keys) {
      if (wanted.has(nameOf(key))) decryptors.set(nameOf(key), decryptorOf(key, params, district));
    }
    const open = createMessageOpener({
      params,
      district,
      decryptorFor(identity, notBefore) {
        const decryptor = decryptors.get(`${identity.text} ${notBefore}`);
        if (decryptor === undefined) throw new HalfkeyError('NoKeyForEpoch', 'the KMS sent no key for this epoch');
        return decryptor;
      },
    });
    return discoverComponents({ exchange, role, target, open });
  } finally {
    for (const decryptor of decryptors.values()) decryptor.close();
  }
}

/** Recipient and key epoch of each message that the key of this side follows from; a call over midnight has two. */
function wantedPairs({ keyEpochSeconds }: Custody, { role, exchange }: Case): Map<string, Pair> {
  const messages = messagesOf(exchange).filter(({ type }) => neededMessages(role).includes(type));
  const pairs = messages.map((message): Pair => {
    const keyEpoch = keyEpochStart(ntpToUnixSeconds(message.t), keyEpochSeconds);
    return { identity: recipientOf(message).text, keyEpoch };
  });
  return new Map(pairs.map((pair) => [nameOf(pair), pair]));
}

/** Takes a key over after checking that it is the one of that identity and epoch (profile 1.5). @throws HalfkeyError `BadPrivateKey` */
function decryptorOf(key: PrivateKeys['keys'][number], params: PublicParameters, district: District): Decryptor {
  const octets = fromBase64(key.privateKey);
  const id = identityInfo({
    district: district.name,
    serial: district.serial,
    identity: identityFromText(key.identity),
    notBefore: generalizedTime(key.keyEpoch),
  });
  let S;
  try {
    S = decodePrivateKeyOctets(octets, params);
    verifyPrivateKey(params, id, S);
  } catch (error) {
    octets.fill(0);
    throw error;
  } finally {
    S?.fill(0);
  }
  return createDecryptor(params, new Secret('IbePrivateKey', octets));
}
