/**
 * A call that an independent program made (test/vectors): what the network carried, and what each holder keeps of it.
 * In the product these are processes of different organisations; here each is an object that an example gives to the
 * function that plays it.
 */
import { readFileSync } from 'node:fs';
import { fromHex, Secret } from 'halfkey';
import { domainParameters, derivePublicParameters, type PublicParameters } from 'halfkey/ibe';
import { district, identityFromText, type District } from 'halfkey/identity';

interface Golden {
  readonly level: 3072;
  readonly nonceMode: 3;
  readonly nonceEpoch: number;
  readonly district: { readonly a: string };
  readonly masterSecrets: { readonly a: string };
  readonly MS: { readonly A: string };
  readonly messages: Readonly<Record<string, string>>;
}

const file = new URL('../../test/vectors/golden-n3072-mode3-P-256.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

/** I_MESSAGE_1, R_MESSAGE_1, I_MESSAGE_2, R_MESSAGE_2, as a network element copied them. */
export const captured: readonly Uint8Array[] = Object.values(golden.messages).map(fromHex);

/** The warranted party: the initiator of the call, served by operator A. */
export const target = identityFromText('sip:alice@operator-a.example');

/** What everybody knows of the target's KMS. */
export const operatorA: { readonly district: District; readonly params: PublicParameters } = {
  district: district(golden.district.a, 1n),
  params: derivePublicParameters(domainParameters(golden.level), BigInt(golden.masterSecrets.a)),
};

/** What only the KMS has: the master secret s of its district. */
export const heldByKms = (): Secret<'IbeMasterSecret'> =>
  new Secret('IbeMasterSecret', fromHex(golden.masterSecrets.a.slice(2)));

/** What only the Provider's Database has: the target's master secret MS of an epoch, and the mode it was given out for. */
export const heldByProvider = () => ({
  masterSecret: new Secret('MasterSecret', fromHex(golden.MS.A)),
  mode: golden.nonceMode,
  epoch: golden.nonceEpoch,
});
