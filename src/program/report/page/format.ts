/** Numbers and times as the page writes them. */

/** A time since the first message of a call. */
export function after(ms: number): string {
  if (Math.abs(ms) < 10_000) return `${ms < 10 && ms !== 0 ? ms.toFixed(1) : String(Math.round(ms))} ms`;
  return seconds(ms / 1000);
}

export function seconds(value: number): string {
  if (value < 60) return `${value.toFixed(1)} s`;
  return `${String(Math.floor(value / 60))} min ${String(Math.round(value % 60))} s`;
}

/** Counts with thin spaces between thousands. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

export function many(value: number, one: string, more = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}

/** A moment in UTC, to the second. */
export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** An identity without its scheme. */
export function plain(identity: string): string {
  return identity.replace(/^(?:sips?|tel):/, '');
}

/** The first digits of a digest. */
export function short(hex: string): string {
  return hex.length > 16 ? `${hex.slice(0, 12)}\u2026` : hex;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}
