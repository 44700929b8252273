/**
 * The pcapng file format (draft-ietf-opsawg-pcapng-02): sections in either byte order, several interfaces, timestamps
 * by if_tsresol and if_tsoffset. Blocks: section header, interface description, enhanced, simple and obsolete packet;
 * the others are skipped.
 */
import { badCapture, MAX_BLOCK, MAX_PACKET, type CapturedPacket } from './captured-packet.ts';
import type { OctetQueue } from './octet-queue.ts';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Ticks a second. */
  readonly resolution: bigint;
  readonly offsetSeconds: bigint;
}

/** What one section knows: its byte order, its interfaces, and the last time seen, which simple packets take. */
interface Section {
  readonly littleEndian: boolean;
  readonly interfaces: Interface[];
  timeMs: number;
}

/** A block's body with its place in the file. */
interface Block {
  readonly type: number;
  readonly start: number;
  readonly body: DataView;
}

/** Reads on after the first block type. @throws HalfkeyError `BadCapture` */
export async function* readPcapng(queue: OctetQueue): AsyncGenerator<CapturedPacket> {
  let start = queue.offset - 4;
  let section: Section = { littleEndian: false, interfaces: [], timeMs: 0 };
  let typeOctets: Uint8Array = Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a);
  for (;;) {
    const type = new DataView(typeOctets.buffer, typeOctets.byteOffset, 4).getUint32(0, section.littleEndian);
    if (type === SECTION_HEADER) section = await readSectionHeader(queue, start);
    else {
      const packet = handle(await readBlock(queue, type, start, section.littleEndian), section);
      if (packet !== undefined) yield packet;
    }
    start = queue.offset;
    typeOctets = await queue.take(4);
    if (typeOctets.length === 0) return;
    if (typeOctets.length < 4) throw badCapture('a block is cut off', start);
  }
}

/** Section header: length 4, byte-order magic 4, major 2, minor 2, section length 8, options; length 4 again. */
async function readSectionHeader(queue: OctetQueue, start: number): Promise<Section> {
  const head = await queue.take(8);
  if (head.length < 8) throw badCapture('a section header is cut off', start);
  const fields = new DataView(head.buffer, head.byteOffset, 8);
  const magic = fields.getUint32(4);
  if (magic !== 0x1a2b3c4d && magic !== 0x4d3c2b1a) throw badCapture('a section without byte-order magic', start);
  const littleEndian = magic === 0x4d3c2b1a;
  const body = await readBody(queue, start, fields.getUint32(0, littleEndian), 12, littleEndian);
  if (body.byteLength < 12) throw badCapture('a section header is too short', start);
  if (body.getUint16(0, littleEndian) !== 1) throw badCapture('a pcapng version other than 1', start);
  return { littleEndian, interfaces: [], timeMs: 0 };
}

async function readBlock(queue: OctetQueue, type: number, start: number, littleEndian: boolean): Promise<Block> {
  const head = await queue.take(4);
  if (head.length < 4) throw badCapture('a block is cut off', start);
  const total = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, littleEndian);
  return { type, start, body: await readBody(queue, start, total, 8, littleEndian) };
}

/** The rest of a block of `total` octets of which `read` are taken, without the repeated length, which must agree. */
async function readBody(
  queue: OctetQueue,
  start: number,
  total: number,
  read: number,
  littleEndian: boolean,
): Promise<DataView> {
  if (total < read + 4 || total % 4 !== 0 || total > MAX_BLOCK) {
    throw badCapture(`a block of ${String(total)} octets`, start);
  }
  const rest = await queue.take(total - read);
  if (rest.length < total - read) throw badCapture('a block is cut off', start);
  const length = rest.length - 4;
  if (new DataView(rest.buffer, rest.byteOffset, rest.length).getUint32(length, littleEndian) !== total) {
    throw badCapture('the two lengths of a block differ', start);
  }
  return new DataView(rest.buffer, rest.byteOffset, length);
}

function handle(block: Block, section: Section): CapturedPacket | undefined {
  const { body, start } = block;
  const little = section.littleEndian;
  const field = (offset: number): number => {
    if (offset + 4 > body.byteLength) throw badCapture('a block is too short for its type', start);
    return body.getUint32(offset, little);
  };
  const octets = (offset: number, length: number): Uint8Array => {
    if (length > MAX_PACKET || offset + length > body.byteLength) {
      throw badCapture(`a packet of ${String(length)} octets in a smaller block`, start);
    }
    return new Uint8Array(body.buffer, body.byteOffset + offset, length);
  };
  const interfaceOf = (number: number): Interface => {
    const found = section.interfaces[number];
    if (found === undefined) throw badCapture('a packet of an undescribed interface', start);
    return found;
  };
  const stamped = (number: number): CapturedPacket => {
    const { linkType, resolution, offsetSeconds } = interfaceOf(number);
    const ticks = (BigInt(field(4)) << 32n) | BigInt(field(8));
    const seconds = Number(ticks / resolution + offsetSeconds);
    section.timeMs = seconds * 1000 + (Number(ticks % resolution) * 1000) / Number(resolution);
    return { timeMs: section.timeMs, linkType, bytes: octets(20, field(12)) };
  };
  switch (block.type) {
    case INTERFACE_DESCRIPTION:
      section.interfaces.push(readInterface(body, start, little));
      return undefined;
    case ENHANCED_PACKET: // interface 4, time high 4, time low 4, captured 4, original 4, octets
      return stamped(field(0));
    case OBSOLETE_PACKET: // interface 2, drops 2, and on as the enhanced packet
      field(0);
      return stamped(body.getUint16(0, little));
    case SIMPLE_PACKET: {
      // original length 4, octets as far as the snapshot length of interface 0; no time
      const { linkType, snapLength } = interfaceOf(0);
      const original = field(0);
      return {
        timeMs: section.timeMs,
        linkType,
        bytes: octets(4, snapLength === 0 ? original : Math.min(original, snapLength)),
      };
    }
    default:
      return undefined;
  }
}

/** Interface description: link type 2, reserved 2, snapshot length 4, options {code 2, length 2, value, padding to 4}. */
function readInterface(body: DataView, start: number, little: boolean): Interface {
  if (body.byteLength < 8) throw badCapture('an interface description is too short', start);
  let resolution = 1_000_000n;
  let offsetSeconds = 0n;
  for (let offset = 8; offset + 4 <= body.byteLength;) {
    const code = body.getUint16(offset, little);
    const length = body.getUint16(offset + 2, little);
    const value = offset + 4;
    if (code === 0) break;
    if (value + length > body.byteLength) throw badCapture('an option is longer than its block', start);
    if (code === 9 && length === 1) {
      const exponent = body.getUint8(value);
      resolution = exponent < 0x80 ? 10n ** BigInt(exponent) : 2n ** BigInt(exponent & 0x7f);
    } else if (code === 14 && length === 8) {
      offsetSeconds = body.getBigInt64(value, little);
    }
    offset = value + Math.ceil(length / 4) * 4;
  }
  return { linkType: body.getUint16(0, little), snapLength: body.getUint32(4, little), resolution, offsetSeconds };
}
