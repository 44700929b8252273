/**
 * Identity-based encryption alone (RFC 5091 Boneh-Franklin): whoever knows the parameters of a district can encrypt to
 * any of its identities; only the district can make the key that opens it.
 *
 *   PKG              setup: s, P_pub = [s]P
 *   sender           encrypt to an identity; asks nobody
 *   PKG -> receiver  S_id = [s]Q_id
 *   receiver         decrypt
 *
 * Run it: npx tsx examples/ibe.ts
 */
import { isHalfkeyError, systemRandom, toHex } from 'halfkey';
import { decrypt, domainParameters, encrypt, extractPrivateKey, setup, validatePublicParameters } from 'halfkey/ibe';

// PKG: a fresh master secret over the built-in domain of level 3072 (p of 1536 bits).
const domain = domainParameters(3072);
const { params, masterSecret } = setup(domain, systemRandom);
console.log(
  `parameters: level ${String(params.level)}, p of ${String(params.p.toString(2).length)} bits, ${params.hash}`,
);

// Sender: checks the parameters once, then encrypts. What is encrypted is a random key, never a message.
validatePublicParameters(params);
const identity = new TextEncoder().encode('bob@example.com');
const key = systemRandom(32);
const ciphertext = encrypt(params, identity, key, systemRandom);
console.log(`ciphertext: U, V of ${String(ciphertext.v.length)} octets, W of ${String(ciphertext.w.length)} octets`);

// PKG -> receiver, receiver: decrypt.
const privateKey = extractPrivateKey(domain, masterSecret, identity);
const opened = decrypt(params, privateKey, ciphertext);
console.log(`opened: ${toHex(opened) === toHex(key) ? 'the same key' : 'another key'}`);

// Anybody else, and every change, gives one and the same error.
const somebodyElse = extractPrivateKey(domain, masterSecret, new TextEncoder().encode('eve@example.com'));
try {
  decrypt(params, somebodyElse, ciphertext);
} catch (error) {
  console.log(`another's key: ${isHalfkeyError(error, 'IbeDecryptFailed') ? 'IbeDecryptFailed' : 'something else'}`);
}
