/**
 * IP addresses as text and octets: dotted IPv4, and IPv6 in the one form of RFC 5952.
 * Never resolves a name and takes no zone identifier.
 */

/** An address and a port, as SDP or a packet gives them. IPv6 without brackets, in the form of {@link addressText}. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Text of 4 or 16 octets; IPv6 lower case, the longest (first) run of zero groups as `::` (RFC 5952 4). */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups: number[] = [];
  for (let i = 0; i + 1 < octets.length; i += 2) groups.push(((octets[i] as number) << 8) | (octets[i + 1] as number));
  let from = 0;
  let length = 1; // one zero group alone is not shortened (RFC 5952 4.2.2)
  for (let i = 0, run = 0; i < groups.length; i++) {
    run = groups[i] === 0 ? run + 1 : 0;
    if (run > length) [from, length] = [i - run + 1, run];
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length === 1 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}

function ipv4Octets(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.map(Number);
}

/** Octets of `:`-separated groups, the last of which may be a dotted IPv4 address where the whole address ends. */
function groupOctets(text: string, part: number, parts: readonly string[]): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      octets.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
      continue;
    }
    const dotted = i === groups.length - 1 && part === parts.length - 1 ? ipv4Octets(group) : undefined;
    if (dotted === undefined) return undefined;
    octets.push(...dotted);
  }
  return octets;
}

/** The 4 or 16 octets of an address in any of its text forms (RFC 4291 2.2). @throws TypeError for any other text */
export function addressOctets(text: string): Uint8Array {
  const dotted = ipv4Octets(text);
  if (dotted !== undefined) return Uint8Array.from(dotted);
  const parts = text.split('::');
  const [head, tail] = parts.map(groupOctets);
  if (parts.length === 1 && head?.length === 16) return Uint8Array.from(head);
  if (parts.length === 2 && head !== undefined && tail !== undefined && head.length + tail.length <= 14) {
    return Uint8Array.from([...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail]);
  }
  throw new TypeError('not an IP address');
}
