/** The encrypted secret key of stored media (protocol profile 6.3): its plaintext and associated data. */
export { eskAad } from '../aad.ts';
export { decodeEskPlaintext, encodeEskPlaintext, type EskPlaintext } from './esk-plaintext.ts';
