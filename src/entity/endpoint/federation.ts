/**
 * Finding a peer's district (protocol profile 2.4): by the signed federation table alone. A hint of a message is
 * believed only when the table says the same, a serial never goes back (N70), and parameters are validated before
 * their first use (N69, N71). Must never fetch anything, least of all because of a name that a message brought.
 */
import { fromBase64, HalfkeyError, isHalfkeyError, type Clock } from '../../foundation/base/index.ts';
import {
  district as districtOf,
  keyEpochStart,
  sameIdentity,
  type District,
  type Identity,
} from '../../foundation/identity/index.ts';
import {
  decodePublicParameters,
  forgetIdentities,
  prepareParameters,
  validatePublicParameters,
  type PublicParameters,
} from '../../crypto/ibe/index.ts';
import {
  verifyFederationTable,
  type FederationEntry,
  type FederationTable,
} from '../../contract/provisioning/index.ts';
import type { SerialPins } from './ports.ts';

export interface FederationOptions {
  /** The signed table. */
  readonly table: string;
  /** The publisher's Ed25519 key, PEM. */
  readonly publicKey: string;
  readonly clock: Clock;
  readonly pins: SerialPins;
  /** Level 1024: tests only. */
  readonly allowTestLevels: boolean;
}

/** A district as the table has it now. */
export interface FederatedDistrict {
  readonly district: District;
  readonly params: PublicParameters;
}

export interface Federation {
  /**
   * The district of an identity under its highest serial that is valid now and for the present key epoch.
   * @throws HalfkeyError `PEER_UNKNOWN`, `ParametersUnusable`, `BadParameters`, `LevelRefused`
   */
  peer(identity: Identity): FederatedDistrict;
  /** Whether `kms`, an IDRkmsi or IDRkmsr of a message, is what the table calls the KMS of the identity. */
  hintAccepted(identity: Identity, kms: Identity): boolean;
  /**
   * Checks what a client's own KMS says of itself against the table, by which its peers encrypt (profile 5.3 T15).
   * @throws HalfkeyError `PEER_UNKNOWN`; `ParametersUnusable` when they differ
   */
  assertOwn(identity: Identity, district: District, publicParameters: string): void;
  /**
   * Validates the parameters of the first `most` districts and computes what a first encryption under them needs. One
   * that cannot be used is left for {@link peer} to refuse.
   */
  prepare(most: number): void;
  /** Forgets which identities were encrypted to. */
  close(): void;
}

/** In the pins, the sequence number of the table itself; no district has a name with a space. */
const TABLE_PIN = 'federation table';

/**
 * Takes a table into use: signature, form, validity, and no step back behind what was used before.
 * @throws HalfkeyError `FEDERATION_TABLE`; `ParametersUnusable` naming the reason; `BadDer`, `BadParameters`
 */
export async function openFederation(options: FederationOptions): Promise<Federation> {
  const { table: text, publicKey, clock, pins, allowTestLevels } = options;
  const table = verifyFederationTable(text, publicKey);
  const now = (): number => Math.floor(clock() / 1000);
  if (!within(table, now())) throw unusable('the federation table is outside its validity');
  await raisePins(table, pins);

  const byDomain = new Map(table.entries.flatMap((entry) => entry.domains.map((domain) => [domain, entry])));
  const byPrefix = new Map(table.entries.flatMap((entry) => entry.prefixes.map((prefix) => [prefix, entry])));
  const used = new Map<string, FederatedDistrict>();

  function entryOf({ type, text: identity }: Identity): FederationEntry {
    const number = type === 1 && identity.startsWith('tel:') ? identity.slice('tel:'.length) : undefined;
    let entry: FederationEntry | undefined;
    if (number === undefined) entry = byDomain.get(domainOf(identity));
    else
      for (let end = number.length; end > 1 && entry === undefined; end--) entry = byPrefix.get(number.slice(0, end));
    if (entry === undefined)
      throw new HalfkeyError('PEER_UNKNOWN', 'no entry of the federation table covers the identity');
    return entry;
  }

  function use(entry: FederationEntry, set: FederationEntry['parameters'][number]): FederatedDistrict {
    const key = `${String(set.serial)} ${entry.district}`;
    const known = used.get(key);
    if (known !== undefined) return known;
    const params = decodePublicParameters(fromBase64(set.publicParameters));
    validatePublicParameters(params, { allowTestLevels });
    const fresh = { district: districtOf(entry.district, BigInt(set.serial), set.keyEpochSeconds), params };
    used.set(key, fresh);
    return fresh;
  }

  function current(entry: FederationEntry): FederatedDistrict {
    const time = now();
    if (!within(table, time)) throw unusable('the federation table is outside its validity');
    // RFC 5408 4: the validity covers the time of use and the time in the identity.
    const valid = entry.parameters.filter(
      (set) => within(set, time) && within(set, keyEpochStart(time, set.keyEpochSeconds)),
    );
    const [highest] = valid.sort((a, b) => b.serial - a.serial);
    if (highest === undefined) throw unusable('no parameters of the district are valid now');
    return use(entry, highest);
  }

  return {
    peer: (identity) => current(entryOf(identity)),
    prepare(most) {
      for (const entry of table.entries.slice(0, most)) {
        try {
          prepareParameters(current(entry).params);
        } catch (error) {
          if (!isHalfkeyError(error)) throw error;
        }
      }
    },
    hintAccepted(identity, kms) {
      const name = entryOf(identity).kms;
      return name !== undefined && sameIdentity({ type: kms.type, text: name }, kms);
    },
    assertOwn(identity, { name, serial, keyEpochSeconds }, publicParameters) {
      const entry = entryOf(identity);
      const same = entry.parameters.find((set) => BigInt(set.serial) === serial);
      if (
        entry.district !== name ||
        same?.keyEpochSeconds !== keyEpochSeconds ||
        same.publicParameters !== publicParameters
      ) {
        throw unusable('the KMS and the federation table do not have the same parameters');
      }
    },
    close() {
      for (const { params } of used.values()) forgetIdentities(params);
    },
  };
}

/** N70: refuses the whole table when any serial is lower than one seen before, then raises all. */
async function raisePins({ sequence, entries }: FederationTable, pins: SerialPins): Promise<void> {
  const highest = entries.map(({ district, parameters }) => {
    const serials = parameters.map(({ serial }) => BigInt(serial));
    return [district, serials.reduce((a, b) => (a > b ? a : b))] as const;
  });
  for (const [name, serial] of [[TABLE_PIN, BigInt(sequence)] as const, ...highest]) {
    const pinned = pins.highest(name);
    if (pinned !== undefined && serial < pinned) {
      throw unusable(name === TABLE_PIN ? 'the federation table is older than one used before' : 'serial rollback');
    }
  }
  await pins.raise(TABLE_PIN, BigInt(sequence));
  for (const [name, serial] of highest) await pins.raise(name, serial);
}

function within({ validFrom, validTo }: { validFrom: number; validTo: number }, unixSeconds: number): boolean {
  return validFrom <= unixSeconds && unixSeconds < validTo;
}

/** Domain of a canonical sip identity or NAI: no user part holds an `@`. */
function domainOf(identity: string): string {
  return identity.slice(identity.indexOf('@') + 1).replace(/;.*$/s, '');
}

const unusable = (why: string): HalfkeyError => new HalfkeyError('ParametersUnusable', why);
