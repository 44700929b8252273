/** Tables of what somebody is given, can derive, or cannot. */
import { box, line, picture, text } from './svg.mjs';

const ROW = 28;
const HEAD = 40;
const CELLS = {
  given: { sign: 'given', style: 'yes', box: 'yes-box' },
  derived: { sign: 'derives', style: 'derived', box: 'derived-box' },
  yes: { sign: 'yes', style: 'yes', box: 'yes-box' },
  no: { sign: 'no', style: 'no', box: undefined },
};

/** `rows`: `{ name, cells }`, a cell being given, derived, yes, no, or any other text. */
export function table({ title, description, first, firstWidth = 250, columnWidth = 76 }, columns, rows) {
  const width = firstWidth + columns.length * columnWidth + 16;
  const height = HEAD + rows.length * ROW + 10;
  const x = (i) => firstWidth + 8 + i * columnWidth;
  const head = [
    text(12, 25, first, { style: 'head' }),
    ...columns.map((name, i) => text(x(i) + columnWidth / 2, 25, name, { style: 'head', anchor: 'middle' })),
    line(8, HEAD - 4, width - 8, HEAD - 4),
  ];
  const body = rows.flatMap(({ name, cells }, r) => {
    const y = HEAD + r * ROW;
    return [
      text(12, y + 18, name),
      ...cells.flatMap((cell, i) => {
        const known = CELLS[cell];
        const label = text(x(i) + columnWidth / 2, y + 18, known?.sign ?? cell, {
          style: known?.style ?? '',
          anchor: 'middle',
        });
        return known?.box === undefined ? [label] : [box(x(i) + 3, y + 3, columnWidth - 6, ROW - 6, known.box), label];
      }),
      line(8, y + ROW, width - 8, y + ROW, 'life'),
    ];
  });
  const told = rows.map(({ name, cells }) => {
    const columnsTold = columns.map((column, i) => `${column}: ${CELLS[cells[i]]?.sign ?? cells[i]}`);
    return `${name}: ${columnsTold.join(', ')}.`;
  });
  return picture({ width, height, title, description: [description, ...told].join(' ') }, [...head, ...body]);
}
