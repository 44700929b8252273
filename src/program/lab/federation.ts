/**
 * Two operators who know each other: each district gets its master secret and its subscriber, and both stand in one
 * signed federation table, which every client has.
 */
import { generateKeyPairSync } from 'node:crypto';
import {
  masterSecretRoute,
  parametersRoute,
  registrationRoute,
  signFederationTable,
  type DistrictParameters,
  type FederationEntry,
} from '../../contract/provisioning/index.ts';
import { parseBody } from '../../contract/route/index.ts';
import { connect, type Holders, type LabDistrict } from './holders.ts';

const FOR_EVER = 253_402_300_799;

/** A district whose holders run, and the subscriber of the lab in it. */
export interface RunningDistrict {
  readonly district: LabDistrict;
  readonly holders: Holders;
  /** Canonical identity of its subscriber. */
  readonly subscriber: string;
}

/** Puts the district's secrets and subscriber in place, as its operator and provider would; returns its parameters. */
export async function provision({ district, holders, subscriber }: RunningDistrict): Promise<DistrictParameters> {
  const { operator, provider: authority } = district.organisations;
  const { kms, provider } = holders;
  const toKms = await connect(operator, 'provisioning', operator.certificate, kms, 'provisioning');
  const toClients = await connect(operator, 'provisioning', operator.certificate, kms, 'clients');
  const toProvider =
    provider === undefined
      ? undefined
      : await connect(authority, 'provisioning', authority.certificate, provider, 'provisioning');
  try {
    const registration = {
      method: registrationRoute.method,
      path: registrationRoute.path,
      body: { identity: subscriber },
    };
    await toKms.request({ method: masterSecretRoute.method, path: masterSecretRoute.path, body: {} });
    await toKms.request(registration);
    await toProvider?.request(registration);
    const answer = await toClients.request({ method: parametersRoute.method, path: parametersRoute.path, body: {} });
    return parseBody(parametersRoute.response, answer);
  } finally {
    await Promise.all([toKms.close(), toClients.close(), toProvider?.close()]);
  }
}

/** A signed table of the districts, and the public key (PEM) that clients check it with. */
export function federate(
  districts: readonly { readonly subscriber: string; readonly parameters: DistrictParameters }[],
): { table: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const entries = districts.map(({ subscriber, parameters }): FederationEntry => {
    const { district, serial, keyEpochSeconds, validFrom, validTo, parameters: publicParameters } = parameters;
    return {
      district,
      domains: [subscriber.replace(/^[^@]*@/, '')],
      prefixes: [],
      parameters: [{ serial, keyEpochSeconds, validFrom, validTo, publicParameters }],
    };
  });
  const table = signFederationTable({ version: 1, sequence: 1, validFrom: 0, validTo: FOR_EVER, entries }, privateKey);
  return { table, publicKey };
}
