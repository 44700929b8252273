/** Holders of the secrets of BB1, and the checks of its parameters and private keys: as keys.ts and validate.ts. */
import { HalfkeyError, isHalfkeyError, Secret, systemRandom, type Random } from '../../foundation/base/index.ts';
import { kernelFor, type Lines } from '../curve/index.ts';
import { decodeBB1MasterSecret, decodeBB1PrivateKey, encodeBB1PrivateKey } from './boneh-boyen-codec.ts';
import {
  bb1DecryptWith,
  bb1ExtractPrivateKey,
  bb1PublicParameters,
  bb1IdentityPoint,
  multiplyElements,
  type BB1Ciphertext,
  type BB1KeyLines,
  type BB1PublicParameters,
} from './boneh-boyen.ts';
import { pairingOfSecret, validateDomain, validatePoint } from './validate.ts';

/** Issues private keys under one master secret. */
export interface BB1Issuer {
  readonly params: BB1PublicParameters;
  /** The DER BB1PrivateKeyBlock of an identity, another one each time. @throws TypeError after {@link close} */
  issue(id: Uint8Array): Secret<'BB1PrivateKey'>;
  /** Wipes the master secret. Repeated calls do nothing. */
  close(): void;
}

/** Opens key encapsulations made for one identity. */
export interface BB1Decryptor {
  /** The key of the ciphertext. @throws HalfkeyError `IbeDecryptFailed`; TypeError after {@link close} */
  decrypt(c: BB1Ciphertext): Uint8Array;
  /** Wipes the private key and its lines. Repeated calls do nothing. */
  close(): void;
}

/**
 * An issuer over a DER BB1MasterSecret. Takes ownership of `secret`.
 * @throws HalfkeyError `BadDer`; `BadParameters` when the parameters are not those of the master secret
 */
export function createBB1Issuer(
  params: BB1PublicParameters,
  secret: Secret<'BB1MasterSecret'>,
  random: Random = systemRandom,
): BB1Issuer {
  const own = secret.use((octets) => bb1PublicParameters(params, decodeBB1MasterSecret(octets, params)));
  for (const name of ['P1', 'P2', 'P3'] as const) {
    if (own[name].x !== params[name].x || own[name].y !== params[name].y) {
      throw new HalfkeyError('BadParameters', `${name}: not that of the master secret`);
    }
  }
  return {
    params,
    issue: (id) =>
      secret.use((octets) => {
        const key = bb1ExtractPrivateKey(params, decodeBB1MasterSecret(octets, params), id, random);
        const block = new Secret('BB1PrivateKey', encodeBB1PrivateKey(key));
        for (const point of [key.d0, key.d1]) point.fill(0);
        return block;
      }),
    close() {
      secret.wipe();
    },
  };
}

/** A decryptor over a DER BB1PrivateKeyBlock. Takes ownership of `secret`. @throws HalfkeyError `BadDer`, `BadPrivateKey` */
export function createBB1Decryptor(
  params: BB1PublicParameters,
  secret: Secret<'BB1PrivateKey'>,
  random: Random = systemRandom,
): BB1Decryptor {
  let lines: BB1KeyLines | undefined = linesOf(params, secret);
  return {
    decrypt(c) {
      if (lines === undefined) throw new TypeError('BB1Decryptor: used after it was closed');
      return bb1DecryptWith(params, lines, c, random);
    },
    close() {
      lines?.d0.close();
      lines?.d1.close();
      lines = undefined;
      secret.wipe();
    },
  };
}

/**
 * Checks public parameters: the domain in full; P_1, P_2, P_3 on the curve and of order q; v = e'(P_1, P_2).
 * @throws HalfkeyError `LevelRefused` for 1024 unless `allowTestLevels`; `BadParameters` naming what failed
 */
export function validateBB1PublicParameters(
  params: BB1PublicParameters,
  { allowTestLevels = false }: { readonly allowTestLevels?: boolean } = {},
): void {
  if (params.level === 1024 && !allowTestLevels) throw new HalfkeyError('LevelRefused', 'level 1024 is for tests only');
  validateDomain(params);
  const kernel = kernelFor(params);
  for (const name of ['P1', 'P2', 'P3'] as const) validatePoint(kernel, params[name], name);
  const { re, im } = kernel.pairing(params.P1, params.P2);
  if (re !== params.v.re || im !== params.v.im) throw new HalfkeyError('BadParameters', "v: not e'(P1, P2)");
}

/**
 * Whether a private key is that of `id`: e'(D_0, P) = v * e'(D_1, [h_id]P_1 + P_3). That both points have order q is
 * proved by their lines. @throws HalfkeyError `BadDer`, `BadPrivateKey`
 */
export function verifyBB1PrivateKey(
  params: BB1PublicParameters,
  id: Uint8Array,
  privateKey: Secret<'BB1PrivateKey'>,
  random: Random = systemRandom,
): void {
  const { kernel, d0, d1 } = linesOf(params, privateKey);
  try {
    const left = pairingOfSecret(kernel, d0, params.P, random);
    const ofIdentity = pairingOfSecret(kernel, d1, bb1IdentityPoint(kernel, params, id), random);
    const right = multiplyElements(params, params.v, ofIdentity);
    if (left.re === right.re && left.im === right.im) return;
  } catch (error) {
    // Parameters for which an identity leads to the point at infinity.
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
  } finally {
    d0.close();
    d1.close();
  }
  throw new HalfkeyError('BadPrivateKey', 'the private key does not belong to this identity and these parameters');
}

/** The lines of both points. @throws HalfkeyError `BadDer`, `BadPrivateKey` */
function linesOf(params: BB1PublicParameters, secret: Secret<'BB1PrivateKey'>): BB1KeyLines {
  const kernel = kernelFor(params);
  const key = secret.use((octets) => decodeBB1PrivateKey(octets, params));
  const lines: Lines[] = [];
  try {
    for (const point of [key.d0, key.d1]) lines.push(kernel.lines(point));
    const [d0, d1] = lines as [Lines, Lines];
    return { kernel, d0, d1 };
  } catch (error) {
    for (const one of lines) one.close();
    if (!isHalfkeyError(error, 'BadPoint')) throw error;
    throw new HalfkeyError('BadPrivateKey', 'the private key has a point of wrong order');
  } finally {
    for (const point of [key.d0, key.d1]) point.fill(0);
  }
}
