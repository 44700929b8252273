/** MIKEY-IBAKE as pure state machines: the four messages, for either side. No clock, no network, no store in here. */
export { createInitiator, closeBranches, type OutgoingCall } from './initiator.ts';
export { onR1, onR2 } from './initiator-branch.ts';
export type { Branch, InitiatorState } from './initiator-state.ts';
export { inspectI1, type Invitation } from './invitation.ts';
export { answerI1, onI2, type ResponderState } from './responder.ts';
export { dispose, type Established } from './established.ts';
export type { StreamKey } from '../mikey/exchange/index.ts';
export { errorReply, type Refusal } from './refusal.ts';
export {
  DEFAULT_POLICY,
  type DistrictParameters,
  type IbakeEndpoint,
  type IbakePolicy,
  type OwnMasterSecret,
  type PrivateKeyName,
} from './endpoint.ts';
export { exchangeRandom, type ExchangeRandom } from './random.ts';
export { emptyReplayCache, enterReplay, replayVerdict, type ReplayCache } from './replay-cache.ts';
export { IBAKE_LIMITS } from './limits.ts';
