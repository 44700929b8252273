/**
 * The report of a lab: gathers what was captured, handed over and logged, and writes report.html beside it. The result
 * of a lab does not depend on it: what cannot be read is left out, and a report that cannot be written is told.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isHalfkeyError, systemClock } from '../../foundation/base/index.ts';
import { writeSecretFile } from '../../platform/index.ts';
import type { Session } from '../../contract/administration/index.ts';
import {
  audioOf,
  readCalls,
  readPageParts,
  renderReport,
  type LogView,
  type ReportData,
  type SessionView,
} from '../report/index.ts';
import type { LabOrder, LabResult } from './lab-order.ts';

export interface ReportSource extends Pick<ReportData, 'kind' | 'level' | 'curve' | 'nonceMode' | 'flags' | 'target'> {
  readonly order: Pick<LabOrder, 'solution' | 'alternative'>;
  /** Directory of the report. */
  readonly out: string;
  readonly result: Omit<LabResult, 'report'>;
  readonly logs: readonly LogView[];
  /** The octets of the capture, and what was added to its clock. */
  readonly capture: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly offsetMs: number;
}

/** Writes the report, readable by its owner only. Returns its path, or null and why in a note. */
export async function writeReport(source: ReportSource): Promise<{ report: string | null; note?: string }> {
  try {
    const report = join(source.out, 'report.html');
    const page = renderReport(await dataOf(source), await readPageParts());
    await writeSecretFile(report, page);
    return { report };
  } catch (error) {
    const code = isHalfkeyError(error) ? error.code : 'INTERNAL';
    return { report: null, note: `report.html could not be written: ${code}` };
  }
}

async function dataOf(source: ReportSource): Promise<ReportData> {
  const { kind, level, curve, nonceMode, flags, target, order, result, logs, capture, offsetMs } = source;
  const { sessions, notes, reason } = result;
  return {
    ...{ version: 1, kind, level, curve, nonceMode, flags, target, notes, logs },
    madeMs: systemClock(),
    solution: order.solution,
    alternative: order.solution === 3 ? null : order.alternative,
    reason: reason ?? null,
    sessions: await Promise.all(sessions.map(sessionView)),
    calls: await callsOf(new Set(sessions.map(({ callId }) => callId)), capture, offsetMs),
  };
}

async function callsOf(
  callIds: ReadonlySet<string>,
  capture: ReportSource['capture'],
  offsetMs: number,
): Promise<ReportData['calls']> {
  try {
    return await readCalls(capture(), callIds, offsetMs);
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return [];
  }
}

/** What a page may hold of a session: everything but its key, which only the delivered keys document has. */
async function sessionView({ files, ...session }: Session): Promise<SessionView> {
  const { callId, initiator, responder, target, role, status, reason, keyConfirmed, streams } = session;
  const paths = Object.values(files).filter((path) => path !== null);
  const handedOver = await Promise.all(
    paths.map(async (path) => ({ name: basename(path), octets: (await stat(path)).size })),
  );
  const { wav, keys } = files;
  const speech =
    wav === null
      ? { audio: [], silence: 'no speech was handed over' }
      : await audioOf((await stat(wav)).size, () => readFile(wav));
  return {
    ...{ callId, initiator, responder, target, role, status, reason, keyConfirmed, streams, files: handedOver },
    ...speech,
    keys: keys === null ? null : await readFile(keys, 'utf8'),
  };
}
