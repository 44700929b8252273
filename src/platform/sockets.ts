/** Sockets of a call: TCP for SIP, UDP for media. Apart from the other barrel, which most roles load without these. */
export { connectTcp, listenTcp, type SocketAddress, type TcpConnection, type TcpListener } from './tcp.ts';
export { bindUdp, bindUdpPair, type UdpSocket } from './udp.ts';
