/**
 * Does something with a secret and then looks for it in its own memory: `heap-scan.mjs DIST WORK`, where WORK is one of the
 * names below, the input is JSON on standard input, and every secret in it is masked, so that reading it leaves no copy.
 * Prints how often the secret stands in what can be written of the process.
 */
import { openSync, readFileSync, readSync } from 'node:fs';

const [dist, work] = process.argv.slice(2);
const { Secret, systemRandom } = await import(`${dist}/index.js`);
const ibe = await import(`${dist}/crypto/ibe/index.js`);
const { level, Ppub, masked, needle, id, ciphertext } = JSON.parse(readFileSync(0, 'utf8'));
const params = { ...ibe.domainParameters(level), Ppub: { x: BigInt(Ppub.x), y: BigInt(Ppub.y) } };
const MASK = 0x5a;
const clear = (hex) => Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.substr(2 * i, 2), 16) ^ MASK);
const octets = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
const key = () => new Secret('IbePrivateKey', clear(masked));

const WORKS = {
  issue() {
    const issuer = ibe.createIssuer(params, new Secret('IbeMasterSecret', clear(masked)));
    issuer.issue(octets(id)).wipe();
    issuer.close();
  },
  verify() {
    const privateKey = key();
    ibe.verifyPrivateKeys(params, [{ id: octets(id), privateKey }]);
    privateKey.wipe();
  },
  decrypt() {
    const decryptor = ibe.createDecryptor(params, key());
    decryptor.decrypt(ibe.decodeCiphertext(octets(ciphertext), params)).fill(0);
    decryptor.close();
  },
  encrypt() {
    ibe.encrypt(params, octets(id), systemRandom(16), () => clear(masked));
  },
  keep() {
    globalThis.kept = clear(masked);
  },
};
WORKS[work]();

const wanted = Buffer.from(needle, 'hex');
const memory = openSync('/proc/self/mem');
const buffer = Buffer.alloc(1 << 20);
let found = 0;
for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
  if (from === undefined) continue;
  const end = Number(`0x${to}`);
  for (let at = Number(`0x${from}`); at < end; at += buffer.length - wanted.length) {
    try {
      found += count(readSync(memory, buffer, 0, Math.min(buffer.length, end - at), at));
    } catch {
      break; // not a region that can be read
    }
    buffer.fill(0);
  }
}
console.log(found);

/** Octet by octet against the mask: what is looked for is never put together. */
function count(length) {
  const first = wanted[0] ^ MASK;
  let matches = 0;
  for (let i = buffer.indexOf(first); i >= 0 && i <= length - wanted.length; i = buffer.indexOf(first, i + 1)) {
    let same = 1;
    while (same < wanted.length && (buffer[i + same] ^ MASK) === wanted[same]) same++;
    if (same === wanted.length) matches++;
  }
  return matches;
}
