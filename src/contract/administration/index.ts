/**
 * What the LI administration tells a role: warrants to the Delivery Function, revocations to everybody.
 */
import { z } from 'zod';
import { callRole, hexOctets, requestId, route } from '../route/index.ts';

const warrantRequest = z.strictObject({ warrant: z.unknown() });
const warrantAnswer = z.strictObject({ id: z.string(), digest: z.string() });
export type WarrantRequest = z.infer<typeof warrantRequest>;
export type WarrantAnswer = z.infer<typeof warrantAnswer>;

/** Gives the Delivery Function a warrant to act on. */
export const warrantRoute = route({
  method: 'PUT',
  path: '/administration/v1/warrant',
  roles: ['admf'],
  request: warrantRequest,
  response: warrantAnswer,
});

const revocationRequest = z.strictObject({ revocations: z.string().max(65536) });
const revocationAnswer = z.strictObject({ revoked: z.int().min(0) });
export type RevocationRequest = z.infer<typeof revocationRequest>;
export type RevocationAnswer = z.infer<typeof revocationAnswer>;

/** Gives a role a revocation list signed by the authority; what is revoked stays revoked. */
export const revocationRoute = route({
  method: 'PUT',
  path: '/administration/v1/revocations',
  roles: ['admf'],
  request: revocationRequest,
  response: revocationAnswer,
});

/** Counts of packets in equal steps of time, at most 128 of them. */
const counts = z.array(z.int().min(0)).max(128);
const stream = z.strictObject({
  ssrc: hexOctets(4),
  direction: z.enum(['initiator-to-responder', 'responder-to-initiator']),
  packets: z.int().min(0),
  decrypted: z.int().min(0),
  failed: z.int().min(0),
  /** The same over time, from the first packet: `startMs` since 1970 by the capture's clock; losses by RTP sequence. */
  timeline: z.strictObject({
    startMs: z.int(),
    stepMs: z.int().min(1),
    packets: counts,
    lost: counts,
    failed: counts,
  }),
});

const session = z.strictObject({
  callId: z.string(),
  initiator: z.string(),
  responder: z.string(),
  target: z.string(),
  role: callRole,
  /** `recovered`, or the code of what stood against it. */
  status: z.string(),
  /** What is missing or wrong, in words; null when recovered. */
  reason: z.string().nullable(),
  solution: z.union([z.literal(3), z.literal(4)]),
  alternative: z.union([z.literal(1), z.literal(2)]).nullable(),
  keyConfirmed: z.boolean(),
  /** Lower-case hex 04||X||Y; null unless the warrant orders the delivery of keys. */
  kSession: hexOctets(65, 133).nullable(),
  streams: z.array(stream),
  /** Absolute paths at the Delivery Function. */
  files: z.strictObject({ wav: z.string().nullable(), pcap: z.string().nullable(), keys: z.string().nullable() }),
});

const sessionsRequest = z.strictObject({ intake: requestId });
const sessionsAnswer = z.strictObject({
  sessions: z.array(session),
  /** What else an operator must know: a capture cut off, clocks that differ. No identity of a party. */
  notes: z.array(z.string()),
});

export type Session = z.infer<typeof session>;
export type SessionStream = z.infer<typeof stream>;
export type SessionsAnswer = z.infer<typeof sessionsAnswer>;

/** What became of each warranted session of an intake; told once, then forgotten. */
export const sessionsRoute = route({
  method: 'POST',
  path: '/administration/v1/sessions',
  roles: ['admf'],
  request: sessionsRequest,
  response: sessionsAnswer,
});
