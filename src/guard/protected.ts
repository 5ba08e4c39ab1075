/** The guard that stands alone: asked when deciding, and again by the executor before each call. */
import type { Identity } from '../model/subject.ts';

/** Directory group of the emergency accounts, protected whatever the list of protected people says. */
const breakGlassGroup = 'break-glass';

/** Whether no action may fall on this person, whatever the cause and whoever approved it. */
export function refusesProtected(identity: Pick<Identity, 'protected' | 'groups'>): boolean {
  return identity.protected || identity.groups.includes(breakGlassGroup);
}
