/** Powers in the group of norm 1, where the inverse is the conjugate: regular. */
import { combine, elementSize, select } from './field';
import { release, takeMany } from './memory';
import { multiplyBy, squareNorm1 } from './quadratic';
import { ENTRIES, lookUp, oddDigit, signOf, WINDOW } from './scalar';

/** r = z^e for z of norm 1 and an e of `count` windows in `eWords` words. r may be z; e turns odd. */
export function powerNorm1(r: usize, z: usize, e: usize, count: i32, eWords: i32): void {
  const result = takeMany(2);
  const entry = takeMany(2);
  const table = takeMany(2 * ENTRIES);
  // e | 1, and one z too many is taken back where e was even.
  const even = -(1 - <i64>(load<u32>(e) & 1));
  store<u32>(e, load<u32>(e) | 1);
  memory.copy(result, z, 2 * elementSize);
  squareNorm1(result);
  memory.copy(table, z, 2 * elementSize);
  for (let i = 1; i < ENTRIES; i++) {
    const at = table + <usize>(2 * i) * elementSize;
    multiplyBy(at, at - 2 * elementSize, result, result + elementSize);
  }
  for (let i = count - 1; i >= 0; i--) {
    const digit = oddDigit(e, i, count, eWords);
    if (i < count - 1) for (let j = 0; j < WINDOW; j++) squareNorm1(result);
    lookUp(entry, table, 2 * elementSize, digit);
    combine(entry + elementSize, signOf((<i64>digit) >> 63), entry + elementSize, 0, entry);
    if (i === count - 1) memory.copy(result, entry, 2 * elementSize);
    else multiplyBy(result, result, entry, entry + elementSize);
  }
  memory.copy(entry, z, elementSize);
  combine(entry + elementSize, -1, z + elementSize, 0, z);
  multiplyBy(entry, entry, result, result + elementSize);
  select(result, entry, 2 * elementSize, even);
  memory.copy(r, result, 2 * elementSize);
  release(result);
}
