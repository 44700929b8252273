/**
 * For those who write the four messages or reason about them: the grammar as data, the parts of clear payloads, and the
 * keys that an exchange gives to its streams.
 */
export { IBAKE_GRAMMARS, IBAKE_RECIPIENTS, type IbakeGrammars } from '../ibake-grammar.ts';
export { idrOf } from '../ibake-plaintext.ts';
export { encodeSdpIds, SDP_IDS } from '../payload/extension.ts';
export { hashLength } from '../prf.ts';
export { deriveStreamKeys, type StreamInput, type StreamKey } from '../stream-keys.ts';
