/** SIP and SDP as far as keys travel in them: messages, streams, descriptions, key-mgmt, calls. */
export { createCallTracker, type CallTracker } from './call-tracker.ts';
export type { Call, CallUpdate, Exchange, MediaLine, Party } from './call.ts';
export { checkSdpIds, checkSecureOnly, keyMgmt, keyMgmtAttribute, keyMgmtFor } from './key-mgmt.ts';
export { encodeSdp } from './sdp-encode.ts';
export { mediaDirection, mediaEndpoint, mediaFormats, rtcpEndpoint } from './sdp-media.ts';
export { parseSdp, type Sdp } from './sdp.ts';
export { sdpOf } from './sip-body.ts';
export { createSipCarriers, type CarriedOctets } from './sip-carriers.ts';
export { encodeSipMessage } from './sip-encode.ts';
export { headerValue, headerValues, type SipDraft, type SipMessage } from './sip-message.ts';
export { parseSipMessage } from './sip-parse.ts';
export { createSipStream } from './sip-stream.ts';
export { parseAddress } from './sip-syntax.ts';
