/** The sockets through which a tap passes media on. It reads nothing of what passes. */
import { systemClock } from '../../foundation/base/index.ts';
import type { MediaRelay, Recorder } from '../../entity/tap/index.ts';
import { bindUdpPair, type UdpSocket } from '../../platform/sockets.ts';

/**
 * The two ports at which packets for one party arrive: each is told to `onPacket`, recorded and passed on.
 * @throws HalfkeyError `UNAVAILABLE` when no ports are free
 */
export async function openRelay(
  address: string,
  record: (records: readonly Uint8Array[]) => void,
  datagram: Recorder['datagram'],
  onPacket: () => void,
): Promise<MediaRelay> {
  const { rtp, rtcp } = await bindUdpPair(address);
  let party: { address: string; port: number } | undefined;
  const relay = (socket: UdpSocket, offset: 0 | 1): void => {
    socket.onDatagram((octets, from) => {
      onPacket();
      record([datagram(systemClock(), from, socket.local, octets)]);
      if (party !== undefined) socket.send(octets, { address: party.address, port: party.port + offset });
    });
  };
  relay(rtp, 0);
  relay(rtcp, 1);
  return {
    local: rtp.local,
    passTo(own) {
      party = own;
    },
    async close() {
      await Promise.all([rtp.close(), rtcp.close()]);
    },
  };
}
