/** Sockets of a call: TCP for SIP, UDP for media. Apart from the other barrel, which most roles load without these. */
export { connectTcp, type SocketAddress, type TcpConnection } from './tcp.ts';
export { listenTcp, type TcpListener } from './tcp-listen.ts';
export { bindUdp, bindUdpPair, type UdpSocket } from './udp.ts';
