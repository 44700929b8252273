/** What is counted of a stream over time: steps, losses, and what is not believed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamTimeline } from '../../../src/entity/delivery/stream-timeline.ts';

type Packet = readonly [timeMs: number, sequence: number, outcome?: 'decrypted' | 'unread' | 'refused'];

function of(packets: readonly Packet[], delivered = true) {
  const timeline = new StreamTimeline();
  for (const [timeMs, sequence, outcome = 'decrypted'] of packets) timeline.add(timeMs, sequence, outcome);
  return timeline.summary(delivered);
}
const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

describe('a timeline', () => {
  it('has equal steps from the first packet, empty ones too', () => {
    const packets: Packet[] = [
      [5000, 1],
      [5099, 2],
      [5100, 3],
      [5399, 4],
    ];
    expect(of(packets)).toEqual({
      ...{ startMs: 5000, stepMs: 100, packets: [2, 1, 0, 1], lost: [0, 0, 0, 0], failed: [0, 0, 0, 0] },
    });
    expect(of(packets, false).failed).toEqual([2, 1, 0, 1]);
    expect(of([])).toEqual({ startMs: 0, stepMs: 100, packets: [], lost: [], failed: [] });
  });

  it('counts a gap where it shows, over the wrap of the sequence, and takes a late packet back', () => {
    const gap: Packet[] = [
      [0, 65_534],
      [150, 2],
    ];
    expect(of(gap).lost).toEqual([0, 3]);
    expect(of([...gap, [250, 0]]).lost).toEqual([0, 2, 0]);
    expect(of([...gap, [250, 2]]).lost).toEqual([0, 3, 0]);
  });

  it('learns no loss from a packet that was refused, and from one that nobody could read', () => {
    expect(
      of([
        [0, 1],
        [1, 500, 'refused'],
        [2, 2],
      ]),
    ).toMatchObject({ packets: [3], lost: [0], failed: [1] });
    expect(
      of(
        [
          [0, 1, 'unread'],
          [1, 4, 'unread'],
        ],
        false,
      ),
    ).toMatchObject({ packets: [2], lost: [2], failed: [2] });
  });

  it('takes a wide jump for a new start', () => {
    expect(
      of([
        [0, 1],
        [1, 20_000],
        [2, 20_002],
      ]).lost,
    ).toEqual([1]);
    expect(
      of([
        [0, 20_000],
        [1, 5],
        [2, 7],
      ]).lost,
    ).toEqual([1]);
  });

  it('never has more than 128 steps, whatever the times, and loses no packet', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ min: -1e13, max: 1e13, noNaN: true }), fc.nat(65_535))), (packets) => {
        const { packets: counted, lost, failed, stepMs } = of(packets);
        expect(counted.length).toBeLessThanOrEqual(128);
        expect([lost.length, failed.length]).toEqual([counted.length, counted.length]);
        expect(sum(counted)).toBe(packets.length);
        expect(lost.every((count) => count >= 0)).toBe(true);
        expect(Math.log2(stepMs / 100) % 1).toBe(0);
      }),
    );
  });
});
