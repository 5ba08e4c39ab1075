/** What each mark takes: found by scoring with and without it, so that no rule of relief is told twice. */
import type { Instant } from '../model/clock.ts';
import type { EvidenceState } from '../model/risk.ts';
import type { ScoreContext } from './factors.ts';
import type { RiskModel } from './model.ts';
import { score, weigh } from './score.ts';
import { nameOf } from './shares.ts';

export interface MarkEffect {
  /** A class of remediation, the dismissal of families, or that of one occurrence. */
  readonly kind: 'class' | 'target' | 'occurrence';
  /** The class, or the signal type that is dismissed (`*`: every one). */
  readonly name: string;
  /** Session or device to which it is limited; the source whose families it dismisses. */
  readonly scope: string;
  readonly at: Instant;
  /** The score if it had not been set. */
  readonly scoreWithout: number;
}

type Marks = EvidenceState['marks'];

const none: Marks = { classes: [], targets: [], occurrences: [] };

/** `lowers[n]`: names of the occurrences that mark `n` would lower if it were the only relief, dismissals aside. */
export function effectsOf(
  state: EvidenceState,
  at: Instant,
  context: ScoreContext,
  model: RiskModel,
): { readonly marks: readonly MarkEffect[]; readonly lowers: readonly ReadonlySet<string>[] } {
  const { classes, targets, occurrences } = state.marks;
  const valuesUnder = (marks: Marks) => valuesOf({ ...state, marks }, at, context, model);
  const bare = valuesUnder(none);
  const dismissing: Marks = { classes: classes.filter(([name]) => name === 'admin_dismiss'), targets, occurrences };
  const dismissed = valuesUnder(dismissing);
  const loweredBy = (only: Marks, from: ReadonlyMap<string, number>) => {
    const values = valuesUnder(only);
    return new Set([...from].filter(([name, value]) => (values.get(name) ?? -1) < value).map(([name]) => name));
  };
  const without = (marks: Partial<Marks>) => score({ ...state, marks: { ...state.marks, ...marks } }, at, context, model).score;
  const others = <T>(all: readonly T[], one: T) => all.filter((each) => each !== one);
  const found = [
    ...classes.map((mark) => ({
      effect: {
        kind: 'class' as const,
        name: mark[0],
        scope: mark[1],
        at: mark[2],
        scoreWithout: without({ classes: others(classes, mark) }),
      },
      // Dismissals decide which evidence voids a challenge, so they stand while a challenge is tried.
      lowers:
        mark[0] === 'admin_dismiss'
          ? loweredBy({ ...none, classes: [mark] }, bare)
          : loweredBy({ ...dismissing, classes: [...dismissing.classes, mark] }, dismissed),
    })),
    ...targets.map((mark) => ({
      effect: {
        kind: 'target' as const,
        name: mark[0],
        scope: mark[2],
        at: mark[3],
        scoreWithout: without({ targets: others(targets, mark) }),
      },
      lowers: loweredBy({ ...none, targets: [mark] }, bare),
    })),
    ...occurrences.map((mark) => ({
      effect: {
        kind: 'occurrence' as const,
        name: mark[0],
        scope: mark[2],
        at: mark[6],
        scoreWithout: without({ occurrences: others(occurrences, mark) }),
      },
      lowers: loweredBy({ ...none, occurrences: [mark] }, bare),
    })),
  ];
  return { marks: found.map(({ effect }) => effect), lowers: found.map(({ lowers }) => lowers) };
}

/** Nats by occurrence; a dismissed one is absent. */
function valuesOf(state: EvidenceState, at: Instant, context: ScoreContext, model: RiskModel): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  weigh(state, at, context, model, (_type, value, _plain, family, key, time) => values.set(nameOf({ family, key, at: time }), value));
  return values;
}
