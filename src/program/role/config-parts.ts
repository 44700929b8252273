/**
 * What configuration files of the roles have in common: JSON, every path relative to the file, unknown members
 * refused.
 */
import { dirname, resolve } from 'node:path';
import { z, type ZodType } from 'zod';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { readTextFile } from '../../platform/index.ts';

/** A file or directory, relative to the configuration. */
export const path = z.string().min(1);

/** The credential of a role, and whom it trusts. */
export const tls = z.strictObject({
  /** PEM certificate and private key of this role. */
  certificate: path,
  privateKey: path,
  /** PEM certificates of the authorities whose certificates are accepted from the other side. */
  trust: z.array(path).min(1),
});
export type TlsFiles = z.infer<typeof tls>;

/** Where a role listens. */
export const listener = z.strictObject({
  host: z.string().default('127.0.0.1'),
  /** 0 takes a free port; the ready line tells which. */
  port: z.int().min(0).max(65535),
  tls,
});
export type ListenerConfig = z.infer<typeof listener>;

/** A holder that is asked, and the credential for it. */
export const peer = z.strictObject({ origin: z.url(), tls });
export type PeerConfig = z.infer<typeof peer>;

/** Reads and checks a file; `at` resolves its paths. @throws HalfkeyError `BAD_CONFIG` naming the member */
export async function readConfig<T>(
  schema: ZodType<T>,
  file: string,
): Promise<{ config: T; at: (path: string) => string }> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readTextFile(file));
  } catch (error) {
    if (error instanceof HalfkeyError) throw error;
    throw new HalfkeyError('BAD_CONFIG', 'the configuration file is not JSON');
  }
  const result = schema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    const member = issue === undefined || issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.');
    throw new HalfkeyError('BAD_CONFIG', `${member}: ${issue?.message ?? 'wrong'}`);
  }
  const folder = dirname(resolve(file));
  return { config: result.data, at: (path) => resolve(folder, path) };
}
