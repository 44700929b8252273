/**
 * All that an exchange draws at random, by name (protocol profile 4.3, 2.1), so that a known-answer test hands in the
 * draws of its file and patches nothing. Only the source over the platform's CSPRNG exists outside the tests.
 */
import { systemRandom, type Random, type Secret } from '../../foundation/base/index.ts';
import { randomScalar, type EcCurve } from '../../crypto/ecdh/index.ts';
import type { IbakeType } from '../mikey/index.ts';

/** From what an envelope makes CEK and rho: fresh octets that are hedged (profile 2.1), or, in tests, the two themselves. */
export type EnvelopeDraws = { readonly random: Random } | { readonly cek: Uint8Array; readonly rho: Uint8Array };

export interface ExchangeRandom {
  /** x or y, uniform in [1, n-1]; used for one I_MESSAGE_1 or one R_MESSAGE_1. */
  scalar(curve: EcCurve): Secret<'EcdhScalar'>;
  /** RAND of I_MESSAGE_1, 16 octets. */
  rand(): Uint8Array;
  /** CSB ID, 4 octets. */
  csbId(): Uint8Array;
  /** An SSRC of 32 bits; 0 and one that is taken are drawn again. */
  ssrc(): number;
  /** CH of profile 3.3, 16 octets. */
  challenge(): Uint8Array;
  /** For the envelope of a message of that type. */
  envelope(type: IbakeType): EnvelopeDraws;
}

/** The draws over a generator, by default the platform's CSPRNG. */
export function exchangeRandom(random: Random = systemRandom): ExchangeRandom {
  return {
    scalar: (curve) => randomScalar(curve, random),
    rand: () => random(16),
    csbId: () => random(4),
    ssrc: () => random(4).reduce((value, octet) => value * 256 + octet, 0),
    challenge: () => random(16),
    envelope: () => ({ random }),
  };
}
