/** What `halfkey mikey decode` does: finds the messages in its input, and reads them octet by octet. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { fromBase64, fromHex, HalfkeyError } from '../../foundation/base/index.ts';
import { annotate, mikeyText } from '../../protocol/mikey/index.ts';
import { capturedMikey } from './captured-mikey.ts';
import { createOutput, type OutputFlags } from './output.ts';

/** Larger inputs are captures or mistakes: a MIKEY message fits a SIP body. */
const MAX_MESSAGE = 65_535;

/**
 * Prints the reading of every message in `input`.
 *
 * @returns the exit status: 2 when a message is damaged, which its reading says at the place
 * @throws HalfkeyError `USAGE`, `BadCapture`
 */
export async function decode(input: string, flags: OutputFlags): Promise<number> {
  const output = createOutput(flags);
  const found = await messagesOf(input);
  if (found.length === 0) throw new HalfkeyError('BadCapture', 'the capture holds no a=key-mgmt:mikey attribute');
  const messages = found.map(({ label, bytes }) => ({ label, octets: bytes.length, fields: annotate(bytes) }));
  const errors = messages.flatMap(({ fields }) => fields.at(-1)?.error ?? []);
  output.result(
    { messages, ...(errors[0] === undefined ? {} : { error: errors[0] }) },
    messages.map(({ label, octets, fields }) => `${label}, ${String(octets)} octets\n${mikeyText(fields)}`).join('\n'),
  );
  return errors.length > 0 ? 2 : 0;
}

interface Found {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** What stands in a file of that name, or else in the argument itself. */
async function messagesOf(input: string): Promise<Found[]> {
  if (input === '-') return messagesIn(process.stdin, 'standard input');
  if (await isFile(input)) return messagesIn(createReadStream(input), input);
  const literal = octetsOf(input);
  if (literal === undefined)
    throw new HalfkeyError('USAGE', 'the input is neither hex, nor base64, nor a file that can be read');
  return [{ label: 'argument', bytes: literal }];
}

async function messagesIn(stream: AsyncIterable<Uint8Array | string>, label: string): Promise<Found[]> {
  const chunks = octetChunks(stream);
  const head: Uint8Array[] = [];
  // A pipe may give less than the four octets that tell a capture.
  while (Buffer.concat(head).length < 4) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    head.push(value);
  }
  const whole = (async function* (): AsyncGenerator<Uint8Array> {
    yield* head;
    yield* chunks;
  })();
  if (isCapture(Buffer.concat(head).subarray(0, 4))) return capturedMikey(whole);
  const content = await readAll(whole);
  const bytes = octetsOf(new TextDecoder('latin1').decode(content)) ?? content;
  return [{ label, bytes }];
}

/** The octets of a text that is hex, base64, or an attribute line of either; blanks and line ends do not count. */
function octetsOf(text: string): Uint8Array | undefined {
  const data = text.replace(/^\s*a=key-mgmt:\s?mikey\s/, '').replace(/\s+/g, '');
  if (data.length < 16) return undefined;
  if (/^(?:[0-9a-fA-F]{2})+$/.test(data)) return fromHex(data);
  try {
    return fromBase64(data);
  } catch {
    return undefined;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    const handle = await open(path);
    try {
      const found = await handle.stat();
      return !found.isDirectory();
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

/** Magic numbers of pcap (both orders, micro- and nanoseconds) and pcapng. */
function isCapture(first: Uint8Array): boolean {
  return ['d4c3b2a1', 'a1b2c3d4', '4d3cb2a1', 'a1b23c4d', '0a0d0d0a'].includes(Buffer.from(first).toString('hex'));
}

async function* octetChunks(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunks) {
    length += part.length;
    if (length > 2 * MAX_MESSAGE) throw new HalfkeyError('USAGE', 'the input is too long for a MIKEY message');
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}
