/**
 * Reading a holder's log: for auditors.
 */
import { z } from 'zod';
import { base64Octets, hexOctets, route } from '../route/index.ts';

const entriesRequest = z.strictObject({
  from: z.int().min(0),
  limit: z.int().min(1).max(1000),
});
const entry = z.strictObject({
  sequence: z.int().min(0),
  previousHash: hexOctets(32),
  hash: hexOctets(32),
  /** The canonical octets that were hashed, base64. */
  octets: base64Octets(65536),
});
const entriesAnswer = z.strictObject({
  origin: z.string(),
  /** Number of entries, and the hash of the last one. */
  head: z.strictObject({ size: z.int().min(0), hash: hexOctets(32) }),
  entries: z.array(entry),
});
export type EntriesRequest = z.infer<typeof entriesRequest>;
export type EntriesAnswer = z.infer<typeof entriesAnswer>;

export const entriesRoute = route({
  method: 'POST',
  path: '/log/v1/entries',
  roles: ['auditor'],
  request: entriesRequest,
  response: entriesAnswer,
});
