/**
 * Intake of the Delivery Function: a capture goes in as a stream of octets (pcap or pcapng). What became of it a tap
 * is not told: it must not learn whether anybody is a target.
 */
import { z } from 'zod';
import { requestId, route } from '../route/index.ts';

/** Query members of the intake request; the body is the capture. */
export const intakeQuery = z.strictObject({
  /** Added to every capture time, in milliseconds: for a capture made by a clock that is known to be off. */
  clockOffsetMs: z.coerce.number().int().optional(),
});
export type IntakeQuery = z.infer<typeof intakeQuery>;

const intakeAnswer = z.strictObject({
  /** Name of what was taken in: the LI administration asks for its sessions by it. */
  intake: requestId,
  packets: z.int().min(0),
});

export type IntakeAnswer = z.infer<typeof intakeAnswer>;

export const intakeRoute = route({
  method: 'POST',
  path: '/intake/v1/captures',
  roles: ['tap'],
  request: intakeQuery,
  response: intakeAnswer,
});
