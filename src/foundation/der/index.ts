/** Strict DER (ITU-T X.690 10, 11): the few universal types that RFC 5091 section 8 and RFC 5408 use. */
export { DerReader, decodeDer } from './reader.ts';
export {
  derGeneralizedTime,
  derIa5String,
  derInteger,
  derIntegerOctets,
  derOctetString,
  derOid,
  derSequence,
} from './writer.ts';
export { TAG, type DerTag } from './tags.ts';
