/** Holders of the two secrets of identity-based encryption, for the roles: they take a Secret, and wipe it. */
import {
  HalfkeyError,
  isHalfkeyError,
  systemRandom,
  toBigInt,
  type Random,
  type Secret,
} from '../../foundation/base/index.ts';
import { kernelFor, type Lines, type Point } from '../curve/index.ts';
import { decryptWith, hashToPoint, type Ciphertext } from './boneh-franklin.ts';
import { decodePrivateKey } from './codec.ts';
import { multiplySecret, type PublicParameters } from './domain.ts';

/** Issues private keys under one master secret. */
export interface Issuer {
  readonly params: PublicParameters;
  /** S_id of an identity string, in the profile the DER of an IBEIdentityInfo. @throws TypeError after {@link close} */
  issue(id: Uint8Array): Point;
  /** Wipes the master secret. Repeated calls do nothing. */
  close(): void;
}

/** Opens key encapsulations made for one identity. */
export interface Decryptor {
  /** The key of the ciphertext. @throws HalfkeyError `IbeDecryptFailed`; TypeError after {@link close} */
  decrypt(c: Ciphertext): Uint8Array;
  /** Wipes the private key and forgets what was computed from it. Repeated calls do nothing. */
  close(): void;
}

/**
 * An issuer over the big-endian octets of s. Takes ownership of `secret`; `random` only blinds.
 * @throws HalfkeyError `BadParameters` when s is not in [2, q-1] or [s]P is not P_pub
 */
export function createIssuer(
  params: PublicParameters,
  secret: Secret<'IbeMasterSecret'>,
  random: Random = systemRandom,
): Issuer {
  const kernel = kernelFor(params);
  const times = (A: Point): Point => secret.use((s) => multiplySecret(kernel, toBigInt(s), A, random));
  const Ppub = times(params.P);
  if (Ppub.x !== params.Ppub.x || Ppub.y !== params.Ppub.y) {
    throw new HalfkeyError('BadParameters', 'P_pub: not that of the master secret');
  }
  return {
    params,
    issue: (id) => times(hashToPoint(params, id)),
    close() {
      secret.wipe();
    },
  };
}

/**
 * A decryptor over a DER BFPrivateKeyBlock. Takes ownership of `secret`; `random` only blinds. The key's lines are
 * computed once and kept. BigInt cannot be overwritten: {@link Decryptor.close} wipes the octets and drops the rest.
 * @throws HalfkeyError `BadDer`, `BadPrivateKey`
 */
export function createDecryptor(
  params: PublicParameters,
  secret: Secret<'IbePrivateKey'>,
  random: Random = systemRandom,
): Decryptor {
  const kernel = kernelFor(params);
  let lines: Lines | undefined;
  try {
    lines = kernel.lines(secret.use((bytes) => decodePrivateKey(bytes, params)));
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
    throw new HalfkeyError('BadPrivateKey', 'the private key is a point of wrong order');
  }
  return {
    decrypt(c) {
      const held = lines;
      if (held === undefined) throw new TypeError('Decryptor: used after it was closed');
      return decryptWith(params, (B) => kernel.pairingWithLines(held, B), c, random);
    },
    close() {
      if (lines !== undefined) lines.steps.length = 0;
      lines = undefined;
      secret.wipe();
    },
  };
}
