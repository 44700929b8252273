/** The hash-chained log: records, chain, verification. Pure; storage is behind {@link LogStore}. */
export { canonicalJson, decodeRecord } from './canonical.ts';
export { chainRecord, createVerifier, emptyHead, type LogVerifier } from './chain.ts';
export type { ChainRecord, LogBody, LogEntry, LogHead, LogStore, LogValue } from './ports.ts';
