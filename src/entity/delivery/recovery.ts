/**
 * The three ways to the session key of one exchange, seen from the Delivery Function (contribution 5.x.2 and
 * 5.x.3; protocol profile 4.4). Each ends with K_SESSION in hand and nothing else kept: x or y is wiped as soon as
 * K is derived, private keys when the exchange is open.
 */
import { createHash } from 'node:crypto';
import {
  fromBase64,
  fromHex,
  HalfkeyError,
  ntpToUnixSeconds,
  Secret,
  toBase64,
  toHex,
} from '../../foundation/base/index.ts';
import { generalizedTime, identityFromText, keyEpochStart, type Identity } from '../../foundation/identity/index.ts';
import {
  createDecryptor,
  decodePrivateKey,
  decodePublicParameters,
  identityInfo,
  validatePublicParameters,
  verifyPrivateKey,
  type Decryptor,
} from '../../crypto/ibe/index.ts';
import {
  createMessageOpener,
  discoverComponents,
  messagesOf,
  neededMessages,
  recipientOf,
  recoverSessionKey,
  type Components,
  type Exchange,
  type Role,
} from '../../protocol/discovery/index.ts';
import {
  decrypted,
  decryptRoute,
  privateKeyRoute,
  privateKeys,
  recovered,
  recoverRoute,
} from '../../contract/xk/index.ts';
import { opened, openNonceRoute } from '../../contract/provider/index.ts';
import type { ActiveWarrant, Asker } from './asking.ts';
import type { HolderClient } from './ports.ts';

/** How this Delivery Function recovers, and whom it asks. */
export interface Custody {
  readonly solution: 3 | 4;
  /** Solution 4 only. */
  readonly alternative: 1 | 2;
  readonly kms: HolderClient;
  /** Solution 4 only. */
  readonly provider?: HolderClient;
  /** Key-epoch length of the district, for alternative 1. */
  readonly keyEpochSeconds: number;
  readonly allowTestLevels: boolean;
}

/** One exchange of a warranted call. */
export interface Case {
  readonly warrant: ActiveWarrant;
  readonly target: Identity;
  readonly role: Role;
  readonly exchange: Exchange;
}

/** K_SESSION of the exchange. @throws HalfkeyError what stands against it */
export async function recoverKey(custody: Custody, asker: Asker, subject: Case): Promise<Secret<'SessionKey'>> {
  if (custody.solution === 3) return askForKey(custody, asker, subject);
  const { components, statement } =
    custody.alternative === 1
      ? { components: await openWithPrivateKey(custody, asker, subject), statement: undefined }
      : await askForComponents(custody, asker, subject);
  const scalar = await askForSecret(custody, asker, subject, components, statement);
  try {
    return recoverSessionKey(components, scalar);
  } finally {
    scalar.wipe();
  }
}

/** What the clear parts of an exchange say; the answering identity where an answer was seen. */
function clearParts({ i1, r1, i2 }: Exchange): Pick<Components, 'csbId' | 't1' | 'idri' | 'idrr'> {
  const first = i1 ?? r1;
  if (first === undefined) throw new HalfkeyError('INCOMPLETE', 'need I_MESSAGE_1 or R_MESSAGE_1');
  return { csbId: first.csbId, t1: first.t, idri: first.idri, idrr: (r1 ?? i2 ?? first).idrr };
}

/** Members of a request about one exchange. */
function aboutExchange({ target, role, exchange }: Case): object {
  const messages = messagesOf(exchange);
  const { csbId } = clearParts(exchange);
  return { target: target.text, role, csbId: toHex(csbId), messages: messages.map(({ bytes }) => toBase64(bytes)) };
}

/** Solution 3: the KMS computes the key. */
async function askForKey({ kms }: Custody, asker: Asker, subject: Case): Promise<Secret<'SessionKey'>> {
  const { kSession } = await asker.ask({
    holder: 'kms',
    client: kms,
    path: recoverRoute.path,
    operation: 'recover',
    warrant: subject.warrant,
    members: aboutExchange(subject),
    answer: recovered,
  });
  return new Secret('SessionKey', fromHex(kSession));
}

/** Solution 4, alternative 2, first step: the KMS decrypts. */
async function askForComponents(
  { kms }: Custody,
  asker: Asker,
  subject: Case,
): Promise<{ components: Components; statement: string }> {
  const answer = await asker.ask({
    holder: 'kms',
    client: kms,
    path: decryptRoute.path,
    operation: 'decrypt',
    warrant: subject.warrant,
    members: aboutExchange(subject),
    answer: decrypted,
  });
  const na = answer.ni === undefined ? undefined : fromHex(answer.ni);
  const nb = answer.nr === undefined ? undefined : fromHex(answer.nr);
  const ownNonce = subject.role === 'initiator' ? na : nb;
  if (ownNonce === undefined) throw new HalfkeyError('NONCE_ABSENT', 'the target sent no nonce');
  const { csbId, t1, idri, idrr } = clearParts(subject.exchange);
  // The KMS is not believed about which exchange it answers: the octets we hold decide.
  if (
    answer.csbId !== toHex(csbId) ||
    answer.t1 !== toHex(t1) ||
    answer.idri !== idri.text ||
    answer.idrr !== idrr.text
  ) {
    throw new HalfkeyError('XK_REFUSED', 'the KMS answered about another exchange');
  }
  const components: Components = {
    role: subject.role,
    curve: answer.curve,
    ownPoint: fromHex(answer.ownPoint),
    peerPoint: fromHex(answer.peerPoint),
    ownNonce,
    ...(na === undefined ? {} : { na }),
    ...(nb === undefined ? {} : { nb }),
    csbId,
    t1,
    idri,
    idrr,
  };
  return { components, statement: answer.statement };
}

/** Solution 4, alternative 1, first step: the KMS hands out the target's private keys, and we decrypt. */
async function openWithPrivateKey(custody: Custody, asker: Asker, subject: Case): Promise<Components> {
  const { role, target, exchange } = subject;
  const wanted = messagesOf(exchange).filter(({ type }) => neededMessages(role).includes(type));
  const pairs = new Map(
    wanted.map((message) => {
      const identity = recipientOf(message).text;
      const keyEpoch = keyEpochStart(ntpToUnixSeconds(message.t), custody.keyEpochSeconds);
      return [`${identity} ${String(keyEpoch)}`, { identity, keyEpoch }];
    }),
  );
  const answer = await asker.ask({
    holder: 'kms',
    client: custody.kms,
    path: privateKeyRoute.path,
    operation: 'private-key',
    warrant: subject.warrant,
    members: { pairs: [...pairs.values()] },
    answer: privateKeys,
  });
  const params = decodePublicParameters(fromBase64(answer.parameters));
  validatePublicParameters(params, { allowTestLevels: custody.allowTestLevels });
  const district = { name: answer.district, serial: BigInt(answer.serial), keyEpochSeconds: answer.keyEpochSeconds };
  const decryptors = new Map<string, Decryptor>();
  try {
    for (const { identity, keyEpoch, privateKey } of answer.keys) {
      const octets = fromBase64(privateKey);
      const notBefore = generalizedTime(keyEpoch);
      const id = identityInfo({
        district: district.name,
        serial: district.serial,
        identity: identityFromText(identity),
        notBefore,
      });
      verifyPrivateKey(params, id, decodePrivateKey(octets, params));
      decryptors.set(`${identity} ${notBefore}`, createDecryptor(params, new Secret('IbePrivateKey', octets)));
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

/** Solution 4, second step: the provider opens the target's nonce. */
async function askForSecret(
  { provider }: Custody,
  asker: Asker,
  { warrant, role, exchange }: Case,
  { curve, csbId, t1, ownNonce, ownPoint, idri, idrr }: Components,
  statement: string | undefined,
): Promise<Secret<'EcdhScalar'>> {
  if (provider === undefined) throw new HalfkeyError('BAD_CONFIG', 'solution 4 needs a provider');
  const { secret } = await asker.ask({
    holder: 'provider',
    client: provider,
    path: openNonceRoute.path,
    operation: 'open-nonce',
    warrant,
    members: {
      identity: (role === 'initiator' ? idri : idrr).text,
      role,
      curve,
      csbId: toHex(csbId),
      t1: toHex(t1),
      nonce: toHex(ownNonce),
      ownPoint: toHex(ownPoint),
      messageDigests: messagesOf(exchange).map(({ bytes }) => createHash('sha256').update(bytes).digest('hex')),
      ...(statement === undefined ? {} : { statement }),
    },
    answer: opened,
  });
  return new Secret('EcdhScalar', fromHex(secret));
}
