/**
 * The Provider's Database (contribution 5.x.3, second step): opens one nonce under a warrant that it verifies by
 * itself, with its own trust roots. It never sees the exchange: in mode 3 the nonce itself proves identity, role,
 * CSB ID and T; in modes 1 and 2 these are claims, and the statement of the KMS stands for them (profile 5.3).
 * Must never return a secret before [x]P is the claimed point, and never for another identity than the warrant's.
 */
import { fromHex, HalfkeyError, ntpTime, toHex, type Clock } from '../../foundation/base/index.ts';
import { identityFromText, type Identity } from '../../foundation/identity/index.ts';
import { assertIntercepted, assertTarget, verifyWarrant, type WarrantTrust } from '../../trust/warrant/index.ts';
import {
  gate,
  verifyStatement,
  type Authorised,
  type GateOptions,
  type ReleaseSteps,
} from '../../trust/release/index.ts';
import {
  openNonceRoute,
  parseBody,
  type Handler,
  type Opened,
  type OpenNonceRequest,
} from '../../contract/provider/index.ts';
import { assertOpenRequest, type Custody, type OpenRequest } from '../custody/index.ts';

export interface ProviderOptions {
  readonly custody: Pick<Custody, 'open' | 'modeAt'>;
  readonly gate: GateOptions;
  readonly trust: () => WarrantTrust;
  readonly clock: Clock;
  readonly pseudonym: (identity: Identity) => string;
  /** PEM certificates of the authorities whose KMSs' statements are believed. */
  readonly kmsRoots: readonly string[];
  readonly requireKmsStatement: 'always' | 'unbound' | 'never';
}

interface AuthorisedOpening extends Authorised {
  readonly open: OpenRequest;
}

/** The route by which a Delivery Function has one nonce opened. */
export function createProvider(options: ProviderOptions): Handler {
  const { method, path, roles, request: schema } = openNonceRoute;
  return {
    method,
    path,
    ...gate(options.gate, {
      operation: 'open-nonce',
      roles,
      parse: (body) => parseBody(schema, body),
      steps: (request) => openingSteps(options, request),
    }),
  };
}

function openingSteps(options: ProviderOptions, request: OpenNonceRequest): ReleaseSteps<AuthorisedOpening> {
  return {
    authorise: () => authorise(options, request),
    async answer({ open }): Promise<Opened> {
      const scalar = await options.custody.open(open);
      const secret = scalar.use(toHex);
      scalar.wipe();
      return { secret };
    },
  };
}

/** In the order of profile 4.4: warrant, target, time, form of curve and points, statement. */
async function authorise(options: ProviderOptions, request: OpenNonceRequest): Promise<AuthorisedOpening> {
  const { trust, clock, pseudonym } = options;
  const verified = await verifyWarrant(request.warrant, trust(), clock());
  if (!verified.warrant.solutions.some((solution) => solution === '4/1' || solution === '4/2')) {
    throw new HalfkeyError('WARRANT_SCOPE', 'the warrant does not cover solution 4');
  }
  const identity = identityFromText(request.identity);
  assertTarget(verified, identity);
  const t1 = ntpTime(fromHex(request.t1));
  assertIntercepted(verified, t1);
  const { role, curve, csbId } = request;
  const open: OpenRequest = {
    identity,
    role,
    curve,
    csbId: fromHex(csbId),
    t1,
    nonce: fromHex(request.nonce),
    ownPoint: fromHex(request.ownPoint),
  };
  assertOpenRequest(open);
  const warrantDigest = toHex(verified.digest);
  if (await needsStatement(options, open)) {
    const { nonce, ownPoint } = open;
    const subject = { warrantDigest, target: identity.text, role, csbId: open.csbId, t1, nonce, ownPoint };
    await verifyStatement(request.statement, subject, options.kmsRoots, clock());
  }
  return {
    open,
    warrantDigest,
    maxReleases: verified.warrant.maxReleases,
    // Profile 4.4: one answer for one nonce of one exchange; the same with another point is refused.
    question: { operation: 'open-nonce', identity: identity.text, role, csbId, t1: request.t1, nonce: request.nonce },
    content: { curve, ownPoint: request.ownPoint },
    record: {
      warrantId: verified.warrant.id,
      target: pseudonym(identity),
      role,
      csbId,
      t1: request.t1,
      messages: [...request.messageDigests],
    },
  };
}

async function needsStatement(
  { requireKmsStatement, custody }: ProviderOptions,
  { identity, t1 }: OpenRequest,
): Promise<boolean> {
  if (requireKmsStatement !== 'unbound') return requireKmsStatement === 'always';
  const mode = await custody.modeAt(identity, t1);
  return mode === 1 || mode === 2;
}
