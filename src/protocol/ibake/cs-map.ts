/**
 * The CS ID map of an exchange (protocol profile 3.4, 3.3, A13): two entries an m-line of the offer, 2j-1 for the stream
 * of the initiator and 2j for that of the responder. Each side fills its own; nobody touches what is filled.
 */
import { HalfkeyError } from '../../foundation/base/index.ts';
import {
  securityPolicyOf,
  suiteOf,
  type CsMapEntry,
  type IbakeMessage,
  type SecurityPolicy,
  type SuiteName,
} from '../mikey/index.ts';

/** What protects an m-line of the offer; undefined when its port is 0 or its protocol is not SAVP: its entries stay zero. */
export type LineSuite = SuiteName | undefined;

const UNUSED: CsMapEntry = { policy: 0, ssrc: 0, roc: 0 };

function mismatch(line: number, why: string): never {
  throw new HalfkeyError('CsMapMismatch', `m-line ${String(line + 1)}: ${why}`);
}

/** The entries of an m-line, counted from 0. */
function pairOf(csMap: readonly CsMapEntry[], line: number): [initiator: CsMapEntry, responder: CsMapEntry] {
  return [csMap[2 * line] as CsMapEntry, csMap[2 * line + 1] as CsMapEntry];
}

function sameEntry(a: CsMapEntry, b: CsMapEntry): boolean {
  return a.policy === b.policy && a.ssrc === b.ssrc && a.roc === b.roc;
}

/** An SSRC that is not 0 and stands nowhere in the map. */
function freshSsrc(csMap: readonly CsMapEntry[], draw: () => number): number {
  for (;;) {
    const ssrc = draw();
    if (ssrc !== 0 && !csMap.some((entry) => entry.ssrc === ssrc)) return ssrc;
  }
}

/**
 * The map and the policies of I_MESSAGE_1: a policy a suite, numbered from 0 in the order in which the lines name them.
 * @throws TypeError for more than 127 m-lines
 */
export function offerMap(
  lines: readonly LineSuite[],
  draw: () => number,
): { csMap: readonly CsMapEntry[]; policies: readonly SecurityPolicy[] } {
  if (lines.length > 127) throw new TypeError('offerMap: a map has 254 entries at most');
  const suites = [...new Set(lines.filter((suite) => suite !== undefined))];
  const csMap: CsMapEntry[] = [];
  for (const suite of lines) {
    const policy = suite === undefined ? 0 : suites.indexOf(suite);
    csMap.push(suite === undefined ? UNUSED : { policy, ssrc: freshSsrc(csMap, draw), roc: 0 });
    csMap.push({ ...UNUSED, policy });
  }
  return { csMap, policies: suites.map((suite, number) => securityPolicyOf(suite, number)) };
}

/** Whether an m-line was offered with SRTP: the initiator has filled its entry. */
export function isOffered(csMap: readonly CsMapEntry[], line: number): boolean {
  return pairOf(csMap, line)[0].ssrc !== 0;
}

/**
 * Checks map and policies of an I_MESSAGE_1 against the offer and the allow-list. The initiator's policy is taken or
 * refused (profile 3.3): nothing is chosen from it.
 * @param lines number of m-lines of the SDP offer
 * @throws HalfkeyError `CsMapMismatch`, `InvalidSecurityPolicy`, `InvalidSecurityPolicyParameter` (N45)
 */
export function checkOffer({ csMap, policies }: IbakeMessage, lines: number, allowed: readonly SuiteName[]): void {
  if (csMap.length !== 2 * lines)
    throw new HalfkeyError('CsMapMismatch', 'the map has not two entries an m-line of the offer');
  for (const policy of policies) {
    if (!allowed.includes(suiteOf(policy).name))
      throw new HalfkeyError('InvalidSecurityPolicyParameter', 'the suite is not in the allow-list');
  }
  for (let line = 0; line < lines; line++) {
    const [own, other] = pairOf(csMap, line);
    if (own.ssrc === 0 && !(sameEntry(own, UNUSED) && sameEntry(other, UNUSED)))
      mismatch(line, 'entries of a line that is not offered are not zero');
    if (other.ssrc !== 0) mismatch(line, "the initiator has filled the responder's entry");
    for (const { policy, ssrc } of [own, { ...other, ssrc: own.ssrc }]) {
      if (ssrc !== 0 && !policies.some((sent) => sent.policy === policy))
        throw new HalfkeyError('InvalidSecurityPolicy', `policy ${String(policy)} was not sent`);
    }
  }
}

/**
 * The map of R_MESSAGE_1: the responder's SSRC on every offered line that it accepts.
 * @param accepted for each m-line; a line that was not offered is never accepted
 */
export function fillMap(
  csMap: readonly CsMapEntry[],
  accepted: readonly boolean[],
  draw: () => number,
): readonly CsMapEntry[] {
  const filled = [...csMap];
  for (const [line, accept] of accepted.entries()) {
    if (!accept || !isOffered(csMap, line)) continue;
    filled[2 * line + 1] = { ...pairOf(csMap, line)[1], ssrc: freshSsrc(filled, draw) };
  }
  return filled;
}

/**
 * Checks the map of R_MESSAGE_1 against the one sent (N17): only the responder's entries of offered lines may differ,
 * they name a policy of ours, and those of accepted lines have an SSRC.
 * @param accepted for each m-line of the offer, from the SDP answer
 * @throws HalfkeyError `CsMapMismatch`
 */
export function checkAnswer(
  sent: readonly CsMapEntry[],
  answered: readonly CsMapEntry[],
  policies: readonly SecurityPolicy[],
  accepted: readonly boolean[],
): void {
  if (answered.length !== sent.length) throw new HalfkeyError('CsMapMismatch', 'the number of entries differs');
  for (let line = 0; line < sent.length / 2; line++) {
    const [before, slot] = pairOf(sent, line);
    const [after, filled] = pairOf(answered, line);
    if (!sameEntry(before, after)) mismatch(line, "the initiator's entry was changed");
    if (!isOffered(sent, line) && !sameEntry(slot, filled)) mismatch(line, 'it was not offered');
    if (!isOffered(sent, line)) continue;
    if (filled.ssrc === 0 && accepted[line] === true) mismatch(line, "the responder's entry has no SSRC");
    if (!policies.some(({ policy }) => policy === filled.policy))
      mismatch(line, "the responder's entry names a policy that was not sent");
  }
}

/** Requires a map that repeats the one before, octet for octet (profile 3.3). @throws HalfkeyError `CsMapMismatch` */
export function checkRepeated(before: readonly CsMapEntry[], after: readonly CsMapEntry[]): void {
  if (before.length !== after.length || !before.every((entry, i) => sameEntry(entry, after[i] as CsMapEntry)))
    throw new HalfkeyError('CsMapMismatch', 'the map is not that of the message before');
}
