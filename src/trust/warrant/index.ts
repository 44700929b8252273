/** Signed warrants, their approvals, their revocation, and what they cover. Pure; the clock is an argument. */
export type { Deliverable, Interval, Solution, Warrant } from './warrant.ts';
export { authenticate, decodeCertificate, readRoots } from './certificate.ts';
export type { SignaturePart, WarrantSigner } from './jws.ts';
export {
  approveWarrant,
  signWarrant,
  verifyWarrant,
  type SignedWarrant,
  type VerifiedWarrant,
  type WarrantTrust,
} from './verify.ts';
export { assertDeliverable, assertIntercepted, assertKeyEpoch, assertScope, assertTarget } from './scope.ts';
export { signRevocations, verifyRevocations, type RevocationList, type VerifiedRevocations } from './revocation.ts';
export { timeOf as warrantTime } from './warrant.ts';
