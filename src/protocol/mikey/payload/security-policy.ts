/**
 * SP: a security policy as a list of type, length and value (RFC 3830 6.10). Only the structure is checked here;
 * what the values mean, and whether they are allowed, is suite.ts.
 */
import { concat, toHex, uint } from '../../../foundation/base/index.ts';
import { named, SRTP_PARAMETERS, SRTP_VALUES } from '../registry.ts';
import type { PayloadCodec } from './codec.ts';

/** One parameter: type 0 to 255, value of 0 to 255 octets. */
export interface PolicyParameter {
  // Type (1) | Length (1) | Value
  readonly type: number;
  readonly value: Uint8Array;
}

/** SP. `protocol` 0 is SRTP; `policy` is the number that the CS ID map refers to. */
export interface SecurityPolicy {
  readonly kind: 'SP';
  // Next payload (1) | Policy no (1) | Prot type (1) | Policy param length (2) | parameters
  readonly policy: number;
  readonly protocol: number;
  readonly parameters: readonly PolicyParameter[];
}

function parameterReading(type: number): (value: Uint8Array) => string {
  return (value) =>
    value.length === 1 ? named(SRTP_VALUES[type] ?? {})(value[0] ?? 0).replace(' (unknown)', '') : toHex(value);
}

export const securityPolicyCodec: PayloadCodec<SecurityPolicy> = {
  kind: 'SP',
  number: 10,
  clause: 'RFC 3830 6.10',
  read(reader) {
    const policy = reader.uint(1, 'policy number');
    const protocol = reader.uint(1, 'protocol type', named({ 0: 'SRTP' }));
    const names = protocol === 0 ? SRTP_PARAMETERS : {};
    const inner = reader.range(reader.uint(2, 'policy parameters length'), 'policy parameters');
    const parameters: PolicyParameter[] = [];
    while (inner.remaining > 0) {
      parameters.push(
        inner.group('parameter', 'RFC 3830 6.10.1', () => {
          const type = inner.uint(1, 'type', named(names));
          return {
            type,
            value: inner.take(inner.uint(1, 'length'), 'value', parameterReading(protocol === 0 ? type : 256)),
          };
        }),
      );
    }
    return { kind: 'SP', policy, protocol, parameters };
  },
  write({ policy, protocol, parameters }) {
    const body = concat(...parameters.map(({ type, value }) => concat(uint(type, 1), uint(value.length, 1), value)));
    return concat(uint(policy, 1), uint(protocol, 1), uint(body.length, 2), body);
  },
};
