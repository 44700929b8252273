/** Keeping subscribers' master secrets, and opening one nonce at a time with them. */
export { createCustody, type Custody, type CustodyOptions } from './custody.ts';
export { assertOpenRequest, type OpenRequest } from './open.ts';
export type { AnsweredPoint, MsRow, MsStore, Sealer } from './ports.ts';
export type { MsGrid, Span, SubscriptionPolicy } from './subscription.ts';
