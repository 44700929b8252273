/**
 * Configuration files of the roles: JSON, every path relative to the file, unknown members refused.
 * Defaults are those of a production deployment; what weakens it has a name that says so.
 */
import { z } from 'zod';
import { listener, path, peer, readConfig } from './config-parts.ts';

export type { ListenerConfig, PeerConfig, TlsFiles } from './config-parts.ts';

const common = {
  stateDirectory: path,
  /** File of 32 octets, mode 0600: encrypts what is secret in the state directory. */
  keyEncryptionKey: path,
  /** PEM certificates of the authorities that issue warrants. */
  warrantAuthorities: z.array(path).min(1),
  /** Ends when standard input does: for a parent that starts roles and must leave none behind. */
  exitWithParent: z.boolean().default(false),
};

const holder = {
  ...common,
  provisioning: listener,
  /** For subscribers' clients: an address of its own, so that nobody of them sees who else asks (profile 5.5). */
  clients: listener.optional(),
  refusalFloorMs: z.int().min(0).max(10_000).default(50),
  /** Stops the process dead at `place:name` of the release pipeline, or `issue:name` of bulk issuing: tests only. */
  unsafeTestCrashAt: z.string().optional(),
};

const subscription = z
  .strictObject({
    mode: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(3),
    /** MS epoch. */
    intervalSeconds: z.int().min(3600).max(2_678_400).default(86_400),
    /** A fresh random master secret each: a multiple of `intervalSeconds`. */
    cycleSeconds: z.int().min(3600).max(31_622_400).default(2_678_400),
  })
  .prefault({});
export type SubscriptionConfig = z.infer<typeof subscription>;

const kmsConfig = z.strictObject({
  role: z.enum(['kms', 'kms-consolidated']),
  ...holder,
  district: z.strictObject({
    name: z.string().min(1).max(255),
    serial: z.int().min(0),
    level: z.union([z.literal(1024), z.literal(2048), z.literal(3072), z.literal(7680)]).default(3072),
    /** Domain parameters of the district's own, as `halfkey params generate` makes them; without it those of the level. */
    domain: path.optional(),
    keyEpochSeconds: z.int().min(900).max(2_678_400).default(86_400),
    /** Seconds since 1970 between which the parameters are used; by default without end. */
    validFrom: z.int().min(0).default(0),
    validTo: z.int().max(253_402_300_799).default(253_402_300_799),
  }),
  unsafeTestLevel1024: z.boolean().default(false),
  xk: listener,
  /** Signs statements for the provider; the certificate names the use `kms-statement`. */
  statement: z.strictObject({ certificate: path, privateKey: path }),
  policy: z
    .strictObject({
      /** Alternative 1: hands private keys of subscribers to the Delivery Function. */
      allowPrivateKeyRelease: z.boolean().default(false),
      /** Nonce modes 1 and 2 (solution 3): nonces that are not bound to their exchange. */
      allowUnboundNonces: z.boolean().default(false),
      /** How far ahead clients get private keys: stolen credentials open that many days of calls. */
      issueAheadDays: z.int().min(1).max(35).default(7),
      /** Master secrets that this holder draws (solution 3). */
      subscription,
    })
    .prefault({}),
});
export type KmsConfig = z.infer<typeof kmsConfig>;

const providerConfig = z.strictObject({
  role: z.literal('provider'),
  ...holder,
  open: listener,
  /** PEM certificates of the authorities whose KMSs' statements are believed. */
  kmsAuthorities: z.array(path).min(1),
  policy: z
    .strictObject({
      allowUnboundNonces: z.boolean().default(false),
      /** Master secrets that this holder draws. */
      subscription,
      /** When a nonce is opened only with a statement of the KMS: `unbound` is for modes 1 and 2. */
      requireKmsStatement: z.enum(['always', 'unbound', 'never']).default('unbound'),
    })
    .prefault({}),
});
export type ProviderConfig = z.infer<typeof providerConfig>;

const dfConfig = z.strictObject({
  role: z.literal('df'),
  ...common,
  intake: listener,
  /** Where the product goes: a directory of its own for each session. */
  deliveryDirectory: path,
  solution: z.union([z.literal(3), z.literal(4)]).default(4),
  alternative: z.union([z.literal(1), z.literal(2)]).default(2),
  kms: peer,
  provider: peer.optional(),
  keyEpochSeconds: z.int().min(900).max(2_678_400).default(86_400),
  unsafeTestLevel1024: z.boolean().default(false),
  /** Goes into every request: a case number, never an identity. */
  purpose: z.string().min(1).max(200),
  /** How long an unreachable holder is asked again. */
  patienceMs: z.int().min(0).max(3_600_000).default(30_000),
});
export type DfConfig = z.infer<typeof dfConfig>;

export const readKmsConfig = (file: string): ReturnType<typeof readConfig<KmsConfig>> => readConfig(kmsConfig, file);
export const readProviderConfig = (file: string): ReturnType<typeof readConfig<ProviderConfig>> =>
  readConfig(providerConfig, file);
export const readDfConfig = (file: string): ReturnType<typeof readConfig<DfConfig>> => readConfig(dfConfig, file);

/** Whether a KMS configuration asks for the consolidated KMS of solution 3. */
export async function isConsolidated(file: string): Promise<boolean> {
  return (await readKmsConfig(file)).config.role === 'kms-consolidated';
}

/** The configuration of whatever role the file is for. */
export const readAnyConfig = (file: string): ReturnType<typeof readConfig<KmsConfig | ProviderConfig | DfConfig>> =>
  readConfig(z.discriminatedUnion('role', [kmsConfig, providerConfig, dfConfig]), file);
