/**
 * Limits of an endpoint (protocol profile 5.4, 4.3, 2.3) as data: the machines here keep those of one message and one
 * exchange, and whoever runs them counts exchanges, queue and rates.
 */
export const IBAKE_LIMITS = {
  /** Octets of a message that is read at all. */
  messageOctets: 8192,
  /** |T - clock| of I_MESSAGE_1 and I_MESSAGE_2, in seconds. */
  skewSeconds: 300,
  /** How much longer than the window a replay key is kept, in seconds. */
  replayMarginSeconds: 60,
  /** Replay keys kept of one caller, and of all. */
  replayPerCaller: 64,
  replayInAll: 4096,
  /** Part of these for I_MESSAGE_1 over SIP hops that are not authenticated. */
  replayShareUnauthenticated: 0.75,
  /** R_MESSAGE_1 of one I_MESSAGE_1. */
  answersPerCall: 8,
  /** 64*T1 of RFC 3261 17.1.1.2: how long a half-open exchange lives, in milliseconds. */
  halfOpenMs: 32_000,
  /** Half-open exchanges of one caller, and of all. */
  halfOpenPerCaller: 4,
  halfOpenInAll: 64,
  /** I_MESSAGE_1 a minute of one caller, and over one SIP hop. */
  invitationsPerMinutePerCaller: 5,
  invitationsPerMinutePerHop: 30,
  /** Decryptions at a time, and waiting for their turn. */
  decryptionsAtATime: 1,
  decryptionsQueued: 10,
} as const;
