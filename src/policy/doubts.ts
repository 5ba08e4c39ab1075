/** What is not wrong and still deserves a look: the W codes that files alone can show. None of them stops a bundle from loading. */
import { type Fault, type Locate, parseYaml, sortFaults } from '../model/document.ts';
import type { BoundaryModel } from './boundary-points.ts';
import type { CompiledPolicies } from './compiled.ts';
import { conditionDoubts } from './doubts-of-conditions.ts';
import { documentDoubts } from './doubts-of-documents.ts';
import { pairDoubts } from './doubts-of-pairs.ts';
import type { PolicyFiles } from './lint-files.ts';
import type { MutationScore } from './mutation.ts';

/** What a configuration says that policies rely on. */
export interface Configured {
  /** Action types that a connection does or substitutes. */
  readonly offered: ReadonlySet<string>;
  /** Groups of operators that somebody is in. */
  readonly operatorGroups: ReadonlySet<string>;
}

export interface DoubtContext {
  readonly files: PolicyFiles;
  readonly policies: CompiledPolicies;
  /** Types that a detection counts. */
  readonly counted: { has(type: string): boolean };
  readonly model: BoundaryModel;
  readonly mutations: readonly MutationScore[];
  /** YYYY-MM-DD; what is due before it is past. */
  readonly today: string;
  /** Absent: nothing is said of connections and operators. */
  readonly configured?: Configured;
}

/** Records a doubt about a place in a file. */
export type Doubt = (code: string, file: string, path: readonly PropertyKey[], message: string) => void;

/** In reading order. */
export function findDoubts(context: DoubtContext): readonly Fault[] {
  const locators = new Map<string, Locate>();
  const locatorOf = (file: string): Locate => {
    const known = locators.get(file);
    if (known) return known;
    const parsed = parseYaml(context.files.get(file) ?? '', file);
    const locate: Locate = parsed.ok ? parsed.locate : () => ({ line: 1, column: 1 });
    locators.set(file, locate);
    return locate;
  };
  const doubts: Fault[] = [];
  const doubt: Doubt = (code, file, path, message) =>
    doubts.push({ file, ...locatorOf(file)(path), path: path.map(String).join('.'), message, code });
  for (const policy of context.policies.policies) conditionDoubts(policy, context.model, doubt);
  pairDoubts(context.policies, context.model, doubt);
  documentDoubts(context, doubt);
  return sortFaults(doubts);
}
