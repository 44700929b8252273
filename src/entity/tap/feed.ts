/**
 * The way from a tap to an intake: records queue while the intake is slow, and are dropped, counted, when too many
 * wait. What is relayed never waits: calls do not depend on interception.
 */

export interface Feed {
  /** Takes records without waiting. */
  push(records: readonly Uint8Array[]): void;
  /** No more records come; what waits is still sent. */
  end(): void;
  /** The records as they come, until {@link end}: for one reader. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly dropped: number;
}

const MAX_WAITING = 64 * 1024 * 1024;

/** A record and what came after it: taking one costs the same however many wait. */
interface Queued {
  readonly record: Uint8Array;
  next?: Queued;
}

export function createFeed(header: Uint8Array, maxWaiting = MAX_WAITING): Feed {
  let last: Queued = { record: header };
  let first: Queued | undefined = last;
  let octets = 0;
  let ended = false;
  let dropped = 0;
  let wake: () => void = () => undefined;

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (first !== undefined) {
        const { record } = first;
        first = first.next;
        octets -= record === header ? 0 : record.length;
        yield record;
      } else if (ended) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  return {
    push(records) {
      for (const record of records) {
        if (ended || octets + record.length > maxWaiting) dropped += 1;
        else {
          const queued: Queued = { record };
          if (first === undefined) first = queued;
          else last.next = queued;
          last = queued;
          octets += record.length;
        }
      }
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    chunks: { [Symbol.asyncIterator]: read },
    get dropped() {
      return dropped;
    },
  };
}
