import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manifest } from '../../src/adapters/sandbox/manifest.ts';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { compileBundle } from '../../src/engine/bundle.ts';
import { createTestJudge, rejudge } from '../../src/engine/replay.ts';
import { conclude, consider, questionsOf } from '../../src/engine.ts';
import { guardsInForce, readingOf } from '../../src/guard/index.ts';
import type { JudgingConnection, JudgingSettings } from '../../src/model/settings.ts';
import type { Situation } from '../../src/model/situation.ts';
import { fallsOnAccounts } from '../../src/policy/action-parameters.ts';
import { runInlineTests } from '../../src/policy/index.ts';
import { account, situation } from './support.ts';

const folder = join(import.meta.dirname, '../../policies');
const compiled = compileBundle(await readPolicyFolder(folder));
if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults, null, 1));
const { bundle } = compiled;
const results = runInlineTests(bundle.policies, createTestJudge(bundle), guardsInForce);

it.each(results.filter((result) => result.outcome !== 'skipped'))('$policyId: $name', ({ differences }) => expect(differences).toEqual([]));

for (const result of results.filter((one) => one.outcome === 'skipped'))
  it.skip(`${result.policyId}: ${result.name} (${result.differences[0]})`, () => {});

it('ships every policy as a report', () => {
  const ids = ['RP-001', 'RP-003', 'RP-004', 'RP-005', 'RP-017', 'RP-020', 'RP-021'];
  expect(bundle.policies.policies.map((policy) => [policy.id, policy.mode])).toEqual(ids.map((id) => [id, 'report-only']));
});

it('ships the lists that policies and guards name, empty', () => {
  const { protected: people, executiveApproval } = bundle.guards.profiles.standard.all;
  const named = [people, executiveApproval].map((guard) => (guard as { readonly list: string }).list);
  const excluding = bundle.policies.policies.flatMap((policy) => policy.excludeLists);
  expect([...bundle.policies.lists.keys()].sort()).toEqual([...new Set([...named, ...excluding])].sort());
  for (const [path, text] of bundle.files) if (path.startsWith('lists/')) expect(text).toMatch(/^entries: \[\]$/m);
});

describe('the pack on a sandbox, enforced', () => {
  const sandbox: JudgingSettings = {
    enforcement: { default: { mode: 'enforce', maxRung: 6 }, connections: {}, groups: {}, receivers: {} },
    overrides: Object.fromEntries(bundle.policies.policies.map((policy) => [policy.id, 'enforce'])),
    profile: 'standard',
    connections: { sandbox: { provider: 'sandbox', profile: 'sandbox', actions: Object.keys(manifest.actions) } },
  };
  const onSandbox = { accounts: [account('sandbox')] };
  const judge = (given: Situation, settings = sandbox) => {
    const draft = consider(given, bundle, settings, []);
    return conclude(
      draft,
      questionsOf(draft).map((asked) => readingOf(asked, 0)),
    );
  };
  const states = ({ judgement }: ReturnType<typeof judge>) =>
    judgement.actions.map(
      ({ policyId, step, type, state, by }) => `${policyId}/${step} ${type} ${state}${by === undefined ? '' : ` by ${by}`}`,
    );

  it('does at the sandbox what the pack asks of it', () => {
    const judged = judge(situation({ person: onSandbox, signal: { type: 'cookie_replay' } }));
    expect(states(judged)).toEqual([
      'RP-004/contain session.revoke released',
      'RP-004/contain token.revoke released',
      'RP-004/contain mfa.require released',
    ]);
    expect(judged.judgement).toMatchObject({ outcome: 'released', policyId: 'RP-004', rung: 3 });
    const asked = bundle.policies.policies.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions.map(({ type }) => type)));
    expect(new Set(asked.filter((type) => fallsOnAccounts(type) && !(type in manifest.actions)))).toEqual(new Set());
  });

  describe('with sessions and tokens as all that the provider offers', () => {
    const offering = { ...sandbox.connections['sandbox'], actions: ['session.revoke', 'token.revoke'] } as JudgingConnection;
    const little: JudgingSettings = { ...sandbox, connections: { sandbox: offering } };

    it('does what is offered and records the rest as refused', () => {
      const judged = judge(situation({ person: onSandbox, signal: { type: 'cookie_replay' } }), little);
      expect(states(judged)).toEqual([
        'RP-004/contain session.revoke released',
        'RP-004/contain token.revoke released',
        'RP-004/contain mfa.require refused by unsupported',
      ]);
      expect(judged.judgement).toMatchObject({ outcome: 'partial', policyId: 'RP-004', rung: 3 });
      expect(judged.judgement.reasons).toContainEqual({ code: 'unsupported', ref: 'sandbox' });
    });

    it('refuses a step of which nothing is offered, and takes none for it', () => {
      const judged = judge(situation({ person: onSandbox, signal: { type: 'leaked_credentials' } }), little);
      expect(judged.judgement.outcome).toBe('refused');
      expect(new Set(judged.judgement.actions.map(({ state, by }) => `${state} ${by}`))).toEqual(new Set(['refused unsupported']));
      expect(judged.plans.filter((plan) => plan.state === 'released')).toEqual([]);
    });
  });

  it('holds a step that asks for approval, says for what, and contains meanwhile', () => {
    const given = situation({ person: onSandbox, signal: { type: 'admin_confirmed', source: 'operators', sourceKind: 'operators' } });
    const judged = judge(given);
    expect(states(judged)).toEqual([
      'RP-001/suspend account.suspend held by approval',
      'RP-001/contain session.revoke released',
      'RP-001/contain token.revoke released',
      'RP-001/contain password.expire released',
      'RP-001/contain mfa.reset released',
    ]);
    expect(judged.judgement.outcome).toBe('partial');
    expect(judged.judgement.reasons).toEqual(
      expect.arrayContaining([
        { code: 'approval', ref: 'socLead' },
        { code: 'fallback', ref: 'RP-001/contain' },
      ]),
    );
    expect(judged.plans.map(({ state, heldFor }) => [state, heldFor])).toEqual([
      ['held', 'approval'],
      ['released', null],
    ]);
  });

  it("ends sessions and tokens at a person's own report, and asks for a new password where rung 4 is allowed", () => {
    const own = situation({ person: onSandbox, signal: { type: 'mfa_fraud_report' } });
    const [sessions, tokens, password] = ['session.revoke', 'token.revoke', 'password.expire'];
    expect(states(judge(own))).toEqual([sessions, tokens, password].map((type) => `RP-005/newPassword ${type} released`));
    const { enforcement } = sandbox;
    const upToThree = { ...sandbox, enforcement: { ...enforcement, default: { mode: 'enforce' as const, maxRung: 3 as const } } };
    expect(states(judge(own, upToThree))).toEqual([
      ...[sessions, tokens, password].map((type) => `RP-005/newPassword ${type} reported`),
      ...[sessions, tokens].map((type) => `RP-005/signOut ${type} released`),
    ]);
  });

  it('steps up who keeps denying prompts', () => {
    const pestered = situation({ person: onSandbox, signal: { type: 'mfa_fatigue', source: 'DT-002', sourceKind: 'siem' } });
    expect(states(judge(pestered))).toEqual(['RP-005/stepUp mfa.require released']);
  });

  it('ends on a compromised endpoint the sessions that the person has on it, no others', () => {
    const claim = { kind: 'device' as const, person: [], id: 'laptop-7' };
    const found = { type: 'edr_alert_critical', source: 'edr', sourceKind: 'edr' as const, facts: { malware: 'confirmed' }, claim };
    const judged = judge(situation({ kind: 'device', person: onSandbox, signal: found }));
    expect(judged.judgement.actions).toMatchObject([
      { type: 'session.revoke', state: 'released', accountId: 'acc-sandbox-1', parameters: { scope: 'one' } },
    ]);
    const unnamed = judge(situation({ kind: 'device', person: null, signal: found }));
    expect(states(unnamed)).toEqual(['RP-021/sessions session.revoke refused by unsupported']);
  });

  it('rests after it acted, and gives that judgement again from its snapshot', () => {
    const standard: JudgingSettings = {
      ...sandbox,
      connections: { sandbox: { ...sandbox.connections['sandbox'], profile: 'standard' } as JudgingConnection },
    };
    const draft = consider(
      situation({ person: onSandbox, signal: { type: 'cookie_replay', occurredAt: situation().now - 60_000 } }),
      bundle,
      standard,
      [],
    );
    const asked = questionsOf(draft);
    expect(asked.filter((one) => one.own).length).toBeGreaterThan(0);
    const judged = conclude(
      draft,
      asked.map((one) => readingOf(one, one.own ? 1 : 0)),
    );
    expect(states(judged).slice(0, 2)).toEqual([
      'RP-004/contain session.revoke refused by cooldown',
      'RP-004/contain token.revoke refused by cooldown',
    ]);
    expect(judged).toMatchObject({ uses: [], judgement: { outcome: 'refused', mode: 'enforce' } });
    expect(judged.judgement.reasons).toContainEqual({ code: 'cooldown', ref: 'session.revoke', detail: '1 min' });
    expect(rejudge(JSON.parse(JSON.stringify(judged.snapshot)), bundle, standard)).toEqual(judged.judgement);
  });

  it('gives the same judgement again from its snapshot', () => {
    for (const type of ['cookie_replay', 'leaked_credentials', 'session_revoked', 'edr_alert_critical']) {
      const judged = judge(situation({ person: onSandbox, signal: { type } }));
      const stored = JSON.parse(JSON.stringify(judged.snapshot));
      expect(rejudge(stored, bundle, sandbox)).toEqual(judged.judgement);
    }
  });
});
