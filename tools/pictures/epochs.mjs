/** The chain of a subscriber's master secrets around one MS epoch: what its holder keeps, erased, and can make. */
import { arrow, box, picture, text } from './svg.mjs';

const [WIDTH, STEP, LEFT] = [124, 166, 36];

/** `oldest`: the oldest epoch that is kept. */
export function epochs(oldest) {
  const states = [-2, -1, 0, 1, 2].map((distance) => ({
    name: `MS of epoch ${oldest + distance}`,
    state: distance < 0 ? 'erased' : distance === 0 ? 'kept, the root' : 'follows by HKDF',
    style: distance < 0 ? 'no' : distance === 0 ? 'yes' : 'derived',
  }));
  const parts = states.flatMap(({ name, state, style }, i) => {
    const x = LEFT + i * STEP;
    const frame = style === 'no' ? 'box' : `${style}-box`;
    return [
      ...(i === 0 ? [] : [arrow(x - STEP + WIDTH + 4, x - 4, 41)]),
      box(x, 16, WIDTH, 50, frame),
      text(x + WIDTH / 2, 37, name, { style: style === 'no' ? 'no' : 'head', anchor: 'middle' }),
      text(x + WIDTH / 2, 55, state, { style: `small ${style}`, anchor: 'middle' }),
    ];
  });
  parts.push(
    text(LEFT, 90, 'Time goes to the right. No arrow leads back: an epoch whose root is erased stays closed.', {
      style: 'small',
    }),
  );
  return picture(
    {
      width: 2 * LEFT + 4 * STEP + WIDTH,
      height: 104,
      title: 'Master secrets by epoch',
      description: states.map(({ name, state }) => `${name}: ${state}.`).join(' '),
    },
    parts,
  );
}
