/**
 * The keys that one intake has found, by warrant, target and the messages that the key follows from (protocol profile
 * 4.1). Whoever sees an exchange can send its octets again in calls of his own, with the other messages left out or
 * altered: such a copy is answered from here, and must never draw a release from a holder.
 */
import { createHash } from 'node:crypto';
import { Secret } from '../../foundation/base/index.ts';
import { messagesOf, neededMessages } from '../../protocol/discovery/index.ts';
import type { Asker } from './asking.ts';
import type { Case, Custody } from './case.ts';
import { recoverKey } from './recovery.ts';

type SessionKey = Secret<'SessionKey'>;

export class Recoveries {
  readonly #custody: Custody;
  readonly #asker: Asker;
  /** Found or being asked for: what failed is not kept. */
  readonly #keys = new Map<string, Promise<SessionKey>>();

  constructor(custody: Custody, asker: Asker) {
    this.#custody = custody;
    this.#asker = asker;
  }

  /**
   * K_SESSION of one side; the caller wipes it. Waits for another session that asks for the same key; when that one
   * fails, asks itself: a holder sees the other messages, too, and may refuse for their sake.
   * @throws HalfkeyError what `recoverKey` throws
   */
  async keyOf(subject: Case): Promise<SessionKey> {
    const name = nameOf(subject);
    for (;;) {
      const earlier = this.#keys.get(name);
      if (earlier === undefined) return this.#ask(name, subject);
      const key = await earlier.catch(() => undefined);
      if (key !== undefined) return copyOf(key);
    }
  }

  async #ask(name: string, subject: Case): Promise<SessionKey> {
    const asking = recoverKey(this.#custody, this.#asker, subject);
    this.#keys.set(name, asking);
    try {
      return copyOf(await asking);
    } catch (error) {
      this.#keys.delete(name);
      throw error;
    }
  }

  /** Wipes every key, after the last session has ended. */
  async close(): Promise<void> {
    for (const key of this.#keys.values()) (await key).wipe();
    this.#keys.clear();
  }
}

function copyOf(key: SessionKey): SessionKey {
  return key.use((octets) => Secret.copyOf('SessionKey', octets));
}

function nameOf({ warrant, role, target, exchange }: Case): string {
  const needed = messagesOf(exchange).filter(({ type }) => neededMessages(role).includes(type));
  const digests = needed.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'));
  return [warrant.digest, role, target.text, ...digests].join(' ');
}
