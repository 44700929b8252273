/**
 * What a client gets from its KMS and its provider (protocol profile 2.3, 2.4, 3.7, over HTTPS): the public parameters
 * of its district, the private keys of its own identities, and its master secret MS. In the split deployment MS comes
 * from the provider alone, with credentials under the provider's authority: the KMS never sees it.
 * Nothing here may depend on whether somebody is a target (profile 5.5): the routes know of no warrant.
 */
import { z } from 'zod';
import { base64Octets, identityText, route, unixSeconds } from '../route/index.ts';

const district = {
  /** districtName: a PPS URI, never normalised. */
  district: z.string().regex(/^[\x21-\x7e]{1,1024}$/),
  serial: z.int().min(0),
  keyEpochSeconds: z.int().min(900).max(2_678_400),
};

const parameters = z.strictObject({
  ...district,
  /** Seconds since 1970: the parameters may be used for validFrom <= t < validTo. */
  validFrom: unixSeconds,
  validTo: unixSeconds,
  /** DER BFPublicParameters. */
  parameters: base64Octets(8192),
});
export type DistrictParameters = z.infer<typeof parameters>;

/** Public parameters of the KMS's own district. */
export const parametersRoute = route({
  method: 'POST',
  path: '/client/v1/parameters',
  roles: ['ue', 'provisioning'],
  request: z.strictObject({}),
  response: parameters,
});

/** Key epochs in one request (profile 3.7). */
const MAX_EPOCHS = 40;

const privateKeysRequest = z.strictObject({
  /** Canonical; one of the requester's own. */
  identity: identityText,
  /** Starts of key epochs, seconds since 1970. */
  keyEpochs: z.array(unixSeconds).min(1).max(MAX_EPOCHS),
});
export type ClientKeysRequest = z.infer<typeof privateKeysRequest>;

/** Master secrets in one answer: with the shortest cycle of an hour, six hours ahead of the present one. */
export const MAX_MASTER_SECRETS = 8;

/** LI-MS structures (58 octets each). */
const masterSecrets = z.array(base64Octets(58)).max(MAX_MASTER_SECRETS);

const privateKeys = z.strictObject({
  ...district,
  keys: z.array(
    z.strictObject({ keyEpoch: unixSeconds, /** DER BFPrivateKeyBlock. */ privateKey: base64Octets(4096) }),
  ),
  /** From the consolidated KMS of solution 3 only (contribution 5.x.2). */
  masterSecrets: masterSecrets.optional(),
});
export type ClientKeys = z.infer<typeof privateKeys>;

/** Private keys of one of the client's own identities. @throws `NOT_OWN_IDENTITY`, `UNKNOWN_SUBSCRIBER`, `IssueWindow` */
export const clientKeysRoute = route({
  method: 'POST',
  path: '/client/v1/private-keys',
  roles: ['ue'],
  request: privateKeysRequest,
  response: privateKeys,
});

const masterSecretsRequest = z.strictObject({ identity: identityText });
const masterSecretsResponse = z.strictObject({ masterSecrets });
export type ClientMasterSecrets = z.infer<typeof masterSecretsResponse>;

/** The master secret of one of the client's own identities, from the provider. @throws `NOT_OWN_IDENTITY`, `UNKNOWN_SUBSCRIBER` */
export const clientMasterSecretsRoute = route({
  method: 'POST',
  path: '/client/v1/master-secrets',
  roles: ['ue'],
  request: masterSecretsRequest,
  response: masterSecretsResponse,
});
