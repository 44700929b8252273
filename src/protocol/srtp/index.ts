/** SRTP and SRTCP (RFC 3711): protection and unprotection of one stream's packets. Public as `halfkey/srtp`. */
export { createSrtcpReceiver, createSrtcpSender, type SrtcpReceiver, type SrtcpSender } from './control.ts';
export { createSrtpReceiver, type SrtpReceiver } from './receiver.ts';
export { createSrtpSender, type SrtpSender } from './sender.ts';
export type { SrtpStreamOptions } from './context.ts';
export type { SuiteName } from './suite.ts';
