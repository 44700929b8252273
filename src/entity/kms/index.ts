/** The KMS: issues private keys and answers XK. */
export { assertEpochs, issueBulk, type BulkIssuing } from './bulk.ts';
export { bulkHeaderOf, readIdentities, recordedBefore } from './bulk-batch.ts';
export { createBulkKeyMaker, type BulkKeyMaker, type BulkOrder, type BulkSubscriber } from './bulk-keys.ts';
export { openDistrictKeys, type DistrictKeys, type DistrictKeysOptions } from './district-keys.ts';
export type { ClientService, DistrictValidity } from './client-keys.ts';
export type { WarrantCheck } from './exchange-request.ts';
export { createKms, type Kms, type KmsOptions } from './kms.ts';
export type { KmsSealer, KmsStore, NonceOpener, NonceToOpen, RegisterStore } from './ports.ts';
