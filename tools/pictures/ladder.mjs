/** Ladders: parties side by side, and what goes between them from top to bottom. */
import { arrow, box, line, picture, text } from './svg.mjs';

const HEAD = 58;
const STEP = 58;

/**
 * @param parties `{ name, holds }`, left to right
 * @param steps `{ from, to, label, notes }` by index of party; without `to` it is something that `from` does itself
 */
export function ladder({ title, description, width = 860 }, parties, steps) {
  const gap = width / parties.length;
  const at = (index) => gap * (index + 0.5);
  const height = HEAD + 30 + steps.length * STEP;
  const heads = parties.flatMap(({ name, holds }, i) => [
    line(at(i), HEAD, at(i), height - 8, 'life'),
    box(at(i) - 105, 8, 210, HEAD - 12),
    text(at(i), 27, name, { style: 'head', anchor: 'middle' }),
    text(at(i), 45, holds, { style: 'small', anchor: 'middle' }),
  ]);
  const rungs = steps.flatMap(({ from, to, label, notes }, i) => {
    const y = HEAD + 38 + i * STEP;
    if (to === undefined) {
      return [
        box(at(from) - 150, y - 20, 300, 42),
        text(at(from), y - 3, label, { style: 'head', anchor: 'middle' }),
        text(at(from), y + 13, notes, { style: 'small', anchor: 'middle' }),
      ];
    }
    const middle = (at(from) + at(to)) / 2;
    const inset = to > from ? 6 : -6;
    return [
      text(middle, y - 9, label, { style: 'head over', anchor: 'middle' }),
      arrow(at(from) + inset, at(to) - inset, y),
      text(middle, y + 16, notes, { style: 'small over', anchor: 'middle' }),
    ];
  });
  const told = steps.map(({ from, to, label, notes }) => {
    const who = to === undefined ? parties[from].name : `${parties[from].name} to ${parties[to].name}`;
    return `${who}: ${label}; ${notes}.`;
  });
  return picture({ width, height, title, description: [description, ...told].join(' ') }, [...heads, ...rungs]);
}
