/** Names of records: UUIDv7 (RFC 9562 section 5.7), branded so that one kind is never taken for another. */

declare const brand: unique symbol;
export type Id<Name extends string> = string & { readonly [brand]: Name };

export type SignalId = Id<'signal'>;
export type DecisionId = Id<'decision'>;
export type IdentityId = Id<'identity'>;
export type AccountId = Id<'account'>;
export type PlanId = Id<'plan'>;
export type ActionId = Id<'action'>;
export type EntryId = Id<'entry'>;

/** Source of random bytes; production gives `node:crypto`, tests a seeded one. */
export type RandomBytes = (size: number) => Uint8Array;

/** Makes ids. Ids of one millisecond rise in the order in which they were asked for, so that order by id is order of birth. */
export interface IdMaker {
  next<T extends Id<string>>(at: number): T;
}

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return idPattern.test(text);
}

/** Method 1 of RFC 9562 section 6.2: a 12-bit counter in rand_a, restarted each millisecond, borrowed from the future when it overflows. */
export function createIdMaker(random: RandomBytes): IdMaker {
  let lastMs = 0;
  let counter = 0;
  return {
    next<T extends Id<string>>(at: number): T {
      if (at > lastMs) {
        lastMs = at;
        counter = 0;
      } else if (++counter > 0xfff) {
        lastMs += 1;
        counter = 0;
      }
      const tail = random(8);
      tail[0] = ((tail[0] as number) & 0x3f) | 0x80;
      const time = lastMs.toString(16).padStart(12, '0');
      const rest = Buffer.from(tail).toString('hex');
      const text = `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${rest.slice(0, 4)}-${rest.slice(4)}`;
      return text as T;
    },
  };
}
