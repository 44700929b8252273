/**
 * Tables of lines in a module's memory: a bounded number of places, given to whom uses them. A table that has lost its
 * place is made again when it is used. The place of a closed one is zeroed, and so is the point it was made from.
 */
import type { Lines } from './kernel.ts';

/** Octets that all tables of a kernel may take, and how many there are at least and at most. */
const OCTETS_MAX = 4 << 20;
const PLACES_MIN = 4;
const PLACES_MAX = 32;

/** What a table is made from: the point x || y whose lines it has, or half of it. */
export interface LineSource {
  readonly point: Uint8Array;
  readonly halved: boolean;
}

export interface LineTables {
  /** Makes a table; takes ownership of the source's octets. @throws what `make` throws */
  create(source: LineSource): Lines;
  /** Where the table lies now. @throws TypeError after it was closed */
  addressOf(lines: Lines): number;
}

export function createLineTables(host: {
  readonly size: number;
  allocate(size: number): number;
  make(source: LineSource, at: number): void;
  wipe(at: number, size: number): void;
}): LineTables {
  const { size } = host;
  const places = Math.min(Math.max(Math.floor(OCTETS_MAX / size), PLACES_MIN), PLACES_MAX);
  const free: number[] = [];
  let taken = 0;
  const sources = new WeakMap<Lines, LineSource>();
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

  function fill(lines: Lines, source: LineSource): number {
    const at = place();
    try {
      host.make(source, at);
    } catch (error) {
      vacate(at);
      throw error;
    }
    held.set(lines, at);
    return at;
  }

  return {
    create(source) {
      const lines: Lines = {
        close() {
          const at = held.get(lines);
          held.delete(lines);
          if (at !== undefined) vacate(at);
          sources.get(lines)?.point.fill(0);
          sources.delete(lines);
        },
      };
      try {
        fill(lines, source);
      } catch (error) {
        source.point.fill(0);
        throw error;
      }
      sources.set(lines, source);
      return lines;
    },
    addressOf(lines) {
      const source = sources.get(lines);
      if (source === undefined) throw new TypeError('Lines: used after they were closed, or of another kernel');
      const at = held.get(lines);
      if (at === undefined) return fill(lines, source);
      held.delete(lines);
      held.set(lines, at);
      return at;
    },
  };
}
