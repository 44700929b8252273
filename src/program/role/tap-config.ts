/** Configuration of a tap. */
import { z } from 'zod';
import { path, peer, readConfig } from './config-parts.ts';

const address = z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65535) });

const tapConfig = z.strictObject({
  role: z.literal('tap'),
  /** SIP over TCP: what arrives here goes on to `forward`, and back. Port 0 takes a free one. */
  sip: z.array(z.strictObject({ listen: address, forward: address })).min(1),
  /** Numeric address of the relayed media. */
  mediaAddress: z.string().default('127.0.0.1'),
  /** File of the capture: what passes, mode 0600. */
  capture: path.optional(),
  /** The Delivery Function's intake. */
  intake: peer.optional(),
  exitWithParent: z.boolean().default(false),
});
export type TapConfig = z.infer<typeof tapConfig>;

export const readTapConfig = (file: string): ReturnType<typeof readConfig<TapConfig>> => readConfig(tapConfig, file);
