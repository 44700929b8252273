/**
 * A MIKEY message octet by octet, each exactly once, with its name, its meaning and its clause. Runs the decoder and
 * the grammar itself, so it cannot read what they refuse: then the good part stands, and the error where it broke.
 * Encrypted parts stay octets.
 */
import { type ErrorCode, type HalfkeyError, isHalfkeyError, toHex } from '../../foundation/base/index.ts';
import { errorMessage } from './error-message.ts';
import type { FieldTrace } from './field-reader.ts';
import { ibakeMessage } from './ibake-message.ts';
import { parseMessage, type ParsedMessage } from './message.ts';
import { keyRequest, keyResponse } from './provisioning/request-key.ts';

/** A field, or a group of fields. Groups cover what their fields cover; the leaves cover every octet once, in order. */
export interface AnnotatedField {
  /** First octet, counted from 0. */
  readonly offset: number;
  /** Octets; 0 for an error that takes no octet away. */
  readonly length: number;
  /** The octets in lower-case hex; a group has them too. */
  readonly octets: string;
  readonly name: string;
  readonly reading?: string;
  /** Where the structure is defined; on groups. */
  readonly clause?: string;
  readonly fields?: readonly AnnotatedField[];
  /** The reason why the message is refused; on the last field of all. */
  readonly error?: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly offset?: number;
    readonly hint: string;
  };
}

interface Group {
  readonly name: string;
  readonly clause: string;
  readonly offset: number;
  readonly fields: AnnotatedField[];
}

/** Collects the fields of a parse. */
class Collector implements FieldTrace {
  readonly fields: AnnotatedField[] = [];
  readonly #bytes: Uint8Array;
  readonly #open: Group[] = [];
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  enter(name: string, clause: string, offset: number): void {
    this.#open.push({ name, clause, offset, fields: [] });
  }

  leave(offset: number, name?: string): void {
    const group = this.#open.pop();
    if (group === undefined || offset === group.offset) return;
    this.#add({
      ...this.#octets(group.offset, offset),
      name: name ?? group.name,
      clause: group.clause,
      fields: group.fields,
    });
  }

  field(offset: number, length: number, name: string, reading?: string): void {
    this.#at = offset + length;
    this.#add({ ...this.#octets(offset, offset + length), name, ...(reading !== undefined && { reading }) });
  }

  /** Closes what a failed parse left open, and adds the octets that were not read, with the error. */
  fail({ code, message, offset, hint }: HalfkeyError): void {
    while (this.#open.length > 0) this.leave(this.#at);
    const rest = this.#octets(this.#at, this.#bytes.length);
    const error = { code, message, ...(offset !== undefined && { offset }), hint };
    this.#add({ ...rest, name: rest.length > 0 ? 'not read' : 'refused', error });
  }

  #add(field: AnnotatedField): void {
    (this.#open.at(-1)?.fields ?? this.fields).push(field);
  }

  #octets(from: number, to: number): { offset: number; length: number; octets: string } {
    return { offset: from, length: to - from, octets: toHex(this.#bytes.subarray(from, to)) };
  }
}

/** Applies the grammar of the message's type; the messages of RFC 3830 have none here. */
function judge(message: ParsedMessage): void {
  const { dataType } = message.header;
  if (dataType >= 22) ibakeMessage(message);
  else if (dataType === 21) keyResponse(message);
  else if (dataType >= 19) keyRequest(message);
  else if (dataType === 6) errorMessage(message);
}

/** The reading of any octets: never throws a HalfkeyError; a message that is refused ends with a field that has `error`. */
export function annotate(bytes: Uint8Array): AnnotatedField[] {
  const collector = new Collector(bytes);
  try {
    judge(parseMessage(bytes, collector));
  } catch (error) {
    if (!isHalfkeyError(error)) throw error;
    collector.fail(error);
  }
  return collector.fields;
}
