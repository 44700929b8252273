/**
 * tools/wireshark/halfkey.lua as tshark runs it, and what it must find: our decoder's values, each with its place.
 * Callers say `needs('tshark')` first.
 */
import { spawnSync } from 'node:child_process';
import { HalfkeyError, toHex } from '../../src/foundation/base/index.ts';
import { readEnvelopeHeader } from '../../src/crypto/ibe/index.ts';
import { decodeDer, type DerReader } from '../../src/foundation/der/index.ts';
import { annotate, decodeMessage, type AnnotatedField } from '../../src/protocol/mikey/index.ts';

/** A field of the dissector: its name, where its octets begin, and the octets in hex. */
export type Found = readonly [name: string, offset: number, octets: string];

export interface Dissected {
  /** Fields in the order of the tree, but for those that group others. */
  readonly fields: readonly Found[];
  /** What it says is broken; undefined when nothing is. */
  readonly malformed?: string;
}

/** Names whose fields cover other fields. */
const GROUPS = new Set(['halfkey.payload', 'halfkey.envelope.kem', 'halfkey.malformed']);

/**
 * Each packet of a capture as the dissector reads it. Offsets are from the first octet of the message, of which `before`
 * octets stand in front in the frame. @throws Error when Lua failed
 */
export function dissect(capture: string, before: number, ...options: readonly string[]): Dissected[] {
  const script = ['-X', 'lua_script:tools/wireshark/halfkey.lua'];
  const args = [...script, '-r', capture, '-T', 'pdml', ...options];
  const { status, stdout, stderr } = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (status !== 0 || /lua error/i.test(stdout + stderr)) {
    throw new Error(`tshark: ${stderr}${/.*lua error.*/i.exec(stdout)?.[0] ?? ''}`);
  }
  return stdout
    .split('<packet>')
    .slice(1)
    .map((packet) => {
      const elements = [...packet.matchAll(/<field name="(halfkey\.[a-z_.]*)"([^>]*)>/g)].map(
        ([, name = '', rest = '']) => ({
          name,
          of: (attribute: string): string => new RegExp(` ${attribute}="([^"]*)"`).exec(rest)?.[1] ?? '',
        }),
      );
      const malformed = elements.find(({ name }) => name === 'halfkey.malformed');
      return {
        fields: elements
          .filter(({ name }) => !GROUPS.has(name))
          .map(({ name, of }): Found => [name, Number(of('pos')) - before, of('value')]),
        ...(malformed !== undefined && { malformed: malformed.of('showname') }),
      };
    });
}

/** Our names of fields (annotate.ts) and the dissector's, by payload. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ 'ID role': 'idr.role', 'ID type': 'idr.type', 'ID length': 'idr.length', 'ID data': 'idr.data' },
  ...{ 'RAND role': 'randr.role', 'RAND length': 'randr.length', RAND: 'randr.value' },
  ...{ 'encrypted data length': 'encrypted.length', 'encrypted data': 'encrypted', 'next payload': 'next_payload' },
};
const SHOWN = /^(?:IDR|RANDR|IBAKE|ESK)/;

/** What the dissector must find in a message. @throws HalfkeyError when the message is broken */
export function expected(bytes: Uint8Array): Found[] {
  decodeMessage(bytes);
  const leaf = ({ name, offset, octets }: AnnotatedField): Found => [`halfkey.${NAMES[name] ?? name}`, offset, octets];
  const head: Found[] = [
    ['halfkey.data_type', 1, toHex(bytes.subarray(1, 2))],
    ['halfkey.csb_id', 4, toHex(bytes.subarray(4, 8))],
  ];
  const payloads = annotate(bytes).filter(({ name }) => SHOWN.test(name));
  return [
    ...head,
    ...payloads.flatMap(({ fields = [] }) =>
      fields.flatMap((field) => [
        leaf(field),
        ...(field.name === 'encrypted data' ? envelopeFields(bytes, field.offset, field.length) : []),
      ]),
    ),
  ];
}

/** The fields of an envelope of any level. @throws HalfkeyError `BadEnvelope`, `BadDer`, `InvalidEncryptionAlgorithm` */
function envelopeFields(bytes: Uint8Array, offset: number, length: number): Found[] {
  const octets = bytes.subarray(offset, offset + length);
  readEnvelopeHeader(octets);
  const found: Found[] = [];
  const add = (name: string, view: Uint8Array): void => {
    found.push([`halfkey.${name}`, view.byteOffset - bytes.byteOffset, toHex(view)]);
  };
  /** An element whose value is no view: short, so that its contents begin two octets behind. */
  const addText = (name: string, s: DerReader, read: () => string): void => {
    const from = s.offset + 2;
    read();
    add(name, octets.subarray(from, s.offset));
  };
  decodeDer(octets, (s) => {
    add('envelope.version', s.integerOctets());
    addText('envelope.ibe_alg', s, () => s.oid());
    add('envelope.serial', s.integerOctets());
    addText('envelope.not_before', s, () => s.generalizedTime());
    const kem = s.sequence();
    const version = kem.integerOctets();
    if (toHex(version) !== '02') throw new HalfkeyError('BadEnvelope', 'version is not 2');
    add('kem.version', version);
    const u = kem.sequence();
    add('kem.u.x', u.integerOctets());
    add('kem.u.y', u.integerOctets());
    u.finish();
    add('kem.v', kem.octetString());
    add('kem.w', kem.octetString());
    kem.finish();
    const dem = s.octetString();
    if (dem.length < 16) throw new HalfkeyError('BadEnvelope', 'dem is shorter than its tag');
    add('envelope.dem', dem.subarray(0, -16));
    add('envelope.tag', dem.subarray(-16));
  });
  return found.filter(([, , hex]) => hex !== '');
}
