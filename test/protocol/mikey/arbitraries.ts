/** Arbitrary messages that the codec must carry. */
import fc from 'fast-check';
import type { MikeyMessage } from '../../../src/protocol/mikey/index.ts';

type Payload = MikeyMessage['payloads'][number];

const octets = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const octet = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 0xffffffff });
const some = octets(0, 40);

const validity = fc.oneof(
  fc.record({ kv: fc.constant(0 as const) }),
  fc.record({ kv: fc.constant(1 as const), spi: some }),
  fc.record({ kv: fc.constant(2 as const), from: some, to: some }),
);

/** One of `pairs` of a number and a length, as a record with these names. */
function sized<N extends string, V extends string>(
  name: N,
  value: V,
  pairs: readonly (readonly [number, number])[],
): fc.Arbitrary<Record<N, number> & Record<V, Uint8Array>> {
  return fc
    .constantFrom(...pairs)
    .chain(([number, length]) =>
      octets(length).map((bytes) => ({ [name]: number, [value]: bytes }) as Record<N, number> & Record<V, Uint8Array>),
    );
}

const macs = [
  [0, 0],
  [1, 20],
  [2, 32],
] as const;
const stamps = [
  [0, 8],
  [1, 8],
  [2, 4],
  [3, 4],
] as const;
const kind = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);
const merge = <A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> =>
  fc.tuple(a, b).map(([x, y]) => ({ ...x, ...y }));

const id = fc.record({ idType: fc.integer({ min: 0, max: 2 }), data: some });
const role = (max: number) => fc.record({ role: fc.integer({ min: 1, max }) });

const anywhere: fc.Arbitrary<Payload> = fc.oneof(
  merge(
    fc.record({ kind: kind('KEMAC'), encryption: fc.integer({ min: 0, max: 3 }), encrypted: some }),
    sized('macAlgorithm', 'mac', macs),
  ),
  fc.record({ kind: kind('PKE'), cache: fc.integer({ min: 0, max: 2 }), data: some }),
  merge(
    fc.record({ kind: kind('DH'), validity }),
    sized('group', 'value', [
      [0, 192],
      [1, 96],
      [2, 128],
    ]),
  ),
  merge(fc.record({ kind: kind('ID') }), id),
  merge(merge(fc.record({ kind: kind('IDR') }), role(7)), id),
  fc.record({ kind: kind('CERT'), type: fc.integer({ min: 0, max: 3 }), data: some }),
  merge(
    fc.record({ kind: kind('CHASH') }),
    sized('hashFunction', 'hash', [
      [0, 20],
      [1, 16],
      [2, 32],
    ]),
  ),
  fc.record({
    kind: kind('SP'),
    policy: octet,
    protocol: octet,
    parameters: fc.array(fc.record({ type: octet, value: some }), { maxLength: 5 }),
  }),
  fc.record({ kind: kind('RAND'), value: octets(16, 60) }),
  fc.record({ kind: kind('ERR'), error: octet }),
  merge(merge(fc.record({ kind: kind('TR') }), role(4)), sized('tsType', 'value', stamps)),
  fc.record({ kind: kind('RANDR'), role: octet, value: some }),
  fc.record({ kind: kind('EXT'), type: octet.filter((type) => type !== 3), data: some }),
  fc.record({
    kind: kind('EXT'),
    type: fc.constant(3),
    data: octets(3).map((keyId) => Uint8Array.of(1, 3, ...keyId, 2, 0)),
  }),
  fc.record({ kind: kind('IBAKE'), encrypted: some }),
  fc.record({ kind: kind('ESK'), encrypted: some }),
);

const csMap: fc.Arbitrary<MikeyMessage['csMap']> = fc.oneof(
  fc.record({
    type: fc.constant(0 as const),
    entries: fc.array(fc.record({ policy: octet, ssrc: word, roc: word }), { maxLength: 6 }),
  }),
  fc.record({ type: fc.constant(1 as const), count: octet }),
  fc.record({
    type: fc.constant(2 as const),
    entries: fc.array(
      fc.record({
        csId: octet,
        protocol: octet,
        s: fc.boolean(),
        policies: fc.array(octet, { maxLength: 4 }),
        sessionData: some,
        spi: some,
      }),
      { maxLength: 3 },
    ),
  }),
);

const foreign = fc.constantFrom(0, 1, 2, 3, 4, 5, 6);
const ours = fc.constantFrom(19, 20, 21, 22, 23, 24, 25);
type Body = Pick<MikeyMessage, 'dataType' | 'prf' | 'payloads'>;

/** Data type, PRF and payloads; in types 19 to 25 T is NTP-UTC and V has the algorithm of the PRF. */
const body: fc.Arbitrary<Body> = fc
  .tuple(
    fc.oneof(foreign, ours),
    fc.constantFrom(0 as const, 1 as const),
    fc.array(anywhere, { maxLength: 6 }),
    fc.integer({ min: 0, max: 6 }),
  )
  .chain(([dataType, prf, payloads, at]) => {
    const strict = dataType >= 19;
    const t = merge(fc.record({ kind: kind('T') }), sized('tsType', 'value', strict ? [[0, 8]] : stamps));
    const v = merge(
      fc.record({ kind: kind('V') }),
      sized('algorithm', 'mac', strict ? [macs[prf === 0 ? 1 : 2]] : macs),
    );
    const sign = fc.record({ kind: kind('SIGN'), type: fc.constantFrom(0, 1), signature: octets(0, 300) });
    const last = fc.oneof(v, sign, fc.constant(undefined));
    return fc.tuple(t, last).map(([stamp, end]) => ({
      dataType: dataType as MikeyMessage['dataType'],
      prf,
      payloads: [...payloads.slice(0, at), stamp, ...payloads.slice(at), ...(end === undefined ? [] : [end])],
    }));
  });

/** Any message that the codec carries. */
export const mikeyMessage: fc.Arbitrary<MikeyMessage> = merge(
  body,
  fc.record({ v: fc.boolean(), csbId: octets(4), csMap }),
);
