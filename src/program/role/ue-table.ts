/**
 * The federation table of a running client: read at its start, and again with each round of its schedule. Whatever
 * becomes of the file meanwhile, the table in use is the last one that was good, and keys are fetched under it.
 */
import {
  openFederation,
  type Federation,
  type FederationOptions,
  type ProvisionedClient,
} from '../../entity/endpoint/index.ts';
import { readTextFile } from '../../platform/index.ts';

export interface TableInUse {
  /** The last table that was good. */
  current(): Federation;
  /**
   * Reads the table again; one that cannot be read or is refused leaves the old one in use.
   * @throws HalfkeyError `BAD_CONFIG` for a file, and what {@link openFederation} throws
   */
  read(): Promise<void>;
  close(): void;
}

/** Paths of the signed table and of its publisher's key. */
export interface TableFiles {
  readonly table: string;
  readonly publicKey: string;
}

/** @throws HalfkeyError as {@link TableInUse.read} */
export async function openTable(
  files: TableFiles,
  options: Omit<FederationOptions, 'table' | 'publicKey'>,
): Promise<TableInUse> {
  const open = async (table: string): Promise<Federation> =>
    openFederation({ ...options, table, publicKey: await readTextFile(files.publicKey) });
  let signed = await readTextFile(files.table);
  let federation = await open(signed);
  return {
    current: () => federation,
    async read() {
      const table = await readTextFile(files.table);
      if (table === signed) return;
      const fresh = await open(table);
      federation.close();
      federation = fresh;
      signed = table;
    },
    close() {
      federation.close();
    },
  };
}

/** One round: the table, then the keys, and these also when the table failed, which is thrown after them. */
export async function refreshTableAndKeys(
  table: Pick<TableInUse, 'read'>,
  client: Pick<ProvisionedClient, 'refresh'>,
): Promise<void> {
  const read = table.read();
  await Promise.allSettled([read]);
  await client.refresh();
  await read;
}
