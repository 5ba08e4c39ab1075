/** The signal types that an organisation knows, as far as rooms other than `risk` must know them. */
import { putBackType, undoType } from './undo.ts';
import { verdictType } from './verdict.ts';

export type FactType = 'int' | 'text';

export interface CatalogueType {
  /** Evidence group; `none` where the type leaves no evidence. */
  readonly group: string;
  /** Points of one fresh occurrence at medium severity, 0-100; 0 leaves no evidence. */
  readonly standalone: number;
  /** Whether an occurrence may act without corroboration. */
  readonly proof: boolean;
  /** Facts that a condition may read as `facts.<name>`. */
  readonly facts: Readonly<Record<string, FactType>>;
}

export interface SignalCatalogue {
  readonly types: ReadonlyMap<string, CatalogueType>;
}

/** Types that only the service itself makes. */
export const reservedTypes: ReadonlySet<string> = new Set([
  undoType,
  putBackType,
  'drill',
  'operator_order',
  'leaver_due',
  'breaker_opened',
  'subject_claim',
  'undo_request_refused',
  verdictType,
]);
