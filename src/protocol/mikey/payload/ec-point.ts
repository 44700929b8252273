/**
 * ECCPT: a key component xP or yP (RFC 6267 6.1.4, choices A2, A3, A4 of profile 3.6). Form and length of the point
 * are checked here; that it lies on the curve is the exchange's check (crypto/ecdh), before the point is used.
 */
import { concat, uint } from '../../../foundation/base/index.ts';
import { broken } from '../field-reader.ts';
import { CURVE_NAMES, named } from '../registry.ts';
import { exactly, type PayloadCodec } from './codec.ts';
import { readKeyValidity, writeKeyValidity, type KeyValidity } from './key-validity.ts';

/** Octets of an uncompressed point 04 || X || Y by curve number: P-256, P-384, P-521. */
export const POINT_LENGTHS: Readonly<Record<number, number>> = { 8: 65, 11: 97, 14: 133 };

/** ECCPT. `authAlgorithm` and `tgkLength` have no meaning (A4): sent as 0, kept as received so that they re-encode. */
export interface EcPointPayload {
  readonly kind: 'ECCPT';
  // Next payload (1) | ECC curve (1) | ECC point | pad | Auth alg (1) | TGK len (2) | Reserved (4 bits) = 0, KV (4 bits) | KV data
  readonly curve: number;
  readonly point: Uint8Array;
  readonly authAlgorithm: number;
  readonly tgkLength: number;
  readonly validity: KeyValidity;
}

/** A2: zero octets up to a 32-bit boundary counted from the Next-payload octet. */
function padLength(pointLength: number): number {
  return (4 - ((2 + pointLength) % 4)) % 4;
}

export const ecPointCodec: PayloadCodec<EcPointPayload> = {
  kind: 'ECCPT',
  number: 25,
  clause: 'RFC 6267 6.1.4',
  read(reader) {
    const curveOffset = reader.offset;
    const curve = reader.uint(1, 'ECC curve', named(CURVE_NAMES));
    const length = POINT_LENGTHS[curve];
    if (length === undefined) broken('InvalidDh', `curve ${String(curve)} is refused`, curveOffset);
    const pointOffset = reader.offset;
    const point = reader.take(length, 'ECC point');
    if (point[0] !== 4) broken('InvalidPoint', 'the point is not in uncompressed form', pointOffset);
    const padOffset = reader.offset;
    if (reader.take(padLength(length), 'pad').some((octet) => octet !== 0))
      broken('BadPadding', 'the pad is not zero', padOffset);
    const authAlgorithm = reader.uint(1, 'authentication algorithm (ignored)');
    const tgkLength = reader.uint(2, 'TGK length (ignored)');
    const kvOffset = reader.offset;
    const kv = reader.uint(1, 'reserved and KV');
    if (kv > 15) broken('BadField', 'the reserved bits are not zero', kvOffset);
    return { kind: 'ECCPT', curve, point, authAlgorithm, tgkLength, validity: readKeyValidity(reader, kv, kvOffset) };
  },
  write: ({ curve, point, authAlgorithm, tgkLength, validity }) =>
    concat(
      uint(curve, 1),
      exactly(point, POINT_LENGTHS[curve], 'ECC point'),
      new Uint8Array(padLength(point.length)),
      uint(authAlgorithm, 1),
      uint(tgkLength, 2),
      uint(validity.kv, 1),
      writeKeyValidity(validity),
    ),
};
