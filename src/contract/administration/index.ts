/**
 * What the LI administration tells a role: warrants to the Delivery Function, revocations to everybody.
 */
import { z } from 'zod';
import { route } from '../route/index.ts';

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
