/** Whose way into the internet an address is, by the lists that the organisation keeps of them. */
import type { Instant } from '../model/clock.ts';
import type { Surroundings } from '../model/situation.ts';
import type { CompiledList } from './lists.ts';

type Egress = NonNullable<Surroundings['geo']>['egress'];

/** Lists with a meaning of their own. */
export const egressLists = { own: 'corporate-egress', shared: 'shared-egress' } as const;

/** Undefined, for unknown, where no address is given, and where nobody has said yet which addresses are ours: an office would look like a stranger. */
export function egressOf(address: string | undefined, lists: ReadonlyMap<string, CompiledList>, now: Instant): Egress {
  const own = lists.get(egressLists.own);
  const shared = lists.get(egressLists.shared);
  const isOurs = address === undefined ? undefined : own?.hasAddress(address, now);
  if (address === undefined || isOurs === undefined || own === undefined) return undefined;
  if (isOurs) return 'own';
  if (shared?.hasAddress(address, now)) return 'shared';
  return own.isEmpty(now) ? undefined : 'none';
}
