/**
 * The KMS for its subscribers' clients (protocol profile 2.3, 3.7): public parameters, and private keys of the
 * requester's own identities for key epochs inside the window. Every key is recorded before it is made. Nothing here
 * knows of warrants: a target is served exactly as anybody else (profile 5.5).
 */
import { HalfkeyError, toBase64, type Clock } from '../../foundation/base/index.ts';
import { keyEpochStart, type Identity } from '../../foundation/identity/index.ts';
import { encodePublicParameters } from '../../crypto/ibe/index.ts';
import {
  clientKeysRoute,
  deliverTexts,
  handler,
  issuingHandler,
  parametersRoute,
  type ClientAccess,
  type ClientKeys,
  type DistrictParameters,
  type Handler,
  type SubscriberRegister,
  type SubscriberSecrets,
} from '../../contract/provisioning/index.ts';
import type { DistrictKeys } from './district-keys.ts';

/** Seconds after its end for which the previous key epoch is still issued: as long as a client keeps it (profile 2.3). */
const GRACE_SECONDS = 900;
const DAY_SECONDS = 86_400;

/** Seconds since 1970: the parameters are used for validFrom <= t < validTo. */
export interface DistrictValidity {
  readonly validFrom: number;
  readonly validTo: number;
}

/** What a KMS needs to serve clients. */
export interface ClientService {
  readonly register: SubscriberRegister;
  /** Appends to the KMS's log; durable when it returns. */
  readonly record: ClientAccess['record'];
  readonly validity: DistrictValidity;
  /** How far ahead keys are issued: 1 to 35. Stolen credentials open that many days of calls. */
  readonly issueAheadDays: number;
}

export interface ClientKeysOptions {
  readonly keys: DistrictKeys;
  readonly service: ClientService;
  readonly clock: Clock;
  readonly pseudonym: (identity: Identity) => string;
  /** Solution 3: MS goes along with the private keys (contribution 5.x.2). */
  readonly subscribers: SubscriberSecrets | undefined;
}

/** The public parameters of the district: for clients, and for who makes the federation table. */
export function parametersHandler(keys: DistrictKeys, validity: DistrictValidity): Handler {
  const published = (): DistrictParameters => ({
    ...describe(keys),
    ...validity,
    parameters: toBase64(encodePublicParameters(keys.parameters())),
  });
  return handler(parametersRoute, () => Promise.resolve().then(published));
}

export function clientHandlers({ keys, service, clock, pseudonym, subscribers }: ClientKeysOptions): Handler[] {
  const { register, record, issueAheadDays, validity } = service;
  const issuing = issuingHandler({ register, record, pseudonym }, clientKeysRoute, {
    operation: 'private-keys',
    authorise({ keyEpochs }) {
      const now = Math.floor(clock() / 1000);
      for (const keyEpoch of keyEpochs) assertIssueWindow(keyEpoch, keys.district.keyEpochSeconds, issueAheadDays, now);
      // Nothing is recorded of a KMS that has no secret to issue from.
      keys.parameters();
      return { keyEpochs, masterSecrets: subscribers !== undefined };
    },
    async issue(identity, { keyEpochs }): Promise<ClientKeys> {
      const masterSecrets = subscribers === undefined ? undefined : await deliverTexts(subscribers, identity);
      const issued: ClientKeys['keys'] = [];
      for (const keyEpoch of keyEpochs) {
        // Whoever else asks this process is answered between two keys; a district's master secret never changes.
        if (issued.length > 0) await new Promise((resolve) => setImmediate(resolve));
        const key = keys.issue(identity, keyEpoch);
        issued.push({ keyEpoch, privateKey: key.use(toBase64) });
        key.wipe();
      }
      return {
        ...describe(keys),
        keys: issued,
        ...(masterSecrets === undefined ? {} : { masterSecrets }),
      };
    },
  });
  return [parametersHandler(keys, validity), issuing];
}

function describe({ district }: DistrictKeys): Pick<ClientKeys, 'district' | 'serial' | 'keyEpochSeconds'> {
  const { name, serial, keyEpochSeconds } = district;
  return { district: name, serial: Number(serial), keyEpochSeconds };
}

/**
 * N50: the previous epoch until its grace time is over, the current, the next, and what begins inside `issueAheadDays`.
 * @throws HalfkeyError `IssueWindow`; `BAD_REQUEST` for a time that is no start of an epoch
 */
export function assertIssueWindow(keyEpoch: number, interval: number, issueAheadDays: number, now: number): void {
  const current = keyEpochStart(now, interval);
  if (keyEpochStart(keyEpoch, interval) !== keyEpoch) {
    throw new HalfkeyError('BAD_REQUEST', 'keyEpochs: not the start of a key epoch of this district');
  }
  if (keyEpoch + interval + GRACE_SECONDS <= now) throw new HalfkeyError('IssueWindow', 'the key epoch is over');
  if (keyEpoch > Math.max(current + interval, now + issueAheadDays * DAY_SECONDS)) {
    throw new HalfkeyError('IssueWindow', 'the key epoch is too far ahead');
  }
}
