/** When a batch gathers an incident, and that it asks nothing where there is none. */
import { describe, expect, it } from 'vitest';
import type { IdentityId } from '../../src/model/ids.ts';
import { createIdMaker } from '../../src/model/ids.ts';
import type { Notice } from '../../src/model/notice.ts';
import { gather } from '../../src/pipeline/gather.ts';
import type { Settled } from '../../src/pipeline/naming.ts';
import type { PipelineParts } from '../../src/pipeline/parts.ts';
import type { Hit } from '../../src/store/incident-write.ts';
import type { SettleSession } from '../../src/store/settle-session.ts';
import { systemRandom } from '../support/system-clock.ts';

const ids = createIdMaker(systemRandom);
const at = Date.UTC(2026, 4, 4, 10);

interface Given {
  readonly type?: string;
  readonly source?: string;
  readonly heldFor?: string;
  readonly surge?: { readonly scope: string; readonly used: number };
}

function settled({ type = 'caep_risk_high', source = 'partner', heldFor, surge }: Given): Settled {
  const plan = { id: ids.next(at), decisionId: ids.next(at), identityId: ids.next<IdentityId>(at), connection: 'main', actions: [] };
  return {
    item: { arrival: { type, source }, signalId: ids.next(at) },
    decision: { id: plan.decisionId },
    plans: [{ plan: { ...plan, state: heldFor === undefined ? 'released' : 'held', heldFor: heldFor ?? null } }],
    judged: {
      uses: surge === undefined ? [] : [{ scope: surge.scope, subject: plan.identityId }],
      snapshot: { readings: surge === undefined ? [] : [{ scope: surge.scope, windowMs: 3_600_000, used: surge.used }] },
    },
  } as unknown as Settled;
}

async function gathered(...given: Given[]) {
  const asked: Hit[] = [];
  const told: Notice[] = [];
  const session = {
    gather: async (hits: readonly Hit[]) => {
      asked.push(...hits);
      return hits.map(({ id, signalType }) => ({ id, signalType, opened: true, sources: [] }));
    },
  } as unknown as SettleSession;
  const parts = {
    ids,
    random: systemRandom,
    notices(notices: readonly Notice[]) {
      told.push(...notices);
      return [];
    },
  } as unknown as PipelineParts;
  const statements = await gather(given.map(settled), session, at, parts);
  return { asked, told, statements: statements.map(({ name }) => name) };
}

describe('a batch', () => {
  it('in which nothing is held asks nothing and writes nothing', async () => {
    expect(await gathered({}, {})).toEqual({ asked: [], told: [], statements: [] });
  });

  it.each(['surge', 'source', 'people', 'rungs', 'policy', 'group', 'breaker'])(
    'with a first hit of %s opens an incident',
    async (guard) => {
      const { asked, told, statements } = await gathered({}, { heldFor: guard }, { heldFor: guard, source: 'other' });
      expect(asked).toMatchObject([{ signalType: 'caep_risk_high', source: 'partner', guard }]);
      expect(told).toMatchObject([{ type: 'incident.opened', about: asked[0]?.id, people: [] }]);
      expect(statements).toEqual(['incident-cause', 'incident-member', 'incident-back', 'ledger-insert', 'ledger-pending']);
    },
  );

  it.each(['approval', 'quietHours', 'ownerApproval'])('that waits for %s is told plan by plan, and is no incident', async (guard) => {
    const { asked, told } = await gathered({ heldFor: guard }, { heldFor: guard });
    expect(asked).toEqual([]);
    expect(told).toMatchObject([{ type: 'plan.held', about: null, data: { plans: [{ heldFor: guard }, { heldFor: guard }], more: 0 } }]);
    expect(told[0]?.people).toHaveLength(2);
  });

  it('that a pause holds is told by the pause', async () => {
    expect(await gathered({ heldFor: 'pause' })).toEqual({ asked: [], told: [], statements: [] });
  });

  it('of two signal types makes two incidents', async () => {
    const { asked } = await gathered({ heldFor: 'people' }, { heldFor: 'people', type: 'session_revoked' });
    expect(asked.map(({ signalType }) => signalType)).toEqual(['caep_risk_high', 'session_revoked']);
  });
});

describe('a surge', () => {
  it('is an incident from its fifth person on, while it still lets people through', async () => {
    expect((await gathered({ surge: { scope: 'surge:caep_risk_high:partner', used: 3 } })).asked).toEqual([]);
    const { asked } = await gathered({ surge: { scope: 'surge:caep_risk_high:partner', used: 4 } });
    expect(asked).toMatchObject([{ guard: 'surge' }]);
  });

  it.each(['surge:rung2:caep_risk_high:partner', 'surge:sandbox/caep_risk_high:partner', 'people'])(
    'is not counted by %s',
    async (scope) => {
      expect((await gathered({ surge: { scope, used: 50 } })).asked).toEqual([]);
    },
  );
});
