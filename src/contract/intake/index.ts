/**
 * Intake of the Delivery Function: a capture goes in as a stream of octets (pcap or pcapng), and when the
 * stream ends, what became of each warranted session comes out.
 */
import { z } from 'zod';
import { callRole, hexOctets, route } from '../route/index.ts';

/** Query members of the intake request; the body is the capture. */
export const intakeQuery = z.strictObject({
  /** Added to every capture time, in milliseconds: for a capture made by a clock that is known to be off. */
  clockOffsetMs: z.coerce.number().int().optional(),
});
export type IntakeQuery = z.infer<typeof intakeQuery>;

const stream = z.strictObject({
  ssrc: hexOctets(4),
  direction: z.enum(['initiator-to-responder', 'responder-to-initiator']),
  packets: z.int().min(0),
  decrypted: z.int().min(0),
  failed: z.int().min(0),
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

const intakeAnswer = z.strictObject({
  sessions: z.array(session),
  /** What else an operator must know: a capture cut off, clocks that differ. No identity of a party. */
  notes: z.array(z.string()),
});

export type Session = z.infer<typeof session>;
export type SessionStream = z.infer<typeof stream>;
export type IntakeAnswer = z.infer<typeof intakeAnswer>;

export const intakeRoute = route({
  method: 'POST',
  path: '/intake/v1/captures',
  roles: ['tap'],
  request: intakeQuery,
  response: intakeAnswer,
});
