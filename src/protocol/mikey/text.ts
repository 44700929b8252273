/**
 * An annotated message as aligned text: offset, octets (16 a line, every one of them), name and reading.
 * No colour and no control character: text from the wire has been escaped by the decoder.
 */
import type { AnnotatedField } from './annotate.ts';

const OCTETS_A_LINE = 16;
const OCTETS_WIDTH = 3 * OCTETS_A_LINE - 1;

/** Lines joined by line feeds, the last one ended too. */
export function mikeyText(annotated: readonly AnnotatedField[]): string {
  return annotated.flatMap((field) => lines(field, 0)).join('\n') + '\n';
}

function lines(field: AnnotatedField, depth: number): string[] {
  const { offset, octets, name, reading, clause, fields, error } = field;
  const label =
    '  '.repeat(depth) +
    name +
    (reading === undefined ? '' : `: ${reading}`) +
    (clause === undefined ? '' : `  (${clause})`);
  if (fields !== undefined) return [line(offset, '', label), ...fields.flatMap((inner) => lines(inner, depth + 1))];
  const rows = octets.match(/.{1,32}/g) ?? [''];
  const printed = rows.map((row, i) =>
    line(offset + i * OCTETS_A_LINE, row.match(/../g)?.join(' ') ?? '', i === 0 ? label : ''),
  );
  if (error === undefined) return printed;
  const at = error.offset === undefined ? '' : ` at octet ${String(error.offset)}`;
  return [...printed, `error: ${error.code}${at}: ${error.message}`, `hint: ${error.hint}`];
}

function line(offset: number, octets: string, label: string): string {
  return `${String(offset).padStart(5)}  ${octets.padEnd(OCTETS_WIDTH)}  ${label}`.trimEnd();
}
