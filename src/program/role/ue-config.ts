/** Configuration of a client. */
import { z } from 'zod';
import { HalfkeyError } from '../../foundation/base/index.ts';
import { path, peer, readConfig } from './config-parts.ts';

const address = z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65535) });
const suite = z.enum(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AES_256_CM_HMAC_SHA1_80']);
const curve = z.enum(['P-256', 'P-384', 'P-521']);

const ueConfig = z.strictObject({
  role: z.literal('ue'),
  /** Under which it calls and answers; the common name of its certificates, or a device of that, or its user. */
  identity: z.string().min(1).max(255),
  /** Further own identities under which it is called: of a device its user. */
  also: z.array(z.string().min(1).max(255)).max(4).default([]),
  /** Serials and replay digests: no key, those are in memory only. */
  stateDirectory: path,
  /** Listener `clients` of the KMS. */
  kms: peer,
  /** Listener `clients` of the provider: solution 4. Its credential is under the provider's authority. */
  provider: peer.optional(),
  federation: z.strictObject({
    /** The signed table; read again at each refresh. */
    table: path,
    /** PEM public key (Ed25519) of its publisher. */
    publicKey: path,
  }),
  unsafeTestLevel1024: z.boolean().default(false),
  sip: z.strictObject({
    /** Where `ue serve` answers, over TCP. */
    listen: address.optional(),
    /** Where the others reach it, if not there: the address of a relay in between. */
    contact: z.strictObject({ address: z.string().min(1), port: z.int().min(1).max(65535) }).optional(),
    /** Where `ue call` connects to: an outbound proxy or, without one, the called client. */
    proxy: address.optional(),
    /** Route header fields of calls, where the proxy wants them. */
    route: z.array(z.string().min(1)).default([]),
    /** SIP comes over mutually authenticated hops only: TLS or IPsec of the access. */
    authenticatedHops: z.boolean().default(false),
  }),
  media: z
    .strictObject({
      /** Numeric address of the sockets. */
      address: z.string().default('127.0.0.1'),
      /** Port of RTP, even; RTCP has the next. 0 takes free ones. */
      port: z.int().min(0).max(65534).multipleOf(2).default(0),
      /** What the SDP says instead: the address of a relay in between. */
      advertise: z
        .strictObject({
          address: z.string(),
          rtpPort: z.int().min(1).max(65535),
          rtcpPort: z.int().min(1).max(65535),
        })
        .optional(),
    })
    .prefault({}),
  /** What a call offers. */
  offer: z
    .strictObject({
      curve: curve.default('P-256'),
      /** MIKEY PRF: 1 is PRF-HMAC-SHA-256. */
      prf: z.union([z.literal(0), z.literal(1)]).default(1),
      suite: suite.default('AES_CM_128_HMAC_SHA1_80'),
    })
    .prefault({}),
  /** What is taken, of ours and of the others'. */
  policy: z
    .strictObject({
      curves: z.array(curve).min(1).default(['P-256', 'P-384', 'P-521']),
      prfs: z
        .array(z.union([z.literal(0), z.literal(1)]))
        .min(1)
        .default([1]),
      suites: z.array(suite).min(1).default(suite.options),
      /** Domains whose clients need not return our nonce (protocol profile 4.3). */
      peerWithoutEcho: z.array(z.string()).default([]),
    })
    .prefault({}),
  answer: z
    .strictObject({
      /** What an answered call hears: WAV, 8000 Hz, 16 bits, mono. Without it nothing. */
      speech: path.optional(),
      /** Directory of recordings, `call-1.wav` and so on. */
      recordings: path.optional(),
      ringMs: z.int().min(0).max(60_000).default(0),
      /** How long, after our speech, a caller may be silent. */
      tailMs: z.int().min(0).max(600_000).default(32_000),
      maxCalls: z.int().min(1).max(64).default(1),
    })
    .prefault({}),
  /** Ends when standard input does: for a parent that starts roles and must leave none behind. */
  exitWithParent: z.boolean().default(false),
});
export type UeConfig = z.infer<typeof ueConfig>;

export const readUeConfig = (file: string): ReturnType<typeof readConfig<UeConfig>> => readConfig(ueConfig, file);

/** A member that only one of the commands needs. @throws HalfkeyError `BAD_CONFIG` */
export function required<T>(value: T | undefined, member: string): T {
  if (value === undefined) throw new HalfkeyError('BAD_CONFIG', `${member}: is missing`);
  return value;
}
