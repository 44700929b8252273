/**
 * What a client does once before its first call: it answers an I_MESSAGE_1 as its peers will send one, and makes one
 * itself. A client whose keys, parameters and arithmetic do not fit together does not come up, and no call pays for what
 * is computed first.
 */
import { systemRandom, type Clock, type Random } from '../../foundation/base/index.ts';
import { identityFromText, type Identity } from '../../foundation/identity/index.ts';
import { emptyReplayCache, type Refusal } from '../../protocol/ibake/index.ts';
import type { Federation } from './federation.ts';
import { createKeyExchange, type KeyExchange } from './key-exchange.ts';
import type { EndpointKeys } from './ports.ts';
import type { DatagramPort, MediaPorts } from './ua-ports.ts';
import { describeSession, newSession, readSecureSession } from './ua-sdp.ts';

/** Districts that are made ready at the start; the others when they are called first. */
const PREPARED_DISTRICTS = 4;

/** Nobody's identity (RFC 2606): it has no key, so that what is sealed to it is lost. */
const PARTNER = identityFromText('sip:rehearsal@halfkey.invalid');

/** Ports of a call without a packet. */
const SILENT: DatagramPort = {
  local: { address: '127.0.0.1', port: 9 },
  send: () => undefined,
  onDatagram: () => undefined,
};
const NOWHERE: MediaPorts = { rtp: SILENT, rtcp: SILENT, close: () => Promise.resolve() };

/**
 * Opens an I_MESSAGE_1 to the client in the key epoch of now, answers it, and begins a call; nothing of it is kept.
 * @throws HalfkeyError what `admit`, `open` and `call` of {@link KeyExchange} refuse; what {@link Federation.peer} throws
 * for the client itself
 */
export function rehearse(
  keys: EndpointKeys,
  federation: Federation,
  clock: Clock,
  random: Random = systemRandom,
): void {
  federation.prepare(PREPARED_DISTRICTS);
  // Both are of the client's own district: to whoever is called, it is sealed in the same way.
  const own = federation.peer(keys.identity);
  const client = exchangeOf(keys.identity, (t) => keys.masterSecretAt(t));
  const partner = exchangeOf(PARTNER, () => undefined);

  const invited = partner.call(keys.identity);
  invited.close();
  // In an offer, as it comes with INVITE, and as the answer is read with 183.
  const offer = readSecureSession(describeSession(newSession(NOWHERE, random), invited.offer.message));
  const { keys: answer } = accepted(
    accepted(client.admit(offer.mikey, { ...offer, hop: 'rehearsal', authenticatedHop: true })).open(),
  );
  readSecureSession(describeSession(newSession(NOWHERE, random), answer.message, offer), true);
  answer.close();
  client.call(PARTNER).close();

  function exchangeOf(identity: Identity, masterSecretAt: EndpointKeys['masterSecretAt']): KeyExchange {
    return createKeyExchange({
      keys: {
        identity,
        district: own.district,
        decryptorFor: (recipient, notBefore) => keys.decryptorFor(recipient, notBefore),
        masterSecretAt,
        peer: () => own,
      },
      clock,
      monotonicMs: () => 0,
      replay: { initial: emptyReplayCache() },
      random,
    });
  }
}

function accepted<T extends { readonly ok: true } | Refusal>(step: T): Exclude<T, Refusal> {
  if (!step.ok) throw step.error;
  return step as Exclude<T, Refusal>;
}
