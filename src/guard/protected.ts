/** The guard that stands alone: asked when deciding, and again by the executor before each call. */
import type { Instant } from '../model/clock.ts';
import { breakGlassGroup, type Identity } from '../model/subject.ts';

/** A list as guards ask it. */
export interface NameList {
  hasText(text: string, now: Instant): boolean;
}

type Named = Pick<Identity, 'id' | 'groups' | 'names'>;

/** Whether a list names this person: by identity id, by another name of theirs, or by a directory group that they are in. */
export function isListed(list: NameList | undefined, { id, groups, names = [] }: Named, now: Instant): boolean {
  return list !== undefined && [id, ...names, ...groups].some((text) => list.hasText(text, now));
}

/** Whether no action may fall on this person, whatever the cause and whoever approved it. */
export function refusesProtected(identity: Named & Pick<Identity, 'protected'>, list: NameList | undefined, now: Instant): boolean {
  return identity.protected || identity.groups.includes(breakGlassGroup) || isListed(list, identity, now);
}
