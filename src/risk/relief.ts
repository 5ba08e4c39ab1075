/** What remediation takes from an occurrence: nothing, a share, or, where somebody dismissed it, everything. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceFamily, EvidenceState } from '../model/risk.ts';
import type { MarkClass } from '../model/signal.ts';
import { bucketOf } from './evidence.ts';
import { livesKept, type RiskModel } from './model.ts';

/** Classes that say the same thing: of one kind only the strongest relief counts, kinds multiply. */
const kinds: readonly (readonly MarkClass[])[] = [
  ['mfa_strong', 'mfa_weak'],
  ['password_reset', 'password_reset_self'],
  ['sessions_revoked'],
  ['device_remediated'],
  ['secured'],
];

/** Classes that an attacker who can cause prompts might have answered. */
const challenged: readonly MarkClass[] = ['mfa_strong', 'mfa_weak', 'password_reset_self'];

export type FamilyName = Omit<EvidenceFamily, 'seen'>;

export interface Relief {
  /** True where the occurrence has no effect at all: no points, no corroboration, no voiding of an MFA. */
  dismisses(family: FamilyName, key: string, at: Instant): boolean;
  /** What remains, 0-1, of an occurrence that is not dismissed. */
  remains(groupIndex: number, key: string, at: Instant): number;
}

const none: Relief = { dismisses: () => false, remains: () => 1 };

/** The same state to whom it does not matter which decision set a mark. */
export function ownCounted(state: EvidenceState): EvidenceState {
  const { own, marks, ...rest } = state;
  if (own === undefined) return state;
  return { ...rest, marks: { ...marks, classes: [...marks.classes, ...own.map(([, markClass, at]) => [markClass, '', at] as const)] } };
}

/** Reads the marks of a state as they stand at `at`. */
export function reliefOf(state: EvidenceState, at: Instant, model: RiskModel): Relief {
  const { targets, occurrences } = state.marks;
  const { classes } = ownCounted(state).marks;
  if (classes.length + targets.length + occurrences.length === 0) return none;
  const dismissedUntil = Math.max(...classes.map(([markClass, , markAt]) => (markClass === 'admin_dismiss' ? markAt : -Infinity)));
  const dismisses = (family: FamilyName, key: string, time: Instant) =>
    time <= dismissedUntil ||
    targets.some((mark) => time <= mark[3] && (mark[0] === '*' || mark[0] === family.type) && fitsFamily(mark, family)) ||
    occurrences.some((mark) => time <= mark[6] && mark[4] === key && mark[5] === bucketOf(time) && namesFamily(mark, family));
  if (classes.length === 0) return { dismisses, remains: none.remains };

  const voidedAt = newestVoiding(state, at, model, dismisses);
  const standing = kinds
    .map((kind) =>
      classes
        .filter(([markClass]) => kind.includes(markClass))
        .filter(([markClass, , markAt]) => voidedAt === undefined || markAt - voidedAt >= model.quietMs || !challenged.includes(markClass)),
    )
    .filter((marks) => marks.length > 0);
  const remains = (groupIndex: number, key: string, time: Instant) => {
    let product = 1;
    for (const marks of standing) {
      let strongest = 1;
      for (const mark of marks) {
        if (mark[2] < time || !fits(mark[0], mark[1], key)) continue;
        strongest = Math.min(strongest, model.remains[mark[0]]?.[groupIndex] ?? 1);
      }
      product *= strongest;
    }
    return product;
  };
  return { dismisses, remains };
}

function fitsFamily(mark: EvidenceState['marks']['targets'][number], family: FamilyName): boolean {
  return (mark[1] === '*' || mark[1] === family.band) && (mark[2] === '*' || mark[2] === family.source);
}

function namesFamily(mark: EvidenceState['marks']['occurrences'][number], family: FamilyName): boolean {
  return mark[0] === family.type && mark[1] === family.band && mark[2] === family.source && mark[3] === family.tag;
}

/** An MFA relieves the session or device that answered it and evidence that names neither; a device's cure only that device. */
function fits(markClass: MarkClass, scope: string, key: string): boolean {
  if (markClass === 'device_remediated') return scope === key && scope !== '';
  if (markClass !== 'mfa_strong' && markClass !== 'mfa_weak') return true;
  return key === '' || key.startsWith('n:') ? scope === '' : scope === key;
}

/** Event time of the newest live evidence that voids challenges. */
function newestVoiding(state: EvidenceState, at: Instant, model: RiskModel, dismisses: Relief['dismisses']): Instant | undefined {
  let newest: Instant | undefined;
  for (const family of state.families) {
    const type = model.types.get(family.type);
    if (type === undefined || model.voidsChallenges[type.groupIndex] !== true) continue;
    for (const seen of family.seen) {
      const key = seen[0];
      const time = seen[1];
      const lives = type.halfLifeMs === null || at - time <= livesKept * type.halfLifeMs;
      if (lives && (newest === undefined || time > newest) && !dismisses(family, key, time)) newest = time;
    }
  }
  return newest;
}
