/**
 * Every error code, in one table: whose fault it is, what goes on which wire, the exit status
 * of a command that ends with it, what it means and what to do. docs/errors.md is made from it.
 */
export interface ErrorRow {
  /** Who has to act: who called us, the far terminal, who runs this holder, or we. */
  readonly fault: 'caller' | 'peer' | 'operator' | 'us';
  readonly http: number;
  /** Error number of a MIKEY ERR payload (RFC 3830 6.12, RFC 4738), where one may be sent. */
  readonly mikey?: number;
  /** 1 misuse or bad input, 2 a result is not as wished, 3 refused, 70 our fault, 130 interrupted. */
  readonly exit: 1 | 2 | 3 | 70 | 130;
  readonly meaning: string;
  readonly hint: string;
}

const table = {
  // Octets and texts
  BadHex: { fault: 'caller', http: 400, exit: 1, meaning: 'A text is not hexadecimal.', hint: 'give an even number of hex digits and nothing else' },
  BadBase64: { fault: 'caller', http: 400, exit: 1, meaning: 'A text is not canonical base64.', hint: 'give padded base64 without line breaks' },
  Truncated: { fault: 'peer', http: 422, mikey: 13, exit: 1, meaning: 'The input ends inside a field.', hint: 'the offset names the field that was cut: capture or send the whole message' },
  TrailingData: { fault: 'peer', http: 422, mikey: 13, exit: 1, meaning: 'Octets follow the end of the structure.', hint: 'send exactly one structure' },
  BadDer: { fault: 'peer', http: 422, mikey: 13, exit: 1, meaning: 'Not DER, or not the only DER encoding of the value.', hint: 'encode with minimal lengths and integers, definite lengths and no trailing octets' },
  // Identities and epochs
  InvalidIdentity: { fault: 'caller', http: 400, mikey: 7, exit: 1, meaning: 'A text cannot be made a canonical identity (protocol profile 2.3).', hint: 'use a sip, sips or global tel URI, or a NAI, of printable ASCII' },
  InvalidId: { fault: 'peer', http: 422, mikey: 7, exit: 2, meaning: 'An IDR payload is missing, of a refused type, or not in canonical form.', hint: 'the sender must canonicalise the identity before it puts it on the wire' },
  EpochMismatch: { fault: 'peer', http: 422, exit: 2, meaning: 'The key epoch of an envelope is not the one that contains T.', hint: 'the sender must encrypt for the epoch of the T payload of the same message' },
  // Curve and identity-based encryption
  BadPoint: { fault: 'caller', http: 422, exit: 1, meaning: 'Coordinates are outside the field, off the curve, or of the wrong order.', hint: 'check where the point comes from' },
  BadParameters: { fault: 'peer', http: 422, exit: 1, meaning: 'Domain or public parameters fail a check, which the message names.', hint: "fetch the parameters again from the district's publication point" },
  LevelRefused: { fault: 'operator', http: 422, exit: 1, meaning: 'The level is for tests only.', hint: 'use 2048, 3072 or 7680; tests set unsafeTestLevel1024' },
  BadPrivateKey: { fault: 'peer', http: 422, exit: 1, meaning: 'A private key does not belong to this identity and these parameters.', hint: 'have the key issued again' },
  ParametersUnusable: { fault: 'operator', http: 422, exit: 1, meaning: "A district's parameters or table entry may not be used: expired, not yet valid, or of a lower serial than seen before.", hint: 'the message names the reason: fetch a current federation table' },
  BadEnvelope: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'The encrypted part is not a well-formed envelope.', hint: 'the sender must encode as DER with the sizes of the level' },
  IbeDecryptFailed: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'The encrypted part does not open; the causes are not told apart on purpose.', hint: 'check recipient, epoch and serial; a changed clear part has the same effect' },
  UnknownParameterSerial: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'The envelope names a parameter serial that is not held.', hint: 'fetch the current parameters of the district' },
  NoKeyForEpoch: { fault: 'operator', http: 422, mikey: 0, exit: 2, meaning: 'No private key of that epoch is held.', hint: 'provision the epoch, or accept that it has been erased' },
  IssueWindow: { fault: 'caller', http: 422, mikey: 0, exit: 3, meaning: 'The key epoch asked for is over, or too far ahead.', hint: 'ask for the previous, the current or a coming epoch inside issueAhead' },
  NOT_OWN_IDENTITY: { fault: 'caller', http: 403, mikey: 0, exit: 3, meaning: 'A client asked for keys of an identity that is not its own.', hint: 'ask for the identity of the certificate, or one of its devices' },
  UNKNOWN_SUBSCRIBER: { fault: 'caller', http: 404, mikey: 0, exit: 3, meaning: 'The holder does not serve the identity.', hint: 'have the subscriber registered' },
  PEER_UNKNOWN: { fault: 'operator', http: 404, exit: 2, meaning: 'No entry of the federation table covers the identity.', hint: "add the peer's domain or number prefix to the table" },
  FEDERATION_TABLE: { fault: 'operator', http: 422, exit: 1, meaning: 'The federation table is malformed, or not signed by the key that this client trusts.', hint: 'fetch the table again from its publisher' },
  InvalidEncryptionAlgorithm: { fault: 'peer', http: 422, mikey: 4, exit: 2, meaning: 'The envelope uses another algorithm than Boneh-Franklin.', hint: 'encrypt with bf' },
  KernelUnavailable: { fault: 'operator', http: 500, exit: 1, meaning: 'HALFKEY_KERNEL names no arithmetic kernel, or one that cannot run on this host.', hint: 'unset it to let halfkey choose, or see halfkey doctor' },
  // MIKEY
  UnsupportedVersion: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'The HDR payload has a version other than 1.', hint: 'send MIKEY version 1' },
  InvalidDataType: { fault: 'peer', http: 422, mikey: 11, exit: 2, meaning: 'The data type is unknown or not allowed here.', hint: 'send a message of RFC 6267 or an error message' },
  UnknownPayload: { fault: 'peer', http: 422, mikey: 13, exit: 2, meaning: 'A Next-payload octet names no payload that may stand here.', hint: 'remove the payload' },
  BadOrder: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'A payload stands in the wrong place or is missing.', hint: 'follow the grammar of the message' },
  DuplicatePayload: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'A payload stands twice.', hint: 'send it once' },
  BadField: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'A field has a value outside its range.', hint: 'see the offset' },
  BadIbakeOrder: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'Sub-payloads inside the encrypted part are in the wrong order, missing or doubled.', hint: 'follow the grammar of the encrypted part' },
  BadPadding: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'Padding is not zero.', hint: 'pad with zero octets' },
  InvalidTimestamp: { fault: 'peer', http: 422, mikey: 1, exit: 2, meaning: 'T is of a refused type or outside the window.', hint: 'use NTP-UTC and a set clock' },
  Replay: { fault: 'peer', http: 409, exit: 2, meaning: 'The message was seen before.', hint: 'send a fresh message' },
  InvalidPrf: { fault: 'peer', http: 422, mikey: 2, exit: 2, meaning: 'The PRF function is not supported.', hint: 'use PRF-HMAC-SHA-256' },
  InvalidMac: { fault: 'peer', http: 422, mikey: 3, exit: 2, meaning: 'The authentication algorithm is refused.', hint: 'use HMAC-SHA-256-256 with PRF 1' },
  AuthenticationFailure: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'A verification payload is wrong.', hint: 'the message was altered or made with another key' },
  InvalidDh: { fault: 'peer', http: 422, mikey: 6, exit: 2, meaning: 'The elliptic curve is refused.', hint: 'use P-256, P-384 or P-521' },
  InvalidPoint: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'A key component is not an uncompressed point of its curve.', hint: 'send 04, X, Y' },
  InvalidSecurityPolicy: { fault: 'peer', http: 422, mikey: 9, exit: 2, meaning: 'The security policy is refused.', hint: 'offer a suite of the allow-list' },
  InvalidSecurityPolicyParameter: { fault: 'peer', http: 422, mikey: 10, exit: 2, meaning: 'A security policy parameter is unknown, doubled or refused.', hint: 'use the parameters of the profile' },
  RandTooShort: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'RAND has fewer than 16 octets.', hint: 'send 16 octets' },
  RandMismatch: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'RAND differs between messages of an exchange.', hint: 'repeat RAND unchanged' },
  TimestampMismatch: { fault: 'peer', http: 422, mikey: 1, exit: 2, meaning: 'T differs from the T it answers.', hint: 'copy T into the answer' },
  TimestampNotFresh: { fault: 'peer', http: 422, mikey: 1, exit: 2, meaning: 'T of I_MESSAGE_2 is not later than T of I_MESSAGE_1.', hint: 'send a later T' },
  CsbMismatch: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'The CSB ID differs between messages of an exchange.', hint: 'repeat the CSB ID' },
  CsMapMismatch: { fault: 'peer', http: 422, mikey: 12, exit: 2, meaning: 'The CS ID map, its size or the PRF differs between messages of an exchange.', hint: 'fill zero SSRC slots only' },
  IdentityMismatch: { fault: 'peer', http: 422, mikey: 7, exit: 2, meaning: 'Identities inside and outside the encrypted part, or of two messages, differ.', hint: 'repeat the identities octet for octet' },
  SelfCall: { fault: 'peer', http: 422, mikey: 7, exit: 2, meaning: 'Initiator and responder are the same identity.', hint: 'use device identities' },
  KeyComponentMismatch: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'A returned key component is not the one that was sent.', hint: 'the peer must return it unchanged' },
  ReflectedKeyComponent: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'Both key components are the same point.', hint: 'the peer must choose its own' },
  NonceEchoMissing: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'The peer returned our key component without the nonce that was sent beside it.', hint: 'the peer must return the nonce unchanged; a policy may admit peers of its domain without' },
  NonceEchoMismatch: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'The peer returned another nonce than was sent.', hint: 'the peer must return the nonce unchanged' },
  ResponderNotProved: { fault: 'peer', http: 422, mikey: 0, exit: 2, meaning: 'The answering identity did not return the challenge that was encrypted to it.', hint: 'the key was erased: the call has no verified peer' },
  MessageTooLong: { fault: 'peer', http: 422, mikey: 13, exit: 2, meaning: 'A message is longer than an endpoint reads.', hint: 'send at most 8192 octets' },
  UnexpectedMessage: { fault: 'peer', http: 422, exit: 2, meaning: 'The exchange does not wait for this message, or no longer.', hint: 'start a new exchange' },
  NoPeerParameters: { fault: 'operator', http: 422, mikey: 7, exit: 2, meaning: "No public parameters are held for the peer's identity.", hint: 'enter its domain in the federation table and fetch the parameters of its district' },
  EndpointBusy: { fault: 'operator', http: 503, mikey: 12, exit: 2, meaning: 'An endpoint has reached a limit and takes no further exchange now.', hint: 'try again later' },
  KeystreamReuseRefused: { fault: 'peer', http: 422, mikey: 4, exit: 2, meaning: 'A KEMAC in a key request is encrypted in counter mode, whose key stream the response would repeat.', hint: 'leave KEMAC out, or use AES key wrap' },
  BiddingDown: { fault: 'peer', http: 422, exit: 2, meaning: 'The SDP-IDs extension and the SDP differ.', hint: 'repeat the list of key management protocols' },
  BadKeyMgmt: { fault: 'peer', http: 422, exit: 2, meaning: 'An a=key-mgmt attribute is malformed or doubled.', hint: 'send one line a level: mikey and base64' },
  TooManyBranches: { fault: 'peer', http: 422, exit: 2, meaning: 'A call has more early dialogs or key exchanges than are kept.', hint: 'keep at most 8 early dialogs of a call' },
  CALL_REFUSED: { fault: 'peer', http: 422, exit: 2, meaning: 'The other side refused or ended the call before it was up.', hint: 'see the status; an error number beside it is only a hint' },
  CALL_TIMEOUT: { fault: 'peer', http: 504, exit: 2, meaning: 'The other side did not answer in time.', hint: 'check that it is reachable, and try again' },
  // Nonces and their holder
  ModeCurveRefused: { fault: 'caller', http: 422, exit: 1, meaning: 'The nonce mode cannot be used with this curve.', hint: 'use mode 3' },
  NONCE_ABSENT: { fault: 'peer', http: 422, exit: 2, meaning: 'The party sent no nonce of its own.', hint: 'this side cannot be recovered with its own key' },
  NONCE_NOT_RETURNED: { fault: 'peer', http: 422, exit: 2, meaning: "The peer did not return the target's nonce.", hint: "this call cannot be recovered with the target's key" },
  NONCE_COMMITMENT_MISMATCH: { fault: 'peer', http: 422, exit: 2, meaning: 'The opened nonce does not give the point that accompanies it.', hint: 'nothing was released: report a non-conforming terminal or a wrong master secret' },
  NONCE_CONTEXT_MISMATCH: { fault: 'caller', http: 422, exit: 2, meaning: 'The nonce was made for another identity, exchange or time, or was asked in another context before.', hint: "ask with the nonce's own exchange" },
  MS_EPOCH_ERASED: { fault: 'operator', http: 410, exit: 2, meaning: 'The master secret of that epoch has been erased.', hint: 'nothing can open this nonce any more' },
  MS_UNKNOWN_SUBSCRIBER: { fault: 'caller', http: 404, exit: 2, meaning: 'No master secret is held for the identity.', hint: 'provision the subscriber' },
  MS_CONFLICT: { fault: 'caller', http: 409, exit: 3, meaning: 'Another master secret is already held for that identity and time.', hint: 'a provisioned master secret is never overwritten' },
  // Discovery
  INCOMPLETE: { fault: 'caller', http: 422, exit: 2, meaning: 'A message that the recovery needs is missing.', hint: 'the message names what is needed' },
  KEY_CONFIRMATION_FAILED: { fault: 'peer', http: 422, exit: 2, meaning: 'V of R_MESSAGE_2 does not verify under the recovered key.', hint: 'nothing was released or decrypted' },
  BOTH_SIDES_DIFFER: { fault: 'us', http: 500, exit: 2, meaning: 'The two ways to recover the key gave different keys.', hint: 'nothing was released: report this' },
  RetargetRefused: { fault: 'peer', http: 422, exit: 2, meaning: 'Another identity answered than was called.', hint: 'discovery of retargeted calls is refused by policy' },
  // Warrants and release
  WARRANT_MISSING: { fault: 'caller', http: 403, exit: 3, meaning: 'The request carries no warrant.', hint: 'send the signed warrant' },
  WARRANT_MALFORMED: { fault: 'caller', http: 403, exit: 3, meaning: 'The warrant is not a signed JWS of the expected form.', hint: 'have it issued again' },
  WARRANT_SIGNATURE: { fault: 'caller', http: 403, exit: 3, meaning: 'A signature of the warrant does not verify.', hint: 'have it issued again' },
  WARRANT_ISSUER: { fault: 'caller', http: 403, exit: 3, meaning: 'The issuer or an approver does not chain to an authority that this holder trusts.', hint: 'have it issued by a trusted authority' },
  WARRANT_EXPIRED: { fault: 'caller', http: 403, exit: 3, meaning: 'The request interval of the warrant is over.', hint: 'have the warrant renewed' },
  WARRANT_NOT_YET: { fault: 'caller', http: 403, exit: 3, meaning: 'The request interval of the warrant has not begun.', hint: 'wait' },
  WARRANT_REVOKED: { fault: 'caller', http: 403, exit: 3, meaning: 'The warrant has been revoked.', hint: 'stop the interception' },
  WARRANT_SCOPE: { fault: 'caller', http: 403, exit: 3, meaning: 'The warrant does not cover this kind of release.', hint: 'have the warrant extended' },
  DUAL_CONTROL: { fault: 'caller', http: 403, exit: 3, meaning: 'The warrant lacks two different approvers.', hint: 'have a second person approve' },
  TARGET_MISMATCH: { fault: 'caller', http: 403, exit: 3, meaning: 'The warrant does not name the identity.', hint: 'ask for the warranted target only' },
  OUTSIDE_WINDOW: { fault: 'caller', http: 403, exit: 3, meaning: 'T lies outside the interception interval.', hint: 'ask for calls inside the interval only' },
  ROLE: { fault: 'caller', http: 403, exit: 3, meaning: "The client's certificate is of the wrong role.", hint: 'use the certificate of the role that may ask' },
  NOT_THIS_CUSTODY: { fault: 'caller', http: 404, exit: 3, meaning: 'This holder does not answer that kind of request.', hint: 'ask the holder of that secret' },
  POLICY_REFUSED: { fault: 'operator', http: 403, exit: 3, meaning: "The holder's policy forbids the request.", hint: 'the message names the policy flag' },
  KMS_STATEMENT: { fault: 'caller', http: 403, exit: 3, meaning: 'The statement of the KMS is missing, wrong, or does not cover this request.', hint: 'ask the KMS first and pass its statement on' },
  ANSWERED_DIFFERENTLY: { fault: 'caller', http: 409, exit: 3, meaning: 'The same question was asked before with other content.', hint: 'repeat the first request unchanged' },
  CAP_REACHED: { fault: 'caller', http: 429, exit: 3, meaning: "The warrant's or the holder's limit of releases is reached.", hint: 'have the limit raised' },
  XK_REFUSED: { fault: 'caller', http: 422, exit: 2, meaning: 'The KMS cannot open the messages; the exact reason stands in its log.', hint: 'check that all messages belong to one exchange of the target' },
  REQUEST_CONFLICT: { fault: 'caller', http: 409, exit: 3, meaning: 'The request id was used before with other content.', hint: 'use a new request id' },
  BAD_REQUEST: { fault: 'caller', http: 400, exit: 1, meaning: 'The request does not have the form of the contract.', hint: 'the message names the member' },
  NOT_FOUND: { fault: 'caller', http: 404, exit: 1, meaning: 'There is no such route or object.', hint: 'check the address' },
  UNAVAILABLE: { fault: 'operator', http: 503, exit: 2, meaning: 'A holder cannot be reached or cannot answer now.', hint: 'start it, or try again' },
  LOG_BROKEN: { fault: 'operator', http: 500, exit: 2, meaning: 'The log does not verify.', hint: 'stop releasing, keep the file, and call the auditor' },
  TLS_CONFIGURATION: { fault: 'operator', http: 500, exit: 1, meaning: 'A certificate or key cannot be used.', hint: 'check certificate, key and trust files' },
  // SRTP and captures
  SRTP_AUTH_FAILED: { fault: 'peer', http: 422, exit: 2, meaning: 'The authentication tag is wrong.', hint: 'the packet is dropped; the stream goes on' },
  SRTP_REPLAYED: { fault: 'peer', http: 422, exit: 2, meaning: 'The packet index was seen before or is too old.', hint: 'the packet is dropped; the stream goes on' },
  SRTP_MALFORMED: { fault: 'peer', http: 422, exit: 2, meaning: 'The packet is not SRTP, or of another SSRC.', hint: 'the packet is dropped; the stream goes on' },
  BadCapture: { fault: 'caller', http: 400, exit: 1, meaning: 'The file is not a capture that can be read.', hint: 'give a pcap or pcapng file' },
  BadSound: { fault: 'caller', http: 400, exit: 1, meaning: 'The file is not speech that can be sent.', hint: 'give a WAV file of 16-bit linear samples, one channel, 8000 Hz' },
  BadSip: { fault: 'peer', http: 422, exit: 2, meaning: 'The octets are not a SIP message.', hint: 'see the offset' },
  BadSdp: { fault: 'peer', http: 422, exit: 2, meaning: 'The body is not an SDP description.', hint: 'see the offset' },
  // Configuration and use
  BAD_CONFIG: { fault: 'operator', http: 500, exit: 1, meaning: 'The configuration is wrong; the message names the member.', hint: 'correct the file' },
  STATE_IN_USE: { fault: 'operator', http: 500, exit: 1, meaning: 'Another process has the state directory open.', hint: 'stop it first' },
  STATE_MISMATCH: { fault: 'operator', http: 500, exit: 1, meaning: 'The state directory belongs to another role, district or key.', hint: 'use its own state directory and key file' },
  OUTPUT_EXISTS: { fault: 'caller', http: 400, exit: 1, meaning: 'The output directory is not empty.', hint: 'choose another, or give --force' },
  USAGE: { fault: 'caller', http: 400, exit: 1, meaning: 'The command line is wrong.', hint: 'see --help' },
  BAD_FIXTURE: { fault: 'caller', http: 400, exit: 1, meaning: 'The fixture cannot be used.', hint: 'give a golden file' },
  NO_SESSION: { fault: 'caller', http: 422, exit: 2, meaning: 'The capture holds no warranted session.', hint: 'check target, interval and capture' },
  NOT_RECOVERED: { fault: 'caller', http: 422, exit: 2, meaning: 'At least one warranted session was not recovered.', hint: 'see the status of each session' },
  INTERRUPTED: { fault: 'caller', http: 499, exit: 130, meaning: 'The command was interrupted.', hint: 'run it again' },
  INTERNAL: { fault: 'us', http: 500, exit: 70, meaning: 'A fault of ours.', hint: 'report it with the command and the version' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof table;
export const ERROR_TABLE: Readonly<Record<ErrorCode, ErrorRow>> = table;
