/**
 * Does the time of an operation tell anything about its secret? Welch's t over two classes of secrets, as in Reparaz,
 * Balasch and Verbauwhede, "Dude, is my code constant time?" (2017). This is the one place where tests look at a clock:
 * that a secret is not in the time is what they are about.
 *
 * Made to work beside other processes on a busy machine:
 * - it takes processor time, in which what other processes take is not contained;
 * - the classes take turns, in pairs whose order is drawn, so that both meet the same disturbances;
 * - a time is taken relative to the median of its block of samples, of both classes: slow drifts cancel;
 * - the slowest samples of both together are cut off: they were interrupted, and found cold caches;
 * - samples are taken until an effect of 0.5 % could be seen (4.5 standard errors), at least as many as asked for;
 * - a leak is reported when three whole measurements, one after the other, say so with the same sign. The first that
 *   does not ends it. A leak that can be seen is seen each time; a disturbance that happened to favour one class is not.
 *   The planted leaks are found by this same rule, or the harness itself has failed.
 */
import { randomInt } from 'node:crypto';

/** |t| from which a difference is not chance: its probability is below 1 in 100,000. */
export const THRESHOLD = 4.5;
/** The part of the operation's time that must be visible. */
export const DETECTABLE = 0.005;

const MEASUREMENTS = 3;
const BLOCK = 200;
/** Part of the samples that is kept. */
const KEPT = 0.7;
/** Samples that a noisy machine may need, in multiples of what was asked for. */
const PATIENCE = 6;

export interface TimedOperation<Secret> {
  /** A fresh copy of a secret of that class, made outside the time that is taken. */
  secret(secretClass: 0 | 1): Secret;
  /** What is timed. */
  run(secret: Secret): void;
}

export interface Verdict {
  /** Welch's t of the last measurement, and the relative effect that would have been 4.5. */
  readonly t: number;
  readonly detectable: number;
  readonly leak: boolean;
  /** Samples of the last measurement. */
  readonly samples: number;
}

/** Measures an operation over at least `samples` samples at a time. */
export function searchLeak<Secret>(operation: TimedOperation<Secret>, samples: number): Verdict {
  for (let i = 0; i < samples / 20; i++) operation.run(operation.secret((i % 2) as 0 | 1));
  let sign = 0;
  for (let measurement = 1; ; measurement++) {
    const found = measure(operation, samples);
    const beyond = Math.abs(found.t) >= THRESHOLD;
    const same = sign === 0 || sign === Math.sign(found.t);
    if (!beyond || !same) return { ...found, leak: false };
    sign = Math.sign(found.t);
    if (measurement === MEASUREMENTS) return { ...found, leak: true };
  }
}

function measure<Secret>(operation: TimedOperation<Secret>, samples: number): Omit<Verdict, 'leak'> {
  const relative: { secretClass: 0 | 1; time: number }[] = [];
  for (;;) {
    for (const end = relative.length + samples / 2; relative.length < end;) relative.push(...block(operation));
    const found = welch(relative);
    const enough = relative.length >= samples && found.detectable <= DETECTABLE;
    if (enough || relative.length >= PATIENCE * samples) return { ...found, samples: relative.length };
  }
}

/** Times of one block, relative to its median. */
function block<Secret>(operation: TimedOperation<Secret>): { secretClass: 0 | 1; time: number }[] {
  const times: { secretClass: 0 | 1; time: number }[] = [];
  while (times.length < BLOCK) {
    const first = randomInt(2) as 0 | 1;
    for (const secretClass of [first, (1 - first) as 0 | 1]) {
      const secret = operation.secret(secretClass);
      const from = process.cpuUsage();
      operation.run(secret);
      const { user, system } = process.cpuUsage(from);
      times.push({ secretClass, time: user + system });
    }
  }
  const middle = times.map(({ time }) => time).sort((a, b) => a - b)[BLOCK / 2] as number;
  return times.map(({ secretClass, time }) => ({ secretClass, time: time / middle - 1 }));
}

/** t of the class means, of the samples that are kept. */
function welch(all: readonly { secretClass: 0 | 1; time: number }[]): { t: number; detectable: number } {
  const limit = all.map(({ time }) => time).sort((a, b) => a - b)[Math.floor(KEPT * all.length)] as number;
  const [zero, one] = ([0, 1] as const).map((wanted) =>
    moments(all.flatMap(({ secretClass, time }) => (secretClass === wanted && time <= limit ? [time] : []))),
  ) as [Moments, Moments];
  const error = Math.sqrt(zero.variance / zero.count + one.variance / one.count);
  return { t: (one.mean - zero.mean) / error, detectable: THRESHOLD * error };
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

function moments(values: readonly number[]): Moments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count: values.length, mean, variance: squares / (values.length - 1) };
}
