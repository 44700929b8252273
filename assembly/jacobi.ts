/** The Jacobi symbol, for public numbers: time and addresses depend on them. */
import { modulusWords, release, take, words } from './memory';
import { toNumber } from './number';

/** (a/p): 1 for a square, -1 for a non-square, 0 for zero. Binary, with quadratic reciprocity. */
export function jacobi(element: usize): i32 {
  let a = take();
  let n = take();
  const mark = a;
  toNumber(a, element);
  memory.copy(n, modulusWords, (<usize>words) << 2);
  let count = words;
  let sign = 1;
  for (;;) {
    while (count > 0 && (load<u32>(a + ((<usize>count - 1) << 2)) | load<u32>(n + ((<usize>count - 1) << 2))) === 0)
      count--;
    // Twos: (2/n) is -1 for n = 3 or 5 modulo 8.
    for (;;) {
      const low = load<u32>(a);
      if ((low & 1) === 1) break;
      if (low === 0) {
        if (!shiftWord(a, count)) {
          release(mark);
          return isOne(n, count) ? sign : 0;
        }
        continue;
      }
      const twos = ctz(low);
      shiftBits(a, count, twos);
      const residue = load<u32>(n) & 7;
      if ((twos & 1) === 1 && (residue === 3 || residue === 5)) sign = -sign;
    }
    if (isBelow(a, n, count)) {
      if ((load<u32>(a) & load<u32>(n) & 3) === 3) sign = -sign;
      const other = a;
      a = n;
      n = other;
    }
    subtract(a, n, count);
  }
  return 0;
}

/** a / 2^32, an even power of two; false when a is 0. */
function shiftWord(a: usize, count: i32): bool {
  let any: u32 = 0;
  for (let i = 0; i + 1 < count; i++) {
    const next = load<u32>(a + ((<usize>i) << 2), 4);
    store<u32>(a + ((<usize>i) << 2), next);
    any |= next;
  }
  store<u32>(a + ((<usize>count - 1) << 2), 0);
  return any !== 0;
}

/** a / 2^bits, 0 < bits < 32. */
function shiftBits(a: usize, count: i32, bits: u32): void {
  let word = <u64>load<u32>(a);
  for (let i = 0; i + 1 < count; i++) {
    const next = <u64>load<u32>(a + ((<usize>i) << 2), 4);
    store<u32>(a + ((<usize>i) << 2), <u32>((word | (next << 32)) >> (<u64>bits)));
    word = next;
  }
  store<u32>(a + ((<usize>count - 1) << 2), <u32>(word >> (<u64>bits)));
}

function isBelow(a: usize, b: usize, count: i32): bool {
  for (let i = count - 1; i >= 0; i--) {
    const x = load<u32>(a + ((<usize>i) << 2));
    const y = load<u32>(b + ((<usize>i) << 2));
    if (x !== y) return x < y;
  }
  return false;
}

/** a -= b, for a >= b. */
function subtract(a: usize, b: usize, count: i32): void {
  let borrow: i64 = 0;
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    borrow += <i64>load<u32>(a + at) - <i64>load<u32>(b + at);
    store<u32>(a + at, <u32>borrow);
    borrow >>= 32;
  }
}

function isOne(n: usize, count: i32): bool {
  for (let i = 1; i < count; i++) if (load<u32>(n + ((<usize>i) << 2)) !== 0) return false;
  return load<u32>(n) === 1;
}
