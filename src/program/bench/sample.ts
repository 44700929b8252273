/**
 * One made-up district and client of each size, the same wherever they are computed: what the competitors of a bench
 * work on, and what must come out. Its secrets are printed below, and of no use outside a bench.
 */
import { ascii, fromBigInt } from '../../foundation/base/index.ts';
import { kernelFor, pointFromOctets, type Kernel, type Point } from '../../crypto/curve/index.ts';
import {
  derivePublicParameters,
  domainParameters,
  extractPrivateKey,
  hashToPoint,
  hashToRange,
  type Level,
  type PublicParameters,
} from '../../crypto/ibe/index.ts';

/** Bits of p of the built-in levels, and the levels. */
export const SIZES: Readonly<Record<Bits, Level>> = { 512: 1024, 1024: 2048, 1536: 3072, 3840: 7680 };
export type Bits = 512 | 1024 | 1536 | 3840;

export interface Sample {
  readonly params: PublicParameters;
  readonly masterSecret: bigint;
  readonly id: Uint8Array;
  /** HashToRange(id, p): y of the identity's point before its cofactor. */
  readonly y: bigint;
  /** The scalar of an encryption, 0 < l < q. */
  readonly l: bigint;
}

/** Computed from the labels below. */
export function sampleOf(bits: Bits): Sample {
  const domain = domainParameters(SIZES[bits]);
  const scalar = (label: string): bigint => hashToRange(ascii(label), domain.q - 2n, domain.hash) + 2n;
  const masterSecret = scalar('halfkey bench: master secret');
  const id = ascii('halfkey bench: identity');
  return {
    params: derivePublicParameters(domain, masterSecret),
    masterSecret,
    id,
    y: hashToRange(id, domain.p, domain.hash),
    l: scalar('halfkey bench: l'),
  };
}

/** What a comparator is given, by the names of its protocol. */
export function inputsOf({ params: { p, q, P }, masterSecret, y, l }: Sample): Readonly<Record<string, bigint>> {
  return { p, q, Px: P.x, Py: P.y, s: masterSecret, y, l };
}

/** What every competitor must find: P_pub, Q_id, S_id, U = [l]P and theta = e'(P_pub, Q_id)^l. */
export function resultsOf({ params, masterSecret, id, l }: Sample): Readonly<Record<string, bigint>> {
  const kernel = kernelFor(params);
  const Qid = hashToPoint(params, id);
  const Sid = extractPrivateKey(params, masterSecret, id);
  const U = timesP(kernel, params.P, l);
  const theta = kernel.power(kernel.pairing(params.Ppub, Qid), l);
  return {
    ...coordinates('Ppub', params.Ppub),
    ...coordinates('Qid', Qid),
    ...coordinates('Sid', Sid),
    ...coordinates('U', U),
    thetare: theta.re,
    thetaim: theta.im,
  };
}

/** The text of results in the protocol of the competitors: `ok NAME=HEX ...`. */
export function resultLine(results: Readonly<Record<string, bigint>>): string {
  return ['ok', ...Object.entries(results).map(([name, value]) => `${name}=${value.toString(16)}`)].join(' ');
}

function coordinates(name: string, { x, y }: Point): Record<string, bigint> {
  return { [`${name}x`]: x, [`${name}y`]: y };
}

function timesP(kernel: Kernel, P: Point, l: bigint): Point {
  return pointFromOctets(kernel, kernel.multiplyBase(fromBigInt(l, kernel.scalarOctets), P));
}
