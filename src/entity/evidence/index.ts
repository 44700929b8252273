/** An auditor's tools. */
export { verifyLog, type LogSummary, type ReadEntries } from './verify-log.ts';
