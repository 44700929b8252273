/**
 * What the grammars of the messages share (protocol profile 3.3, 3.7): order and number of payloads, T, identities.
 * Must never repair: a payload in the wrong place is refused, not moved.
 */
import { HalfkeyError, isHalfkeyError, ntpTime, type NtpTime } from '../../foundation/base/index.ts';
import { identityFromWire, type Identity } from '../../foundation/identity/index.ts';
import type { ClearPayload, Located } from './chain.ts';
import { broken } from './field-reader.ts';
import type { RoleIdPayload } from './payload/id.ts';
import type { TimestampPayload } from './payload/timestamp.ts';
import type { VerificationPayload } from './payload/verification.ts';
import { DEFERRED, SDP_IDS } from './payload/extension.ts';
import { IDR_NAMES } from './registry.ts';

/** `T` once, `RAND?` at most once, `SP*` any number, `SP+` at least one. */
export type Slot = `${string}${'' | '?' | '*' | '+'}`;

/** The name of a payload in a grammar line. */
export function slotName(payload: ClearPayload): string {
  if (payload.kind === 'IDR') return IDR_NAMES[payload.role] ?? 'IDR';
  if (payload.kind === 'EXT')
    return payload.type === SDP_IDS ? 'SDP-IDs' : payload.type === DEFERRED ? 'deferred' : 'EXT';
  return payload.kind;
}

/**
 * Requires that `chain` follows `slots`, which name each kind of payload once. `end`: length of the message.
 * @throws HalfkeyError in this order: `DuplicatePayload`, `InvalidId` (an IDR is missing), `BadOrder` (not admitted,
 * misplaced, missing)
 */
export function followGrammar(chain: readonly Located[], slots: readonly Slot[], end: number): void {
  const names = slots.map((slot) => slot.replace(/[?*+]$/, ''));
  const places = chain.map(({ payload, offset }) => ({
    name: slotName(payload),
    offset,
    place: names.indexOf(slotName(payload)),
  }));
  const seen = new Set<number>();
  for (const { name, offset, place } of places) {
    if (seen.has(place) && !/[*+]$/.test(slots[place] ?? '')) broken('DuplicatePayload', `a second ${name}`, offset);
    if (place >= 0) seen.add(place);
  }
  const missing = names.filter((_, place) => !/[?*]$/.test(slots[place] ?? '') && !seen.has(place));
  const missingId = missing.find((name) => name.startsWith('IDR'));
  if (missingId !== undefined) broken('InvalidId', `${missingId} is missing`, end);
  let latest = 0;
  for (const { name, offset, place } of places) {
    if (place < 0) broken('BadOrder', `${name} may not stand in this message`, offset);
    if (place < latest) broken('BadOrder', `${name} stands in the wrong place`, offset);
    latest = place;
  }
  if (missing[0] !== undefined) broken('BadOrder', `${missing[0]} is missing`, end);
}

/** The first payload of a kind. */
export function pick<Kind extends ClearPayload['kind']>(
  chain: readonly Located[],
  kind: Kind,
): Located<Extract<ClearPayload, { readonly kind: Kind }>> | undefined {
  return chain.find(
    (located): located is Located<Extract<ClearPayload, { readonly kind: Kind }>> => located.payload.kind === kind,
  );
}

/** The time of a T payload, which must be NTP-UTC (choice A21). @throws HalfkeyError `InvalidTimestamp` */
export function timeOf({ payload, offset }: Located<TimestampPayload>): NtpTime {
  if (payload.tsType !== 0) broken('InvalidTimestamp', 'T must be NTP-UTC', offset + 1);
  return ntpTime(payload.value);
}

/** The identity of an IDR payload, which must be canonical (profile 2.3). @throws HalfkeyError `InvalidId` at the ID data */
export function identityOf({ payload, offset }: Located<RoleIdPayload>): Identity {
  try {
    return identityFromWire(payload.idType, payload.data);
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    throw new HalfkeyError(error.code, `${IDR_NAMES[payload.role] ?? 'IDR'}: ${error.message}`, {
      offset: offset + 5,
      cause: error,
    });
  }
}

/** V with the algorithm of the PRF: 2 with PRF 1, 1 with PRF 0 (profile 3.5). @throws HalfkeyError `InvalidMac` */
export function verificationOf(
  { payload, offset }: Located<VerificationPayload>,
  prf: 0 | 1,
): { algorithm: 1 | 2; mac: Uint8Array } {
  const algorithm = prf === 1 ? 2 : 1;
  if (payload.algorithm !== algorithm) {
    broken(
      'InvalidMac',
      `authentication algorithm ${String(payload.algorithm)} does not fit PRF ${String(prf)}`,
      offset + 1,
    );
  }
  return { algorithm, mac: payload.mac };
}
