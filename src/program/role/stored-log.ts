/** Reads and verifies the log of a role that is not running. */
import { HalfkeyError } from '../../foundation/base/index.ts';
import { chainRecord, emptyHead, type LogHead } from '../../trust/audit/index.ts';
import { verifyLog, type LogSummary } from '../../entity/evidence/index.ts';
import { openLogStore, openState } from '../../platform/index.ts';
import { readAnyConfig } from './config.ts';

/** @throws HalfkeyError `LOG_BROKEN`, `STATE_IN_USE`, `BAD_CONFIG` */
export async function readRoleLog(configFile: string, expected?: LogHead): Promise<LogSummary> {
  const { config, at } = await readAnyConfig(configFile);
  const district = 'district' in config ? config.district.name : config.role;
  const origin = `${config.role} ${district}`;
  const state = await openState({
    directory: at(config.stateDirectory),
    role: config.role,
    district,
    keyFile: at(config.keyEncryptionKey),
  });
  try {
    const log = await openLogStore({ state, chain: chainRecord, empty: emptyHead(origin) });
    return await verifyLog(origin, (from, limit) => log.read(from, limit), expected);
  } catch (error) {
    throw error instanceof HalfkeyError
      ? error
      : new HalfkeyError('LOG_BROKEN', 'the log cannot be read', { cause: error });
  } finally {
    await state.close();
  }
}
