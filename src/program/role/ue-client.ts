/** What a client does with every call, placed or answered: sockets, speech, policy, and what it tells of it. */
import { ecCurve } from '../../crypto/ecdh/index.ts';
import { encodeMuLaw, readSpeechWav } from '../../protocol/media/index.ts';
import type { CallResult, ClientOptions } from '../../entity/endpoint/index.ts';
import { readOctetFile } from '../../platform/index.ts';
import { bindUdpPair } from '../../platform/sockets.ts';
import type { Emit } from './running.ts';
import type { UeConfig } from './ue-config.ts';

/** What a client does with every call. */
export async function clientOptions(
  { media: { address, port, advertise }, policy, offer }: UeConfig,
  emit: Emit,
  speechFile: string | undefined,
): Promise<Omit<ClientOptions, 'keys'> & { readonly offer: object }> {
  const speech = speechFile === undefined ? new Int16Array(0) : readSpeechWav(await readOctetFile(speechFile));
  return {
    speech: encodeMuLaw(speech),
    media: async () => {
      const { rtp, rtcp } = await bindUdpPair(address, port);
      return {
        ...{ rtp, rtcp, ...(advertise === undefined ? {} : { advertise }) },
        close: async () => {
          await Promise.all([rtp.close(), rtcp.close()]);
        },
      };
    },
    policy: {
      curves: policy.curves.map((name) => ecCurve(name).number),
      prfs: policy.prfs,
      suites: policy.suites,
      peerWithoutEcho: ({ text }) =>
        policy.peerWithoutEcho.includes(text.slice(text.indexOf('@') + 1).replace(/;.*$/s, '')),
    },
    offer: { ...offer, curve: ecCurve(offer.curve).number },
    onEvent: (event) => {
      emit({ event: 'sip', role: 'ue', ...event });
    },
  };
}

/** The result of a call for who watches: without the recording, and without the other side's name. */
export function outward({ outcome, code, status, hint, endedBy, setUpMs, ibeMs, statistics }: CallResult): object {
  return { outcome, code, status, hint, endedBy, setUpMs, ibeMs, statistics };
}
