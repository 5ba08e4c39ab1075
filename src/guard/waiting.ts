/** What a plan may wait for, each guard once; the lists that others go by are views of this one. */

interface Wait {
  /** `word`: a person must say yes to this plan. `limit`: too many were acted on. `release`: a person or a pause held it up. */
  readonly ends: 'word' | 'limit' | 'release';
  /** Its holds are one incident a signal type: it holds because of how many, and not because of the one. */
  readonly gathers: boolean;
  /** A hold is a limit reached, of which a few in an hour open the breaker. */
  readonly hit: boolean;
}

const word = { ends: 'word', gathers: false, hit: false } as const;
const limit = { ends: 'limit', gathers: true, hit: true } as const;
const release = { ends: 'release', gathers: false, hit: false } as const;

/** `nonPerson` counts and is not here: it refuses, so that nothing waits for it. */
const waits = {
  // In the order in which they name a hold.
  executiveApproval: word,
  ownerApproval: word,
  approval: word,
  freshContext: word,
  quietHours: word,
  surge: limit,
  source: limit,
  people: limit,
  rungs: limit,
  policy: limit,
  group: limit,
  tier0: limit,
  // What an open breaker holds is no further hit: it would keep itself open.
  breaker: { ...limit, hit: false },
  // What personnel and our own people do in numbers says nothing of how the machine does.
  leavers: { ...limit, hit: false },
  operator: { ...limit, hit: false },
  // Undone at somebody's word: no signal stands behind it that an incident could be of.
  undo: { ...limit, gathers: false, hit: false },
  pause: release,
  person: release,
} as const satisfies Record<string, Wait>;

type Waited = keyof typeof waits;
type Ending<E extends Wait['ends']> = { [G in Waited]: (typeof waits)[G]['ends'] extends E ? G : never }[Waited];

/** Guards that ask for a person's yes. */
export type WordGuard = Ending<'word'>;

const those = (fits: (wait: Wait) => boolean) => (Object.keys(waits) as Waited[]).filter((guard) => fits(waits[guard]));

export const wordGuards = those(({ ends }) => ends === 'word') as readonly WordGuard[];
export const limitGuards = those(({ ends }) => ends === 'limit') as readonly Ending<'limit'>[];
/** Guards whose holds are limit hits of the breaker. */
export const hitGuards = those(({ hit }) => hit) as readonly Ending<'limit'>[];

const waitOf = (heldFor: string): Wait | undefined => (Object.hasOwn(waits, heldFor) ? waits[heldFor as Waited] : undefined);

export function asksForApproval(heldFor: string): heldFor is WordGuard {
  return waitOf(heldFor)?.ends === 'word';
}

/** Held by a person or a pause: somebody lets it go on, or nothing comes of it. */
export function isForRelease(heldFor: string): boolean {
  return waitOf(heldFor)?.ends === 'release';
}

/** Whether holds for it belong to an incident. */
export function isGathered(heldFor: string | null): heldFor is string {
  return heldFor !== null && waitOf(heldFor)?.gathers === true;
}
