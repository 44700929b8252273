/** REQUEST_KEY messages and the key transport inside KEMAC (RFC 6267 4.2.1, protocol profile 3.7). */
export {
  readRequestKey,
  readRequestKeyResponse,
  type KeyRequest,
  type KeyResponse,
  type KeyWish,
} from './request-key.ts';
export { decodeKeyTransport, encodeKeyTransport, type TransportedKey, type TransportedKeys } from './key-transport.ts';
