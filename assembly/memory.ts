/**
 * Where things lie in the module's memory, for the size of one curve: constants, a stack of field elements for
 * temporaries, slots through which the host passes numbers, and a work area; what follows is the host's, for tables.
 * Everything secret that is not in a table of the host lies in [secretStart, tables) and in the field's own buffers.
 */
import { configureField, elementSize, wipeField } from './field';

/** Bits of p. */
export let fieldBits: i32 = 0;
/** Bits of q. */
export let scalarBits: i32 = 0;
/** 32-bit words of a number below p, and of a scalar below q. */
export let words: i32 = 0;
export let scalarWords: i32 = 0;
/** Signed digits of q, and of (q + 1)/2: octets, least significant first. */
export let orderDigits: usize = 0;
export let orderDigitCount: i32 = 0;
export let halfDigits: usize = 0;
export let halfDigitCount: i32 = 0;

/** Constants in Montgomery's form, but R^2 and the plain 1. */
export let montgomerySquare: usize = 0;
export let plainOne: usize = 0;
export let one: usize = 0;
export let minusRoot3: usize = 0;
export let half: usize = 0;
export let eighth: usize = 0;
/** p and q in words. */
export let modulusWords: usize = 0;
export let orderWords: usize = 0;
/** 6r in words, and its bits. */
export let exponent: usize = 0;
export let exponentBits: i32 = 0;

/** Slots of `words` words each: arguments come in them, and results go back. */
export let slots: usize = 0;
/** Octets for digits or an exponent of the host. */
export let octets: usize = 0;
export let work: usize = 0;
/** The first octet of the host's. */
export let tables: usize = 0;

const SLOTS = 8;
const ELEMENTS = 112;
/**
 * Elements of the work area for a digit of q: five for each step of the loop, and a step more at every digit that is not
 * 0, which at most every second is, whatever q.
 */
const WORK = 8;
let secretStart: usize = 0;
let top: usize = 0;

/** Octets that {@link octets} holds: signed digits of twice the longest scalar that is a cofactor. */
export function octetsCapacity(): i32 {
  return 64 * words + 64;
}

/** Lays out the memory; false when it cannot be had. */
export function layOut(bits: i32, orderBits: i32, digitCount: i32): bool {
  scalarBits = orderBits;
  fieldBits = bits;
  words = (bits + 31) >> 5;
  scalarWords = (scalarBits + 31) >> 5;
  orderDigitCount = digitCount;
  let at = configureField(bits, (__heap_base + 15) & ~15);
  montgomerySquare = at;
  plainOne = at += elementSize;
  one = at += elementSize;
  minusRoot3 = at += elementSize;
  half = at += elementSize;
  eighth = at += elementSize;
  modulusWords = at += elementSize;
  orderWords = at += aligned(words * 4);
  exponent = at += aligned(scalarWords * 4);
  orderDigits = at += aligned(words * 4);
  halfDigits = at += aligned(digitCount);
  secretStart = at += aligned(digitCount);
  slots = at;
  octets = at += aligned(SLOTS * words * 4);
  top = at += aligned(octetsCapacity());
  work = at += <usize>ELEMENTS * elementSize;
  tables = at + <usize>(WORK * (digitCount + 4)) * elementSize;
  return reserve(tables);
}

/** Makes memory reach to `end`; false when it cannot. */
export function reserve(end: usize): bool {
  const missing = <i32>((end + 0xffff) >> 16) - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}

export function setCounts(halfCount: i32, bits: i32): void {
  halfDigitCount = halfCount;
  exponentBits = bits;
}

export function slot(i: i32): usize {
  return slots + ((<usize>(i * words)) << 2);
}

/** A temporary element; {@link release} gives back it and all later ones. */
export function take(): usize {
  return takeMany(1);
}

export function takeMany(count: i32): usize {
  const at = top;
  top += <usize>count * elementSize;
  return at;
}

export function release(to: usize): void {
  top = to;
}

/** Zeros slots, temporaries and the work area. */
export function wipe(): void {
  memory.fill(secretStart, 0, tables - secretStart);
  wipeField();
}

function aligned(size: i32): usize {
  return <usize>((size + 15) & ~15);
}
