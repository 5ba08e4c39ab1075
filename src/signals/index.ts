/** Doors and the way in: prove origin, normalise, gather into batches. */
export { type ApiCaller, type ApiDoor, type ApiSignalOutcome, createApiDoor } from './api-door.ts';
export { type Batcher, createBatcher } from './batcher.ts';
export { arriveBreaker, type OpenedBreaker } from './breaker-door.ts';
export { type Derived, derivedItem } from './derived.ts';
export { createHookDoor, type DroppedMark, type HookDoor, type HookReading } from './hook-door.ts';
export { type FeedMove, firstOfEach, type Item, inSettlingOrder, itemAgain, itemReopened, toItem } from './item.ts';
export { arriveOrder } from './order-door.ts';
export { poisonReason, settleByHalves } from './poison.ts';
export { createPushDoor, type PushDoor, type PushOutcome, type PushRequest } from './push-door.ts';
export { arrivePutBack, arriveUndo, type Reversal } from './reversal-door.ts';
export { arriveVerdict, type GivenVerdict } from './verdict-door.ts';
export { markVerified } from './verified.ts';
