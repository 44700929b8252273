/**
 * The warrant of a lab: issued and approved by people of the lab's agency.
 */
import { createPrivateKey } from 'node:crypto';
import {
  approveWarrant,
  signWarrant,
  type Deliverable,
  type SignedWarrant,
  type Solution,
} from '../../trust/warrant/index.ts';
import { signingCredential, type Organisations } from './organisations.ts';

const HOUR_SECONDS = 3600;

export interface LabWarrant {
  readonly signed: SignedWarrant;
  /** Interception interval, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Interception is the hour around `t1` (seconds since 1970), request is from now for an hour. */
export async function createLabWarrant(
  { agency }: Organisations,
  order: {
    readonly targets: readonly string[];
    readonly t1: number;
    readonly nowMs: number;
    readonly solution: Solution;
    readonly deliver: readonly Deliverable[];
  },
): Promise<LabWarrant> {
  const signer = async (
    use: string,
    name: string,
  ): Promise<{ certificate: string; privateKey: ReturnType<typeof createPrivateKey> }> => {
    const { certificate, privateKey } = await signingCredential(agency, use, name);
    return { certificate, privateKey: createPrivateKey(privateKey) };
  };
  const [judge, first, second] = await Promise.all([
    signer('issuer', 'Issuing Judge'),
    signer('approver', 'First Approver'),
    signer('approver', 'Second Approver'),
  ]);
  const time = (ms: number): string => new Date(ms).toISOString();
  const fromMs = 1000 * (order.t1 - HOUR_SECONDS / 2);
  const toMs = 1000 * (order.t1 + HOUR_SECONDS / 2);
  const issued = await signWarrant(
    {
      version: 1,
      id: 'lab-1',
      agency: 'Lab agency',
      targets: order.targets,
      interception: { from: time(fromMs), to: time(toMs) },
      request: { from: time(order.nowMs - 60_000), to: time(order.nowMs + 1000 * HOUR_SECONDS) },
      inProgressSeconds: 0,
      solutions: [order.solution],
      deliver: [...order.deliver],
      maxReleases: 100,
    },
    judge,
  );
  return { signed: await approveWarrant(await approveWarrant(issued, first), second), fromMs, toMs };
}
