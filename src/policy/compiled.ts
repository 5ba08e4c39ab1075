/** A policy after checking, in the form that deciding reads. Frozen in meaning: nothing here changes after loading. */
import type { ActionParameters, ActionType, Rung } from '../model/action.ts';
import type { FactType } from '../model/catalogue.ts';
import type { PolicyCooldown } from '../model/decision.ts';
import type { Cause } from '../model/signal.ts';
import type { SubjectKind } from '../model/subject.ts';
import type { Condition } from './condition.ts';
import type { DocumentMark } from './document-set.ts';
import type { CompiledException } from './exceptions.ts';
import type { GuardBounds } from './lint-guardrails.ts';
import type { CompiledList } from './lists.ts';
import type { PolicyDocument } from './schema.ts';

export interface CompiledAction {
  readonly type: ActionType;
  readonly parameters: ActionParameters;
  readonly perProvider: Readonly<Record<string, ActionParameters>>;
  readonly perConnection: Readonly<Record<string, ActionParameters>>;
}

export interface CompiledStep {
  readonly name: string;
  /** Place in the ladder, least intrusive first. */
  readonly index: number;
  /** Absent: holds always. */
  readonly at: Condition | undefined;
  readonly approval: string | undefined;
  /** The highest among its actions. */
  readonly rung: Rung;
  readonly direct: boolean;
  readonly actions: readonly CompiledAction[];
}

export interface CompiledPolicy {
  readonly id: string;
  readonly version: number;
  readonly file: string;
  /** SHA-256 (hex) of the RFC 8785 form without tests, links and rationale. */
  readonly hash: string;
  readonly document: PolicyDocument;
  readonly mode: 'disabled' | 'report-only' | 'enforce';
  readonly causes: ReadonlySet<Cause>;
  /** Connection ids and source kinds; absent: any. */
  readonly sources: ReadonlySet<string> | undefined;
  readonly minConfidence: number;
  readonly maxSignalAgeMs: number;
  readonly kinds: ReadonlySet<SubjectKind>;
  readonly excludeGroups: ReadonlySet<string>;
  readonly excludeLists: readonly string[];
  readonly when: Condition;
  /** Paths that must be known. */
  readonly needs: readonly { readonly path: string; readonly names: readonly string[] }[];
  readonly scope: SubjectKind;
  readonly steps: readonly CompiledStep[];
  readonly fallback: CompiledStep | undefined;
  readonly rollout: { readonly percent: number; readonly salt: string } | undefined;
  readonly cooldown: PolicyCooldown;
  /** Whether any condition reads `subject.privileged`, which is false where the tier is unknown. */
  readonly readsPrivileged: boolean;
}

export interface KnownNames {
  /** Ids of configured connections and transmitters; absent where no configuration is at hand: then names of connections go unchecked. */
  readonly connections?: ReadonlySet<string>;
  /** What no policy may loosen, and the ids of all guards; absent: unchecked. */
  readonly guards?: GuardBounds & Readonly<Record<string, unknown>>;
}

export interface CompiledPolicies {
  /** By id. */
  readonly policies: readonly CompiledPolicy[];
  /** Every policy that matches the type, by id; types that nobody matches are absent. */
  readonly bySignalType: ReadonlyMap<string, readonly CompiledPolicy[]>;
  /** Facts that a condition may read, by signal type. */
  readonly factsByType: ReadonlyMap<string, Readonly<Record<string, FactType>>>;
  readonly lists: ReadonlyMap<string, CompiledList>;
  /** By the policy that goes less far, then by id. */
  readonly exceptions: ReadonlyMap<string, readonly CompiledException[]>;
  /** What the bundle's hash is made of, by path. */
  readonly documents: readonly DocumentMark[];
}

interface Around extends Pick<CompiledPolicies, 'factsByType' | 'lists'> {
  readonly exceptions?: readonly CompiledException[];
  /** Those of other kinds. */
  readonly documents?: readonly DocumentMark[];
}

/** The same set with other policies in it; indexes are made anew. */
export function indexPolicies(policies: readonly CompiledPolicy[], parts: Around): CompiledPolicies {
  const sorted = [...policies].sort((a, b) => (a.id < b.id ? -1 : 1));
  const bySignalType = new Map<string, CompiledPolicy[]>();
  for (const policy of sorted) {
    for (const type of new Set(policy.document.match.signals)) {
      const at = bySignalType.get(type);
      if (at) at.push(policy);
      else bySignalType.set(type, [policy]);
    }
  }
  const own = sorted.map(({ file, id, version, hash }) => ({ path: file, id, version, hash }));
  return {
    policies: sorted,
    bySignalType,
    factsByType: parts.factsByType,
    lists: parts.lists,
    exceptions: byPolicy(parts.exceptions ?? []),
    documents: [...own, ...(parts.documents ?? [])].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
  };
}

function byPolicy(exceptions: readonly CompiledException[]): ReadonlyMap<string, readonly CompiledException[]> {
  const found = new Map<string, CompiledException[]>();
  for (const exception of [...exceptions].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const policy of new Set(exception.policies)) found.set(policy, [...(found.get(policy) ?? []), exception]);
  }
  return found;
}
