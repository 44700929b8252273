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

export function createFeed(header: Uint8Array, maxWaiting = MAX_WAITING): Feed {
  const waiting: Uint8Array[] = [header];
  let octets = 0;
  let ended = false;
  let dropped = 0;
  let wake: () => void = () => undefined;

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) {
        octets -= next === header ? 0 : next.length;
        yield next;
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
          waiting.push(record);
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
