/**
 * Golden files: whole exchanges with their secrets. A replay takes the long-term secrets only, and the messages
 * when there is no capture; every other member is an answer, and is neither read nor needed.
 */
import { z } from 'zod';
import { fromHex, HalfkeyError, ntpTime, ntpToUnixSeconds } from '../../foundation/base/index.ts';
import { readTextFile } from '../../platform/index.ts';

const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/);
const both = <T extends z.ZodType>(schema: T) => z.object({ A: schema, B: schema });
const districts = <T extends z.ZodType>(schema: T) => z.object({ a: schema, b: schema });

const fixture = z.object({
  level: z.union([z.literal(1024), z.literal(2048), z.literal(3072), z.literal(7680)]),
  curve: z.enum(['P-256', 'P-384', 'P-521']),
  nonceMode: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  nonceEpoch: z.int().min(0),
  T1: z.string().regex(/^[0-9a-f]{16}$/),
  district: districts(z.string().min(1)),
  masterSecrets: districts(z.string().regex(/^0x[0-9a-f]+$/)),
  MS: both(z.string().regex(/^[0-9a-f]{64}$/)),
  messages: z.object({ I_MESSAGE_1: hex, R_MESSAGE_1: hex, I_MESSAGE_2: hex, R_MESSAGE_2: hex }).partial().optional(),
});

export interface Fixture extends z.infer<typeof fixture> {
  /** T of I_MESSAGE_1, seconds since 1970. */
  readonly t1: number;
}

/** @throws HalfkeyError `BAD_FIXTURE` */
export async function readFixture(file: string): Promise<Fixture> {
  let value: unknown;
  try {
    value = JSON.parse(await readTextFile(file));
  } catch (cause) {
    throw new HalfkeyError('BAD_FIXTURE', 'the fixture cannot be read as JSON', { cause });
  }
  const result = fixture.safeParse(value);
  if (!result.success) {
    const member = result.error.issues[0]?.path.map(String).join('.') ?? '';
    throw new HalfkeyError('BAD_FIXTURE', `the fixture lacks a usable ${member}`);
  }
  return { ...result.data, t1: ntpToUnixSeconds(ntpTime(fromHex(result.data.T1))) };
}
