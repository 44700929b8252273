/** Holders of the two secrets of identity-based encryption, for the roles: they take a Secret, and wipe it. */
import {
  equalBytes,
  HalfkeyError,
  isHalfkeyError,
  Secret,
  systemRandom,
  type Random,
} from '../../foundation/base/index.ts';
import { kernelFor, pointToOctets, type Lines } from '../curve/index.ts';
import { decryptWith, extractOctets, type Ciphertext } from './boneh-franklin.ts';
import { decodePrivateKeyOctets, encodePrivateKey } from './codec.ts';
import { withScalar, type PublicParameters } from './domain.ts';

/** Issues private keys under one master secret. */
export interface Issuer {
  readonly params: PublicParameters;
  /**
   * The DER BFPrivateKeyBlock of S_id for an identity string, in the profile the DER of an IBEIdentityInfo.
   * @throws TypeError after {@link close}
   */
  issue(id: Uint8Array): Secret<'IbePrivateKey'>;
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
  const Ppub = secret.use((s) => withScalar(kernel, s, (scalar) => kernel.multiplySecret(scalar, params.P, random)));
  if (!equalBytes(Ppub, pointToOctets(kernel, params.Ppub))) {
    throw new HalfkeyError('BadParameters', 'P_pub: not that of the master secret');
  }
  return {
    params,
    issue(id) {
      const S = secret.use((s) => extractOctets(kernel, params, s, id, random));
      try {
        return new Secret('IbePrivateKey', encodePrivateKey(S));
      } finally {
        S.fill(0);
      }
    },
    close() {
      secret.wipe();
    },
  };
}

/**
 * A decryptor over a DER BFPrivateKeyBlock. Takes ownership of `secret`; `random` only blinds. The key's lines are
 * kept until {@link Decryptor.close}, which wipes them too, where the kernel is not BigInt, whose numbers no one can.
 * @throws HalfkeyError `BadDer`, `BadPrivateKey`
 */
export function createDecryptor(
  params: PublicParameters,
  secret: Secret<'IbePrivateKey'>,
  random: Random = systemRandom,
): Decryptor {
  const kernel = kernelFor(params);
  let lines: Lines | undefined;
  const S = secret.use((bytes) => decodePrivateKeyOctets(bytes, params));
  try {
    lines = kernel.lines(S);
  } catch (error) {
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
    throw new HalfkeyError('BadPrivateKey', 'the private key is a point of wrong order');
  } finally {
    S.fill(0);
  }
  return {
    decrypt(c) {
      const held = lines;
      if (held === undefined) throw new TypeError('Decryptor: used after it was closed');
      return decryptWith(params, { kernel, lines: held }, c, random);
    },
    close() {
      lines?.close();
      lines = undefined;
      secret.wipe();
    },
  };
}
