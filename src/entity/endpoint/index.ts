/** A client: its keys, its exchange and its calls. */
export type {
  EndpointKeys,
  NonceSecret,
  PeerDistrict,
  PortDecryptor,
  PortParameters,
  ProvisioningRequest,
  SerialPins,
} from './ports.ts';
