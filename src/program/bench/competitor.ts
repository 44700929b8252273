/**
 * One side of a bench: a process that computes with one kernel and nothing else, driven by lines on standard input, each
 * answered by one on standard output. The C program of tools/bench/gmp speaks the same, after it was told its numbers.
 * Times are processor time in nanoseconds.
 *
 *   first             as the first line: from loading the kernel to the end of a pairing, and a warm pairing
 *   check             what it computes from the sample: "ok NAME=HEX ..."
 *   time OP COUNT     so many times that operation
 *   memory            octets of the kernel with its tables, when all places of its caches are taken
 */
import { createInterface } from 'node:readline';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { CURVE_PARAMETERS, kernelFor } from '../../crypto/curve/index.ts';
import { CACHED_IDENTITIES, hashToPoint } from '../../crypto/ibe/index.ts';
import { ascii } from '../../foundation/base/index.ts';
import { createOperations, MORE_OPERATIONS, OPERATIONS, type AnyOperation } from './operations.ts';
import { resultLine, resultsOf, sampleOf, SIZES, type Bits } from './sample.ts';

/** Answers the lines of `input` by `print` until they end. @throws HalfkeyError `USAGE` on a line that is none of these */
export async function compete(bits: Bits, input: NodeJS.ReadableStream, print: (line: string) => void): Promise<void> {
  let sample: ReturnType<typeof sampleOf> | undefined;
  let run: ReturnType<typeof createOperations> | undefined;
  const known = (): ReturnType<typeof sampleOf> => (sample ??= sampleOf(bits));
  for await (const line of createInterface({ input })) {
    const [command, what, count] = line.split(' ');
    if (command === 'first') print(firstPairing(bits));
    else if (command === 'check') print(resultLine(resultsOf(known())));
    else if (command === 'memory') print(String(memoryOf(known())));
    else if (command === 'time' && isOperation(what) && Number(count) >= 1)
      print(String((run ??= createOperations(known()))(what, Number(count))));
    else throw new HalfkeyError('USAGE', 'a competitor of a bench takes other lines');
  }
}

function isOperation(text: string | undefined): text is AnyOperation {
  return [...OPERATIONS, ...MORE_OPERATIONS].some((name) => name === text);
}

function firstPairing(bits: Bits): string {
  const { P, ...curve } = CURVE_PARAMETERS[SIZES[bits]];
  const pair = (): number => {
    const from = process.cpuUsage();
    kernelFor(curve).pairing(P, P);
    const { user, system } = process.cpuUsage(from);
    return 1000 * (user + system);
  };
  const first = pair();
  const warm = Array.from({ length: 15 }, pair).sort((a, b) => a - b);
  return `${String(first)} ${String(warm[7])}`;
}

/** Takes more places than a kernel's caches have, so that they are full; g_ID are objects of JavaScript and estimated. */
function memoryOf({ params, id }: ReturnType<typeof sampleOf>): number {
  const kernel = kernelFor(params);
  const one = new Uint8Array(kernel.scalarOctets).fill(1);
  kernel.multiplyBase(one, params.P);
  kernel.multiplyBase(one, params.P);
  for (let i = 0; i < 40; i++) kernel.lines(hashToPoint(params, Uint8Array.of(...id, ...ascii(String(i)))));
  const identity = 2 * kernel.fieldOctets + 200;
  return kernel.memoryOctets + CACHED_IDENTITIES * identity;
}
