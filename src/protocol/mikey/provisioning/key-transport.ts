/**
 * The plaintext of KEMAC in REQUEST_KEY_RESP: ( IDR(1) KeyData+ [Gen.Ext 241] )+ (RFC 6267 4.2.1.3, profile 3.7).
 * The first payload is IDR without being announced, as in choice A1. Octets only: nothing is decrypted here, and the
 * master secret of Gen.Ext 241 is crypto/nonce's to read.
 */
import { HalfkeyError } from '../../../foundation/base/index.ts';
import type { Identity } from '../../../foundation/identity/index.ts';
import { IMPLICIT_IDR, INNER, readChain, writeChain, type InnerPayload } from '../chain.ts';
import { FieldReader } from '../field-reader.ts';
import { identityOf } from '../grammar.ts';
import { idrOf } from '../ibake-plaintext.ts';
import { LI_MS } from '../payload/extension.ts';
import { KEY_TYPE_K_PR } from '../payload/key-data.ts';
import type { KeyValidity } from '../payload/key-validity.ts';

/** A private key: DER BFPrivateKeyBlock, up to 65535 octets, and when it may be used. */
export interface TransportedKey {
  readonly key: Uint8Array;
  readonly validity: KeyValidity;
}

/** What one identity receives: at least one key, and in solution 3 its master secret (LI-MS, 58 octets). */
export interface TransportedKeys {
  readonly identity: Identity;
  readonly keys: readonly TransportedKey[];
  readonly liMs?: Uint8Array;
}

/** Decodes the plaintext; views of `bytes`. @throws HalfkeyError `BadOrder`, `BadField`, `InvalidId` and those of the payloads */
export function decodeKeyTransport(bytes: Uint8Array): TransportedKeys[] {
  const identities: { identity: Identity; keys: TransportedKey[]; liMs?: Uint8Array }[] = [];
  const refuse = (why: string, offset: number): never => {
    throw new HalfkeyError('BadOrder', why, { offset });
  };
  for (const { payload, ...place } of readChain(new FieldReader(bytes), IMPLICIT_IDR, INNER, 'key transport')) {
    const current = identities.at(-1);
    if (payload.kind === 'IDR' && payload.role === 1) {
      if (current?.keys.length === 0) refuse('an identity without a key', place.offset);
      identities.push({ identity: identityOf({ payload, ...place }), keys: [] });
    } else if (payload.kind === 'KEY' && current !== undefined && current.liMs === undefined) {
      if (payload.type !== KEY_TYPE_K_PR)
        throw new HalfkeyError('BadField', 'the key is not a private key', { offset: place.offset + 1 });
      current.keys.push({ key: payload.key, validity: payload.validity });
    } else if (payload.kind === 'EXT' && payload.type === LI_MS && current?.keys.length && current.liMs === undefined) {
      current.liMs = payload.data;
    } else {
      refuse('a payload that may not stand here', place.offset);
    }
  }
  if (identities.at(-1)?.keys.length === 0) refuse('an identity without a key', bytes.length);
  return identities;
}

/** The plaintext, new octets, which hold keys: the caller wipes them. @throws TypeError when an identity has no key */
export function encodeKeyTransport(identities: readonly TransportedKeys[]): Uint8Array {
  if (identities.length === 0 || identities.some(({ keys }) => keys.length === 0))
    throw new TypeError('encodeKeyTransport: no key');
  return writeChain(
    identities.flatMap(({ identity, keys, liMs }): InnerPayload[] => [
      idrOf(1, identity),
      ...keys.map(({ key, validity }) => ({ kind: 'KEY' as const, type: KEY_TYPE_K_PR, key, validity })),
      ...(liMs === undefined ? [] : [{ kind: 'EXT' as const, type: LI_MS, data: liMs }]),
    ]),
  );
}
