/**
 * `halfkey mikey decode`: an annotated reading of a MIKEY message, octet by octet, from base64, hex, a file or a capture.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { fromBase64, fromHex, HalfkeyError } from '../../foundation/base/index.ts';
import { annotate, mikeyText } from '../../protocol/mikey/index.ts';
import { capturedMikey } from './captured-mikey.ts';
import { createOutput, type OutputFlags } from './output.ts';

/** Larger inputs are captures or mistakes: a MIKEY message fits a SIP body. */
const MAX_MESSAGE = 65_535;

export function addMikey(program: Command, done: (status: number) => void): void {
  program
    .command('mikey')
    .description('MIKEY and MIKEY-IBAKE messages')
    .command('decode')
    .description(
      'annotated reading of a message: base64, hex, a file of either or of raw octets, a pcap or pcapng capture, or - for standard input',
    )
    .argument('<input>', 'the message, or where it is')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .action(async (input: string, flags: OutputFlags) => {
      const output = createOutput(flags);
      const found = await messagesOf(input);
      if (found.length === 0) throw new HalfkeyError('BadCapture', 'the capture holds no a=key-mgmt:mikey attribute');
      const messages = found.map(({ label, bytes }) => ({ label, octets: bytes.length, fields: annotate(bytes) }));
      output.result(
        { messages },
        messages
          .map(({ label, octets, fields }) => `${label}, ${String(octets)} octets\n${mikeyText(fields)}`)
          .join('\n'),
      );
      done(messages.some(({ fields }) => fields.at(-1)?.error !== undefined) ? 2 : 0);
    });
}

interface Found {
  readonly label: string;
  readonly bytes: Uint8Array;
}

async function messagesOf(input: string): Promise<Found[]> {
  const literal = octetsOf(input);
  if (literal !== undefined) return [{ label: 'argument', bytes: literal }];
  const first = input === '-' ? undefined : await firstOctets(input);
  if (first !== undefined && isCapture(first)) return capturedMikey(createReadStream(input));
  const content = await readAll(input === '-' ? process.stdin : createReadStream(input));
  const bytes = octetsOf(new TextDecoder('latin1').decode(content).replace(/\s+/g, '')) ?? content;
  return [{ label: input === '-' ? 'standard input' : input, bytes }];
}

/** The octets of a text that is hex or base64, and long enough to be a message. */
function octetsOf(text: string): Uint8Array | undefined {
  if (text.length < 16) return undefined;
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) return fromHex(text);
  try {
    return fromBase64(text.replace(/^a=key-mgmt:\s?mikey\s+/, ''));
  } catch {
    return undefined;
  }
}

async function firstOctets(file: string): Promise<Uint8Array> {
  let handle;
  try {
    handle = await open(file);
  } catch {
    throw new HalfkeyError('USAGE', 'the input is neither hex, nor base64, nor a file that can be read');
  }
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Magic numbers of pcap (both orders, micro- and nanoseconds) and pcapng. */
function isCapture(first: Uint8Array): boolean {
  return ['d4c3b2a1', 'a1b2c3d4', '4d3cb2a1', 'a1b23c4d', '0a0d0d0a'].includes(Buffer.from(first).toString('hex'));
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const part = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    length += part.length;
    if (length > 2 * MAX_MESSAGE) throw new HalfkeyError('USAGE', 'the input is too long for a MIKEY message');
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}
