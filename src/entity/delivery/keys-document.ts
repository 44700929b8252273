/**
 * The keys of a session for an agency whose warrant orders them: as TS 33.108's CCKeyInfo has them, a CS ID with
 * its key and salt, and the session key they come from. Written only where the warrant says so.
 */
import { isHalfkeyError, toHex, type Secret } from '../../foundation/base/index.ts';
import { deriveMediaKeys, type Exchange, type MediaKey } from '../../protocol/discovery/index.ts';

/** JSON, UTF-8. Every octet string is lower-case hex. No streams when the messages that tell of them were not captured. */
export function keysDocument(callId: string, exchange: Exchange, kSession: Secret<'SessionKey'>): Uint8Array {
  const keys = mediaKeys(exchange, kSession);
  const document = {
    version: 1,
    callId,
    csbId: toHex((exchange.r1 ?? exchange.i1)?.csbId ?? new Uint8Array()),
    kSession: kSession.use(toHex),
    streams: keys.map(({ csId, ssrc, direction, suite, masterKey, masterSalt }) => ({
      csId,
      ssrc: ssrc.toString(16).padStart(8, '0'),
      direction,
      suite,
      masterKey: masterKey.use(toHex),
      masterSalt: toHex(masterSalt),
    })),
  };
  for (const { masterKey } of keys) masterKey.wipe();
  return new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
}

function mediaKeys(exchange: Exchange, kSession: Secret<'SessionKey'>): MediaKey[] {
  try {
    return deriveMediaKeys(exchange, kSession);
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    return [];
  }
}
