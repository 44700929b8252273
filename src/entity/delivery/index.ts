/** The Delivery Function: intake, asking, recovery, hand-over. */
export { createAsker, type AskerOptions } from './asking.ts';
export { createDelivery, type Delivery, type DeliveryOptions } from './delivery.ts';
export type { HandoverSink, HolderClient, Observer, PendingRequest, RequestStore, WarrantStore } from './ports.ts';
export type { Custody as DeliveryCustody } from './case.ts';
export { openWarrantBook, type WarrantBook } from './warrant-book.ts';
