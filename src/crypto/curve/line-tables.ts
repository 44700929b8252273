/**
 * Tables of lines in a module's memory: a bounded number of places, given to whom uses them. A table that has lost its
 * place is made again when it is used. The place of a closed one is zeroed, and so is the point it was made from.
 */
import type { Lines } from './kernel.ts';

/** Octets that all tables of a kernel may take, and how many there are at least and at most. */
const OCTETS_MAX = 4 << 20;
const PLACES_MIN = 4;
const PLACES_MAX = 32;

export interface LineTables {
  /** Makes the table of the point x || y, of which it takes ownership. @throws what `make` throws */
  create(point: Uint8Array): Lines;
  /** Where the table lies now. @throws TypeError after it was closed */
  addressOf(lines: Lines): number;
}

export function createLineTables(host: {
  readonly size: number;
  allocate(size: number): number;
  make(point: Uint8Array, at: number): void;
  wipe(at: number, size: number): void;
}): LineTables {
  const { size } = host;
  const places = Math.min(Math.max(Math.floor(OCTETS_MAX / size), PLACES_MIN), PLACES_MAX);
  const free: number[] = [];
  let taken = 0;
  const points = new WeakMap<Lines, Uint8Array>();
  /** By address, the one used last at the end. */
  const held = new Map<Lines, number>();

  function place(): number {
    const idle = free.pop();
    if (idle !== undefined) return idle;
    if (taken < places) {
      taken++;
      return host.allocate(size);
    }
    const [[oldest, at]] = held as unknown as [[Lines, number]];
    held.delete(oldest);
    return at;
  }

  function vacate(at: number): void {
    host.wipe(at, size);
    free.push(at);
  }

  function fill(lines: Lines, point: Uint8Array): number {
    const at = place();
    try {
      host.make(point, at);
    } catch (error) {
      vacate(at);
      throw error;
    }
    held.set(lines, at);
    return at;
  }

  return {
    create(point) {
      const lines: Lines = {
        close() {
          const at = held.get(lines);
          held.delete(lines);
          if (at !== undefined) vacate(at);
          points.get(lines)?.fill(0);
          points.delete(lines);
        },
      };
      try {
        fill(lines, point);
      } catch (error) {
        point.fill(0);
        throw error;
      }
      points.set(lines, point);
      return lines;
    },
    addressOf(lines) {
      const point = points.get(lines);
      if (point === undefined) throw new TypeError('Lines: used after they were closed, or of another kernel');
      const at = held.get(lines);
      if (at === undefined) return fill(lines, point);
      held.delete(lines);
      held.set(lines, at);
      return at;
    },
  };
}
