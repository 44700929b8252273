/**
 * PARI/GP, which shares no line with this project, computes by the definitions of protocol profile 1.1 and 1.2: its own
 * curve over F_p^2, its own `elltatepairing` and `ellmul`. It is told what we claim and says what is wrong with it.
 * Callers say `needs('gp')` first.
 */
import { spawnSync } from 'node:child_process';
import type { Fp2, Point } from '../../src/crypto/curve/index.ts';

/** What is claimed on one curve, all of it public functions' answers to the same random choices. */
export interface Claim {
  readonly p: bigint;
  readonly q: bigint;
  /** HashToRange of an identity: the y that hashToPoint begins with. */
  readonly y: bigint;
  /** hashToPoint of that identity. */
  readonly Q: Point;
  readonly masterSecret: bigint;
  /** extractPrivateKey of that identity. */
  readonly S: Point;
  /** Points of order q, and their pairing e. */
  readonly A: Point;
  readonly B: Point;
  readonly e: Fp2;
}

/** The sign of the root of 3 in zeta: the other one gives a distortion map too, and the inverse pairing. */
export type ZetaSign = 1 | -1;

/** What GP may object to, in the order in which it looks. */
export type Objection = 'Q' | 'S' | 'A' | 'B' | 'pairing';

/** phi(B) = (zeta x, y); elltatepairing is not reduced: the exponent (p^2-1)/q of RFC 5091 3.5.2 is ours to apply. */
const PROGRAM = `
judge(p, q, y, Q, s, S, A, B, e, sign) =
{
  my(i = ffgen(Mod(1, p) * ('t^2 + 1), 'i), one = i^0, E = ellinit([0, 1], i));
  my(zeta = (p - 1) / 2 * (one + sign * i * lift(Mod(3, p)^((p + 1) / 4))));
  my(x = lift(Mod(y^2 - 1, p)^((2 * p - 1) / 3)), up = (T -> [T[1] * one, T[2] * one]));
  my(right = (T -> ellisoncurve(E, T) && ellmul(E, T, q) == [0]));
  my(hashed = ellmul(E, [x * one, y * one], (p + 1) / q));
  Q = up(Q); S = up(S); A = up(A); B = up(B);
  if (Q != hashed, print("Q"));
  if (S != ellmul(E, hashed, s), print("S"));
  if (!right(A), print("A"); return);
  if (!right(B), print("B"); return);
  my(f = elltatepairing(E, A, [zeta * B[1], B[2]], q)^((p^2 - 1) / q));
  if (f != e[1] + e[2] * i, print("pairing"));
}
`;

/** GP's objections to a claim; none when it agrees. */
export function objections(claim: Claim, sign: ZetaSign = 1): Objection[] {
  const { p, q, y, Q, masterSecret, S, A, B, e } = claim;
  const values = [p, q, y, Q, masterSecret, S, A, B, e, BigInt(sign)].map((value) =>
    typeof value === 'bigint' ? String(value) : `[${Object.values<bigint>({ ...value }).join(', ')}]`,
  );
  const input = `${PROGRAM}judge(${values.join(', ')});\nprint("end");\n`;
  const { status, stdout, stderr } = spawnSync('gp', ['-q', '-f', '-s', '64M'], { input, encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  // GP says an error and goes on: only what ends as it should was computed.
  if (status !== 0 || lines.pop() !== 'end' || stderr.includes('***')) throw new Error(`gp: ${stdout}${stderr}`);
  return lines as Objection[];
}
