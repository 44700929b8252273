/**
 * The file in which a KMS hands out private keys in bulk: lines of JSON. The first says what the batch is, each other
 * one is of one subscriber: its keys, sealed to the recipient, or why it gets none. It names nobody.
 */
import { z } from 'zod';
import { base64Octets, hexOctets, identityText, unixSeconds } from '../route/index.ts';

const district = {
  district: z.string().regex(/^[\x21-\x7e]{1,1024}$/),
  serial: z.int().min(0),
  keyEpochSeconds: z.int().min(900).max(2_678_400),
};

/** The first line. */
export const bulkHeader = z.strictObject({
  /** SHA-256 over everything that determines the batch. */
  batch: hexOctets(32),
  ...district,
  /** Starts of the key epochs, seconds since 1970. */
  keyEpochs: z.array(unixSeconds).min(1),
  /** SHA-256 of the recipient's public key (RFC 7638). */
  recipient: hexOctets(32),
  subscribers: z.int().min(1),
});
export type BulkHeader = z.infer<typeof bulkHeader>;

/** Of the subscriber in the list, from 1. */
const position = z.int().min(1);

/** Every other line, in any order of positions. */
export const bulkLine = z.union([
  /** `entry`: the sequence number of the record in the KMS's log; `keys`: JWE, {@link bulkKeys}. */
  z.strictObject({ position, entry: z.int().min(1), keys: z.string() }),
  /** An error code. */
  z.strictObject({ position, entry: z.int().min(1), refused: z.string() }),
]);
export type BulkLine = z.infer<typeof bulkLine>;

/** What is sealed. */
export const bulkKeys = z.strictObject({
  ...district,
  identity: identityText,
  /** DER BFPrivateKeyBlock each. */
  keys: z.array(z.strictObject({ keyEpoch: unixSeconds, privateKey: base64Octets(4096) })),
});
export type BulkKeys = z.infer<typeof bulkKeys>;
