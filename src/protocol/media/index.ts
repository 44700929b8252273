/** Captures, transport, RTP and sound files: octets in, octets out. */
export { addressOctets, addressText, type Endpoint } from './address.ts';
export { readCapture } from './capture.ts';
export type { CapturedPacket } from './captured-packet.ts';
export { tcpFrame, udpFrame, type TcpFlag } from './frames.ts';
export { LINK_TYPE } from './link-layer.ts';
export { pcapHeader, pcapRecord } from './pcap-write.ts';
export { encodeRtcp, parseRtcp, type RtcpPacket } from './rtcp.ts';
export { createMonoWav, type MonoWav } from './mono-wav.ts';
export { encodeMuLaw } from './mu-law.ts';
export { createReception, type Reception } from './reception.ts';
export { encodeRtp, parseRtp, type RtpPacket } from './rtp.ts';
export { createStereoWav, type StereoWav } from './stereo-wav.ts';
export { createTransport, type TcpEvent, type Transport, type TransportEvent, type UdpEvent } from './transport.ts';
export { splitStereoWav } from './split-wav.ts';
export { readSpeechWav } from './wav-read.ts';
