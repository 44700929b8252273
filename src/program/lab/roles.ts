/**
 * The roles of a replay: those of the target's district, each loaded with the secrets of the fixture that its owner
 * would hold.
 */
import { keyEpochStart } from '../../foundation/identity/index.ts';
import type { HttpsClient } from '../../platform/index.ts';
import { masterSecretRoute, subscriberRoute } from '../../contract/provisioning/index.ts';
import type { Fixture } from './fixture.ts';
import { connect, KEY_EPOCH_SECONDS, startDf, startHolders, type Holders, type LabDistrict } from './holders.ts';
import type { Processes, RoleProcess } from './processes.ts';

export interface LabPlan {
  readonly fixture: Fixture;
  /** Whose master secret and MS: `a` or `b` of the fixture. */
  readonly side: 'a' | 'b';
  /** Canonical text. */
  readonly target: string;
  readonly district: LabDistrict;
  /** Directory of the product. */
  readonly delivery: string;
}

export interface LabRoles {
  readonly running: readonly RoleProcess[];
  /** Speaks to the Delivery Function as the LI administration, and as the tap. */
  readonly admf: HttpsClient;
  readonly tap: HttpsClient;
}

/** Starts the roles of the target's district and loads each with its own secrets. */
export async function startRoles(plan: LabPlan, processes: Processes): Promise<LabRoles> {
  const { operator } = plan.district.organisations;
  const holders = await startHolders(plan.district, processes);
  const [df] = await Promise.all([
    startDf(plan.district, holders, plan.delivery, 'lab replay', processes),
    loadSecrets(plan, holders),
  ]);
  const { kms, provider } = holders;
  return {
    running: [kms, ...(provider === undefined ? [] : [provider]), df],
    admf: await connect(operator, 'admf', operator.certificate, df, 'intake'),
    tap: await connect(operator, 'tap', operator.certificate, df, 'intake'),
  };
}

async function loadSecrets(plan: LabPlan, { kms, provider }: Holders): Promise<void> {
  const { operator, provider: authority } = plan.district.organisations;
  const { fixture, side } = plan;
  const toKms = await connect(operator, 'provisioning', operator.certificate, kms, 'provisioning');
  const toSecrets =
    provider === undefined
      ? toKms
      : await connect(authority, 'provisioning', authority.certificate, provider, 'provisioning');
  try {
    const masterSecret = scalarHex(fixture.masterSecrets[side]);
    await toKms.request({ method: masterSecretRoute.method, path: masterSecretRoute.path, body: { masterSecret } });
    await toSecrets.request({ method: subscriberRoute.method, path: subscriberRoute.path, body: subscriber(plan) });
  } finally {
    await Promise.all([toKms.close(), toSecrets.close()]);
  }
}

/** The subscriber's master secret, as epoch `nonceEpoch`, valid for the key epoch that contains T1. */
function subscriber({ fixture, side, target }: LabPlan): object {
  const validFrom = keyEpochStart(fixture.t1, KEY_EPOCH_SECONDS);
  return {
    identity: target,
    mode: fixture.nonceMode,
    epoch: fixture.nonceEpoch,
    intervalSeconds: KEY_EPOCH_SECONDS,
    validFrom,
    validTo: validFrom + KEY_EPOCH_SECONDS,
    masterSecret: fixture.MS[side === 'a' ? 'A' : 'B'],
  };
}

/** A golden file writes scalars as `0x` and hex digits, an odd number of them at times. */
function scalarHex(text: string): string {
  const digits = text.slice(2);
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}
