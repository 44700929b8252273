/**
 * The product of a recovered session: clear packets, speech, and keys where the warrant orders them.
 */
import type { Secret } from '../../foundation/base/index.ts';
import type { Exchange } from '../../protocol/discovery/index.ts';
import type { Deliverable } from '../../trust/warrant/index.ts';
import type { Session } from '../../contract/administration/index.ts';
import type { CallMedia } from './call-media.ts';
import { keysDocument } from './keys-document.ts';
import type { HandoverSink, Observer } from './ports.ts';

export interface HandOver {
  /** Name of the session's directory. */
  readonly name: string;
  readonly sink: HandoverSink;
  readonly observe: Observer;
}

/** Writes what the warrant orders. @throws what the sink throws */
export async function handOver(
  { name, sink, observe }: HandOver,
  product: {
    readonly deliver: readonly Deliverable[];
    readonly callId: string;
    readonly exchange: Exchange;
    readonly key: Secret<'SessionKey'>;
    readonly media: CallMedia;
  },
): Promise<Session['files']> {
  const write = async (file: string, octets: Uint8Array | undefined): Promise<string | null> => {
    if (octets === undefined) return null;
    const path = await sink(name, file, octets);
    observe('delivered', { file: `${name}/${file}`, octets: octets.length });
    return path;
  };
  const { deliver, callId, exchange, key, media } = product;
  const { pcap, wav } = media.product();
  return {
    wav: await write('call.wav', wav),
    pcap: await write('media.pcap', pcap),
    keys: await write('keys.json', deliver.includes('keys') ? keysDocument(callId, exchange, key) : undefined),
  };
}

/** Files of a session of which nothing is delivered. */
export const NO_FILES: Session['files'] = { wav: null, pcap: null, keys: null };
