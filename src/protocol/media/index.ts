/** Captures, transport, RTP and sound files: octets in, octets out. */
export { addressOctets, addressText, type Endpoint } from './address.ts';
export { readCapture } from './capture.ts';
export type { CapturedPacket } from './captured-packet.ts';
export { tcpFrame, udpFrame, type TcpFlag, type TcpFrameOptions } from './frames.ts';
export { LINK_TYPE } from './link-layer.ts';
export { pcapHeader, pcapRecord } from './pcap-write.ts';
export { parseRtp, type RtpPacket } from './rtp.ts';
export { createStereoWav, type StereoWav, type StereoWavOptions } from './stereo-wav.ts';
export { createTransport, type TcpEvent, type Transport, type TransportEvent, type UdpEvent } from './transport.ts';
