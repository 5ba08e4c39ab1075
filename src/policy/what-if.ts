/** What the policies would do in a situation that somebody asks about, clause by clause, and what it hangs on. */
import type { ClauseTrace, DecidedAction, Judgement, Reason } from '../model/decision.ts';
import type { Level, ScorePoint } from '../model/risk.ts';
import { type CompiledPolicies, type CompiledPolicy, indexPolicies } from './compiled.ts';
import { dropsOf, type Given } from './hypothesis.ts';
import { type Defaults, playGiven, type TestJudge, testSettings } from './inline-tests.ts';
import { compileList, lasting } from './lists.ts';

/** A judge that can also say what made the score. */
export type WhatIfJudge = (...asked: Parameters<TestJudge>) => ReturnType<TestJudge> & { readonly points: () => readonly ScorePoint[] };

export interface PolicyAnswer {
  readonly policyId: string;
  /** Null where it does not match; then `because` says at what it fell away. */
  readonly step: string | null;
  readonly rung: number | null;
  readonly because: string | null;
  /** Values that nobody knows and the policy asked for. */
  readonly unknown: readonly string[];
  readonly trace: readonly Omit<ClauseTrace, 'policyId'>[];
  readonly actions: readonly Pick<DecidedAction, 'type' | 'step' | 'rung' | 'state' | 'by'>[];
  /** Guards that hold, refuse or lower something of it, with counter and limit. */
  readonly guards: readonly { readonly guard: string; readonly detail?: string }[];
}

export interface Outcome {
  readonly score: number;
  readonly base: number;
  readonly level: Level;
  /** Null where nothing matched. */
  readonly policyId: string | null;
  readonly step: string | null;
  readonly rung: number | null;
  readonly outcome: Judgement['outcome'];
}

export interface WhatIf extends Outcome {
  readonly points: readonly ScorePoint[];
  /** Every policy that the signal type reaches, by id, each judged alone. */
  readonly policies: readonly PolicyAnswer[];
  /** Each thing left out in turn, those that flip the outcome first, of them the smallest change of the score first. */
  readonly changes: readonly (Outcome & { readonly without: string; readonly flips: boolean })[];
}

/** Judges as if every policy were enforced up to rung 6 with the standard guards, no limit used; other policies than asked still count. */
export function whatIf(policies: CompiledPolicies, judge: WhatIfJudge, given: Given): WhatIf {
  const type = given.signals?.at(-1)?.type ?? '';
  const candidates = policies.bySignalType.get(type) ?? [];
  const lists = new Map([
    ...policies.lists,
    ...Object.entries(given.lists ?? {}).map(([id, entries]) => [id, compileList(lasting(entries))] as const),
  ]);
  const exceptions = [...new Set([...policies.exceptions.values()].flat())];
  const play = (set: readonly CompiledPolicy[], situation: Given) => {
    const parts = {
      policies: indexPolicies(set, { factsByType: policies.factsByType, lists, exceptions }),
      lists,
      settings: testSettings(set.map(({ id }) => id)),
    };
    const played = playGiven(candidates[0] ?? nobodys(type), { given: situation }, parts, judge);
    if (played === undefined) throw new Error('a situation without a signal');
    return played;
  };
  const all = play(candidates, given);
  const now = outcomeOf(all);
  const changes = dropsOf(given).map(({ what, given: less }) => {
    const then = outcomeOf(play(candidates, less));
    return { without: what, ...then, flips: then.policyId !== now.policyId || then.step !== now.step || then.outcome !== now.outcome };
  });
  const moved = ({ score }: Outcome) => Math.abs(score - now.score);
  return {
    ...now,
    // Sources of one kind and standing are one source in a situation made of words.
    points: all.points().map((point) => ({ ...point, source: point.source.replace(/^test-([a-z]+)-.*$/, '$1') })),
    policies: candidates.map((policy) => answerOf(policy, play([policy], given))),
    changes: changes.sort((a, b) => Number(b.flips) - Number(a.flips) || moved(a) - moved(b)),
  };
}

/** What is left out where no policy says what it expects. */
function nobodys(type: string): Defaults {
  return { causes: new Set(['risk', 'partner']), document: { match: { signals: [type] } } };
}

function outcomeOf({ assessment, intent, judgement }: ReturnType<TestJudge>): Outcome {
  const { score, base, level } = assessment;
  return { score, base, level, policyId: intent.policyId, step: intent.step, rung: intent.rung, outcome: judgement.outcome };
}

function answerOf(policy: CompiledPolicy, { intent, judgement }: ReturnType<TestJudge>): PolicyAnswer {
  const fell = intent.policyId === null ? intent.reasons.find(({ ref }) => ref?.split('/')[0] === policy.id) : undefined;
  return {
    policyId: policy.id,
    step: intent.step,
    rung: intent.rung,
    because: intent.policyId === null ? (fell?.code ?? 'signal') : null,
    unknown: intent.reasons.flatMap(({ code, ref }) => (code === 'contextGap' && ref !== undefined ? [ref] : [])),
    trace: intent.trace.map(({ clause, value }) => ({ clause, value })),
    actions: judgement.actions.map(({ type, step, rung, state, by }) => ({ type, step, rung, state, ...(by === undefined ? {} : { by }) })),
    guards: guardsOf(judgement.reasons),
  };
}

function guardsOf(reasons: readonly Reason[]): PolicyAnswer['guards'] {
  const telling = { guard: (ref: string) => ref, approval: (ref: string) => `approval ${ref}`, cooldown: () => 'cooldown' } as const;
  return reasons.flatMap(({ code, ref, detail }) =>
    Object.hasOwn(telling, code)
      ? [{ guard: telling[code as keyof typeof telling](ref ?? ''), ...(detail === undefined ? {} : { detail }) }]
      : [],
  );
}
