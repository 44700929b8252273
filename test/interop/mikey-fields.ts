/**
 * A MIKEY message as the fields that tshark 4.0 has for it, made from our decoder's value: what must be equal when both
 * read the same octets. What tshark does not know it leaves empty: payloads from IBAKE on, and V by SHA-256.
 */
import { ntpToUnixSeconds, toHex, type NtpTime } from '../../src/foundation/base/index.ts';
import { latin1 } from '../../src/foundation/base/bytes.ts';
import { pcapHeader, pcapRecord, udpFrame } from '../../src/protocol/media/index.ts';
import type { MikeyMessage } from '../../src/protocol/mikey/index.ts';
import { tsharkFields } from './judges.ts';

type Payload = MikeyMessage['payloads'][number];
type Of<Kind extends Payload['kind']> = Extract<Payload, { readonly kind: Kind }>;
const hex8 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
const NUMBERS: Readonly<Partial<Record<Payload['kind'], number>>> = {
  ...{ T: 5, V: 9, SP: 10, RAND: 11, IDR: 14, EXT: 21, IBAKE: 22, ESK: 23 },
};
/** tshark's names of the parameters of an SRTP policy. */
const PARAMETERS: Readonly<Record<string, number>> = {
  ...{ encr_alg: 0, encr_len: 1, auth_alg: 2, auth_key_len: 3, salt_len: 4, prf: 5, kd_rate: 6, srtp_encr: 7 },
  ...{ srtcp_encr: 8, fec: 9, srtp_auth: 10, auth_tag_len: 11, srtp_prefix: 12 },
};

/** The values of one field for each payload of a kind, in the order of the message. */
const each =
  <Kind extends Payload['kind']>(
    kind: Kind,
    value: (payload: Of<Kind>) => string | number | readonly (string | number)[],
  ) =>
  ({ payloads }: MikeyMessage): string[] =>
    payloads
      .filter((payload): payload is Of<Kind> => payload.kind === kind)
      .flatMap(value)
      .map(String);

const sessions =
  (value: (entry: { readonly policy: number; readonly ssrc: number; readonly roc: number }) => string) =>
  ({ csMap }: MikeyMessage): string[] =>
    csMap.type === 0 ? csMap.entries.map(value) : [];

const parameters = (type: number): ((message: MikeyMessage) => string[]) =>
  each('SP', (sp) => sp.parameters.flatMap((parameter) => (parameter.type === type ? [parameter.value[0] ?? ''] : [])));

/** Field by field, what tshark must find. */
export const FIELDS: Readonly<Record<string, (message: MikeyMessage) => readonly string[]>> = {
  '_ws.malformed': () => [],
  'mikey.version': () => ['1'],
  'mikey.type': ({ dataType }) => [String(dataType)],
  'mikey.next_payload': ({ payloads }) => [...payloads.map(({ kind }) => String(NUMBERS[kind])), '0'],
  'mikey.v.set': ({ v }) => [v ? '1' : '0'],
  'mikey.prf_func': ({ prf }) => [String(prf)],
  'mikey.csb_id': ({ csbId }) => [`0x${toHex(csbId)}`],
  'mikey.cs_count': ({ csMap }) => [String(csMap.type === 1 ? csMap.count : csMap.entries.length)],
  'mikey.cs_id_map_type': ({ csMap }) => [String(csMap.type)],
  'mikey.srtp_id.policy_no': sessions(({ policy }) => String(policy)),
  'mikey.srtp_id.ssrc': sessions(({ ssrc }) => hex8(ssrc)),
  'mikey.srtp_id.roc': sessions(({ roc }) => hex8(roc)),
  'mikey.t.ts_type': each('T', ({ tsType }) => tsType),
  'mikey.t.ntp': each('T', ({ value }) => wordyTime(value as NtpTime)),
  'mikey.rand.len': each('RAND', ({ value }) => value.length),
  'mikey.rand.data': each('RAND', ({ value }) => toHex(value)),
  'mikey.id.role': each('IDR', ({ role }) => role),
  'mikey.id.type': each('IDR', ({ idType }) => idType),
  'mikey.id.len': each('IDR', ({ data }) => data.length),
  'mikey.id.data': each('IDR', ({ data }) => latin1(data)),
  'mikey.sp.no': each('SP', ({ policy }) => policy),
  'mikey.sp.proto_type': each('SP', ({ protocol }) => protocol),
  'mikey.sp.param_len': each('SP', (sp) => sp.parameters.reduce((sum, { value }) => sum + 2 + value.length, 0)),
  'mikey.sp.param.type': each('SP', (sp) => sp.parameters.map(({ type }) => type)),
  'mikey.sp.param.len': each('SP', (sp) => sp.parameters.map(({ value }) => value.length)),
  'mikey.sp.patam.value': each('SP', (sp) => sp.parameters.map(({ value }) => toHex(value))),
  ...Object.fromEntries(Object.entries(PARAMETERS).map(([name, type]) => [`mikey.sp.${name}`, parameters(type)])),
  'mikey.ext.type': each('EXT', ({ type }) => type),
  'mikey.ext.len': each('EXT', ({ data }) => data.length),
  'mikey.ext.value': each('EXT', ({ data }) => latin1(data)),
  'mikey.v.auth_alg': each('V', ({ algorithm }) => algorithm),
  'mikey.v.ver_data': each('V', ({ algorithm, mac }) => (algorithm === 1 ? toHex(mac) : [])),
};
export type FieldValues = Readonly<Record<string, readonly string[]>>;

/** `Jan  1, 2025 12:00:00.500000000 UTC`, the fraction cut to nanoseconds. */
function wordyTime(t: NtpTime): string {
  const date = new Date(ntpToUnixSeconds(t) * 1000).toUTCString(); // Wed, 01 Jan 2025 12:00:00 GMT
  const [, day, month, year, time] = date.split(' ');
  const fraction = Buffer.from(t).readUInt32BE(4);
  const nanoseconds = String((BigInt(fraction) * 1_000_000_000n) >> 32n).padStart(9, '0');
  return `${String(month)} ${String(Number(day)).padStart(2)}, ${String(year)} ${String(time)}.${nanoseconds} UTC`;
}

/** What tshark finds in each packet of a capture that carries MIKEY. */
export function tsharkReads(capture: string): FieldValues[] {
  const names = Object.keys(FIELDS);
  return tsharkFields(capture, { ports: [], filter: 'mikey', fields: names }).map((row) =>
    Object.fromEntries(names.map((name, i) => [name, (row[i] ?? '').split('|').filter((value) => value !== '')])),
  );
}

/** The names of the fields in which tshark's reading is not ours. */
export function differences(theirs: FieldValues | undefined, message: MikeyMessage): string[] {
  return Object.entries(FIELDS)
    .filter(([name, ours]) => JSON.stringify(theirs?.[name]) !== JSON.stringify(ours(message)))
    .map(([name]) => name);
}

/** A pcap file with a message a datagram, on the port of MIKEY (RFC 3830 8). */
export function mikeyCapture(messages: readonly Uint8Array[]): Uint8Array {
  const [source, destination] = [1, 2].map((host) => ({ address: `192.0.2.${String(host)}`, port: 2269 }));
  const records = messages.map((message, i) =>
    pcapRecord(1_735_732_800_000 + i, udpFrame(source!, destination!, message)),
  );
  return Buffer.concat([pcapHeader(), ...records]);
}
