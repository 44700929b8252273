/** The network element that intercepts: it relays, records what passes, and feeds an intake. */
export { createFeed, type Feed } from './feed.ts';
export { createMediaRelays, type MediaRelays, type Side } from './media-relays.ts';
export type { MediaRelay, OpenMediaRelay, TapAddress } from './ports.ts';
export { createRecorder, type Recorder } from './recorder.ts';
