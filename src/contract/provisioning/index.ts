/**
 * Provisioning, by audience: the organisation that runs a holder (operator.ts), the client that is served (client.ts,
 * access.ts), the table by which clients find each other's districts (federation.ts), and keys in bulk (bulk.ts).
 */
export {
  deregistrationRoute,
  erasureRoute,
  masterSecretRoute,
  registrationHandlers,
  registrationRoute,
  subscriberHandlers,
  subscriberRoute,
  type SubscriberRegister,
  type SubscriberSecret,
  type SubscriberSecrets,
} from './operator.ts';
export {
  clientKeysRoute,
  clientMasterSecretsRoute,
  MAX_MASTER_SECRETS,
  parametersRoute,
  type ClientKeys,
  type ClientKeysRequest,
  type ClientMasterSecrets,
  type DistrictParameters,
} from './client.ts';
export {
  clientMasterSecretsHandler,
  deliverTexts,
  issuingHandler,
  type ClientAccess,
  type IssueRecord,
} from './access.ts';
export {
  signFederationTable,
  verifyFederationTable,
  type FederationEntry,
  type FederationTable,
} from './federation.ts';
export { bulkHeader, bulkKeys, bulkLine, type BulkHeader, type BulkKeys, type BulkLine } from './bulk.ts';
export { handler, parseBody, type Handler } from '../route/index.ts';
