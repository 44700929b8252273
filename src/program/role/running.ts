/** What a running role is to who started it, and how any role reads its credential; for roles without a log, too. */
import { readSecretFile, readTextFile } from '../../platform/index.ts';
import type { TlsFiles } from './config-parts.ts';

/** Tells who watches a role what happens: never an identity, a key or a nonce. */
export type Emit = (event: object) => void;

/** A role that has started. */
export interface RunningRole {
  readonly role: string;
  /** Port of each listener. */
  readonly ports: Readonly<Record<string, number>>;
  /** Whether it ends with its parent. */
  readonly exitWithParent: boolean;
  close(): Promise<void>;
}

/** PEM texts of a certificate, its key, and the authorities on the other side. */
export async function readTls(
  files: TlsFiles,
  at: (path: string) => string,
): Promise<{ certificate: string; privateKey: string; trust: string[] }> {
  return {
    certificate: await readTextFile(at(files.certificate)),
    privateKey: new TextDecoder().decode(await readSecretFile(at(files.privateKey))),
    trust: await Promise.all(files.trust.map((file) => readTextFile(at(file)))),
  };
}
