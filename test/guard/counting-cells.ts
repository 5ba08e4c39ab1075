/** The cells of the table guard by cause whose guards count, and the one about things: each alone stands in the way. */
import type { GuardId } from '../../src/guard/index.ts';
import type { WantedAction } from '../../src/model/decision.ts';
import { type Cause, causes } from '../../src/model/signal.ts';
import { fates, type Given, intentOf, judge, situationOf, want } from './support.ts';

export interface Cell {
  readonly binds: readonly Cause[];
  readonly run: (cause: Cause) => string[];
  readonly bound: string;
}

const risks: readonly Cause[] = ['risk', 'partner'];

/** Everything that its counter allows has been used by others. */
function counting(guard: GuardId, used: number, binds = risks, given: Given = {}, action: WantedAction = want()): Cell {
  return {
    binds,
    run: (cause) => fates(judge(intentOf([action]), { situation: situationOf({ ...given, cause }), usedOf: { [guard]: used } })),
    bound: `session.revoke held by ${guard}`,
  };
}

export const countingCells: Readonly<Record<string, Cell>> = {
  surge: counting('surge', 8),
  source: counting('source', 8),
  people: counting('people', 10),
  rungs: counting('rungs', 50),
  policy: counting('policy', 20),
  group: counting('group', 3, risks, { person: { groups: ['department:sales'] } }),
  tier0: counting('tier0', 1, ['risk', 'partner', 'person'], { person: { tier: 'tier0' } }),
  leavers: counting('leavers', 10, ['leaver', 'leaver.immediate']),
  operator: counting('operator', 5, ['leaver.immediate', 'person', 'risk'], { sourceKind: 'operators', source: 'operators' }),
  nonPerson: {
    binds: causes,
    run: (cause) => fates(judge(intentOf([want()]), { situation: situationOf({ cause, kind: 'device', person: null }), confidence: 0.89 })),
    bound: 'session.revoke refused by nonPerson',
  },
};
