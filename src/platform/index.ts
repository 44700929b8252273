/**
 * The outside world: files, state, TLS, logs. What is heavy is loaded when it is first used.
 */
export {
  createAuthority,
  issueCertificate,
  type Authority,
  type CertificateRequest,
  type Credential,
} from './certificates.ts';
export { openClientState, type ClientState } from './client-state.ts';
export {
  ensurePrivateDirectory,
  isEmptyDirectory,
  readOctetFile,
  readSecretFile,
  readTextFile,
  writeSecretFile,
} from './files.ts';
export { createClient, type HttpsClient } from './https-client.ts';
export { routeOf, serve, type HttpsServer, type ServerRoute } from './https-server.ts';
export { openKmsStore, openRequestStore } from './key-store.ts';
export { createLineFile, fileExists, openLineFile, type LineFile } from './line-file.ts';
export { createLogger, type Logger } from './log.ts';
export { openLogStore } from './log-store.ts';
export { openMsStore } from './ms-store.ts';
export { openRegisterStore } from './register-store.ts';
export { createKeyFile, openSealer, type Sealer } from './sealer.ts';
export { openState, type State } from './state.ts';
export { openWarrantStore } from './warrant-store.ts';
export { serveTasks, startWorkers, type SendStart, type TaskServer, type WorkerPool } from './workers.ts';
