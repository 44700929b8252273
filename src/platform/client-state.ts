/**
 * What a client keeps on disk: the highest serials it has seen, and by which digests it knows an I_MESSAGE_1 again. No
 * key, no nonce and no call: those live in memory. Two small files, each replaced whole.
 *
 *   serials.json    { "<district>": "<serial>" }
 *   replay.json     as the client makes it
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HalfkeyError, isHalfkeyError } from '../foundation/base/index.ts';
import type { SerialPins } from '../entity/endpoint/ports.ts';
import { ensurePrivateDirectory, readTextFile, systemCode } from './files.ts';

export interface ClientState {
  readonly pins: SerialPins;
  /** What was saved last, undefined when it was lost; `first` when this directory has never been used. */
  readonly replay: { readonly first: boolean; readonly saved: unknown };
  /** Replaces what is saved: durable when it returns. */
  saveReplay(value: unknown): void;
}

/**
 * Opens the directory, and makes it on first use.
 * @throws HalfkeyError `BAD_CONFIG` when it cannot be used; `STATE_MISMATCH` when serials.json is damaged: without it
 *   nobody could tell an old table from a new one
 */
export async function openClientState(directory: string): Promise<ClientState> {
  await ensurePrivateDirectory(directory);
  const serialsFile = join(directory, 'serials.json');
  const kept = await readJson(serialsFile);
  let serials = serialsOf(kept);
  return {
    pins: {
      highest: (district) => serials.get(district),
      async raise(district, serial) {
        if ((serials.get(district) ?? -1n) >= serial) return;
        // A client that calls beside one that answers may have raised others since: none of them goes back.
        const raised = serialsOf(await readJson(serialsFile));
        for (const [name, seen] of [...serials, [district, serial] as const]) {
          if ((raised.get(name) ?? -1n) < seen) raised.set(name, seen);
        }
        const texts = [...raised].map(([name, highest]) => [name, String(highest)] as const);
        replaceFile(directory, 'serials.json', JSON.stringify(Object.fromEntries(texts)));
        serials = raised;
      },
    },
    replay: { first: kept === undefined, saved: await readJson(join(directory, 'replay.json')).catch(lost) },
    saveReplay(value) {
      replaceFile(directory, 'replay.json', JSON.stringify(value));
    },
  };
}

/** What serials.json holds, nothing where it is not there yet. @throws HalfkeyError `STATE_MISMATCH` */
function serialsOf(kept: unknown): Map<string, bigint> {
  const serials = new Map<string, bigint>();
  if (kept === undefined) return serials;
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) throw damaged();
  for (const [name, serial] of Object.entries(kept)) {
    if (typeof serial !== 'string' || !/^[0-9]{1,19}$/.test(serial)) throw damaged();
    serials.set(name, BigInt(serial));
  }
  return serials;
}

/** A damaged cache of replays is a lost one: the client then refuses what may have been seen. */
function lost(error: unknown): undefined {
  if (!isHalfkeyError(error, 'STATE_MISMATCH')) throw error;
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    if (isHalfkeyError(error) && systemCode(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw damaged();
  }
}

const damaged = (): HalfkeyError => new HalfkeyError('STATE_MISMATCH', 'a file of the state directory is damaged');

/** Whole or not at all, mode 0600. Not asynchronous: an answer waits for it, and no other message may come between. */
function replaceFile(directory: string, name: string, text: string): void {
  const temporary = join(directory, `.${randomUUID()}.tmp`);
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, join(directory, name));
  } catch (error) {
    // A disk that is full must not be filled further with each attempt.
    rmSync(temporary, { force: true });
    throw error;
  }
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
