/**
 * Reading MIKEY-IBAKE: every octet of a message has a field, and what cannot be read is a coded error with an offset.
 *
 * Run it: npx tsx examples/mikey-decode.ts
 */
import { isHalfkeyError } from 'halfkey';
import { annotate, decodeMessage, encodeMessage, mikeyText, readIbakeMessage } from 'halfkey/mikey';
import { captured } from './support/golden-call.ts';

// The four messages of a call: who speaks to whom, and what is encrypted.
for (const octets of captured) {
  const { type, encrypted, csMap, idri, idrr } = readIbakeMessage(octets);
  const sealed = encrypted === undefined ? 'nothing encrypted' : `${String(encrypted.length)} octets encrypted`;
  console.log(`${type}: ${String(octets.length)} octets, ${sealed}, ${String(csMap.length)} crypto sessions`);
  if (type === 'I_MESSAGE_1') console.log(`  ${idri.text} calls ${idrr.text}`);
}

// The last message octet by octet, as `halfkey mikey decode` prints it.
const last = captured.at(-1) as Uint8Array;
process.stdout.write(mikeyText(annotate(last)));

// What decodes encodes to the same octets; what does not decode says where.
const again = encodeMessage(decodeMessage(last));
console.log(`encoded again: ${again.every((octet, i) => octet === last[i]) ? 'the same octets' : 'other octets'}`);
try {
  decodeMessage(last.subarray(0, 40));
} catch (error) {
  if (isHalfkeyError(error)) console.log(`cut off: ${error.code} at octet ${String(error.offset)}`);
}
