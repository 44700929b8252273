/**
 * The KMS: what each of its listeners answers. With a nonce opener it is the consolidated KMS of solution 3;
 * without one the route "recover" refuses with `NOT_THIS_CUSTODY`.
 */
import { fromHex, HalfkeyError, Secret } from '../../foundation/base/index.ts';
import {
  gate,
  type Authorised,
  type GatedRequest,
  type GateOptions,
  type ReleasedAnswer,
  type ReleaseSteps,
  type StatementSigner,
} from '../../trust/release/index.ts';
import {
  decryptRoute,
  parseBody,
  privateKeyRoute,
  recoverRoute,
  type Handler,
  type Route,
} from '../../contract/xk/index.ts';
import {
  handler,
  masterSecretRoute,
  registrationHandlers,
  subscriberHandlers,
  type SubscriberSecrets,
} from '../../contract/provisioning/index.ts';
import type { DistrictKeys } from './district-keys.ts';
import { clientHandlers, parametersHandler, type ClientService } from './client-keys.ts';
import { decryptSteps } from './decrypt.ts';
import type { WarrantCheck } from './exchange-request.ts';
import type { NonceOpener } from './ports.ts';
import { privateKeySteps } from './private-key.ts';
import { recoverSteps } from './recover.ts';

export interface KmsOptions {
  readonly keys: DistrictKeys;
  readonly check: WarrantCheck;
  readonly gate: GateOptions;
  readonly signer: StatementSigner;
  readonly policy: { readonly allowPrivateKeyRelease: boolean };
  /** Solution 3 only. */
  readonly openNonce?: NonceOpener;
  readonly subscribers?: SubscriberSecrets;
  /** When the KMS serves clients. */
  readonly service?: ClientService;
}

export interface Kms {
  /** For Delivery Functions. */
  readonly xk: readonly Handler[];
  /** For the organisation that runs the KMS. */
  readonly provisioning: readonly Handler[];
  /** For subscribers' clients; empty without a {@link ClientService}. */
  readonly clients: readonly Handler[];
}

export function createKms(kms: KmsOptions): Kms {
  const { keys, check, gate: options, signer, policy, openNonce, subscribers, service } = kms;
  const xk: Handler[] = [
    releaseHandler(options, decryptRoute, 'decrypt', (request) => decryptSteps(check, keys, signer, request)),
    releaseHandler(options, privateKeyRoute, 'private-key', (request) =>
      privateKeySteps(check, keys, policy.allowPrivateKeyRelease, request),
    ),
    releaseHandler(options, recoverRoute, 'recover', (request) => {
      if (openNonce === undefined)
        throw new HalfkeyError('NOT_THIS_CUSTODY', 'this KMS holds no master secrets of subscribers');
      return recoverSteps(check, keys, openNonce, request);
    }),
  ];
  const provisioning: Handler[] = [
    handler(masterSecretRoute, async ({ masterSecret }) => {
      await keys.take(masterSecret === undefined ? undefined : new Secret('IbeMasterSecret', fromHex(masterSecret)));
      return { done: true };
    }),
  ];
  if (subscribers !== undefined) provisioning.push(...subscriberHandlers(subscribers));
  if (service !== undefined) {
    provisioning.push(...registrationHandlers(service.register, async (identity) => subscribers?.enrol(identity)));
    provisioning.push(parametersHandler(keys, service.validity));
  }
  const clients =
    service === undefined
      ? []
      : clientHandlers({ keys, service, clock: check.clock, pseudonym: check.pseudonym, subscribers });
  return { xk, provisioning, clients };
}

/** A release route behind its gate: the gate checks role and form itself, to record what it refuses. */
function releaseHandler<Request extends GatedRequest, A extends Authorised>(
  options: GateOptions,
  { method, path, roles, request: schema }: Route<Request, ReleasedAnswer>,
  operation: string,
  steps: (request: Request) => ReleaseSteps<A>,
): Handler {
  return { method, path, ...gate(options, { operation, roles, parse: (body) => parseBody(schema, body), steps }) };
}
