import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPolicyFolder } from '../../src/app/policy-folder.ts';
import { compileBundle } from '../../src/engine/bundle.ts';
import { createTestJudge } from '../../src/engine/replay.ts';
import { parseQuestion, whatIf } from '../../src/policy/index.ts';
import { goodPolicy, policyPath } from './wrong-documents.ts';

const shipped = await readPolicyFolder(join(import.meta.dirname, '../../policies'));
const surroundings = ['risk.yaml', 'guardrails.yaml', 'profiles/sandbox.yaml'].map((path) => [path, shipped.get(path) as string] as const);

/** Asks the good policy, and others beside it. */
function ask(
  question: { signal: string; before?: readonly string[]; set?: readonly string[] },
  policies: readonly string[] = [goodPolicy],
) {
  const files = policies.map((text, n) => [n === 0 ? policyPath : `responses/p${n}.yaml`, text] as const);
  const compiled = compileBundle(new Map([...surroundings, ...files]));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults, null, 1));
  const parsed = parseQuestion({ before: [], set: [], subject: 'u1', ...question });
  if (!parsed.ok) throw new Error(parsed.faults.join('\n'));
  return whatIf(compiled.bundle.policies, createTestJudge(compiled.bundle), parsed.given);
}

describe('what if', () => {
  it('a signal came: the policy, each clause, the points, the step', () => {
    const answer = ask({ signal: 'cookie_replay:idp:-1m', set: ['device.compliance=unknown'] });
    expect(answer).toMatchObject({ policyId: 'RP-900', step: 'contain', rung: 3, level: 'high', outcome: 'released', changes: [] });
    expect(answer.points.map(({ signalType, group, source }) => [signalType, group, source])).toEqual([
      ['cookie_replay', 'session', 'idp'],
    ]);
    expect(answer.points.reduce((sum, { points }) => sum + points, 0)).toBeCloseTo(answer.score, 6);
    expect(answer.policies[0]?.trace).toEqual([
      { clause: 'risk.score >= 40.0', value: 'true' },
      { clause: 'risk.level == "high"', value: 'true' },
      { clause: 'risk.base >= 90.0', value: 'false' },
    ]);
  });

  it('another came before it: the guard that holds the step, what runs meanwhile, and the smallest change that flips it', () => {
    const answer = ask({ signal: 'cookie_replay', before: ['aitm_phishing:edr:-5m', 'new_country:idp:-3m'], set: ['device.managed=yes'] });
    expect(answer).toMatchObject({ step: 'suspend', outcome: 'partial', level: 'critical' });
    expect(answer.policies[0]?.actions).toContainEqual({
      type: 'account.suspend',
      step: 'suspend',
      rung: 5,
      state: 'held',
      by: 'approval',
    });
    expect(answer.policies[0]?.guards).toContainEqual({ guard: 'approval lead' });
    expect(answer.changes.map(({ without, flips, step }) => [without, flips, step])).toEqual([
      ['aitm_phishing of edr at -5m', true, 'contain'],
      ['device.managed', false, 'suspend'],
      ['new_country of idp at -3m', false, 'suspend'],
    ]);
  });

  it('somebody is excluded: the group it hangs on', () => {
    const answer = ask({ signal: 'cookie_replay', set: ['subject.groups=finance,break-glass'] });
    expect(answer).toMatchObject({ policyId: null, outcome: 'none' });
    expect(answer.policies[0]).toMatchObject({ step: null, because: 'excluded' });
    expect(answer.changes[0]).toMatchObject({ without: 'subject.groups break-glass', flips: true, step: 'contain' });
  });

  it('a value is needed and nobody knows it: the value', () => {
    const needing = goodPolicy.replace('["device.compliance?"]', '[device.compliance]');
    const answer = ask({ signal: 'cookie_replay' }, [needing]);
    expect(answer.policies[0]).toMatchObject({ because: 'needs', unknown: ['device.compliance'] });
  });

  it('several policies answer: each alone, and who decides', () => {
    const harsher = goodPolicy.replace('id: RP-900', 'id: RP-901').replace('type: token.revoke, scope: all', 'type: password.expire');
    const answer = ask({ signal: 'cookie_replay' }, [goodPolicy, harsher]);
    expect(answer.policies.map(({ policyId, rung }) => [policyId, rung])).toEqual([
      ['RP-900', 3],
      ['RP-901', 4],
    ]);
    expect(answer).toMatchObject({ policyId: 'RP-901', rung: 4 });
  });

  it('no policy answers: the score all the same', () => {
    expect(ask({ signal: 'mass_download' })).toMatchObject({ policyId: null, policies: [], level: 'medium', outcome: 'none' });
  });

  it('the same question has the same answer', () => {
    const question = { signal: 'cookie_replay', before: ['mfa_fatigue:idp:-6m'], set: ['subject.tier=tier0'] };
    expect(ask(question)).toEqual(ask(question));
  });
});

describe('a question', () => {
  it('reaches every part of a situation', () => {
    const parsed = parseQuestion({
      subject: 'u7',
      signal: 'edr_alert_critical:edr:2026-05-04T09:00:00Z',
      before: ['cookie_replay'],
      set: [
        'subject.hr.status=notice',
        'signal.severity=high',
        'facts.malware=confirmed',
        'device.people=3',
        'subject.executive=true',
        'counters.people=9',
      ],
    });
    expect(parsed).toEqual({
      ok: true,
      given: {
        subject: { id: 'u7', executive: true },
        hr: { status: 'notice' },
        facts: { malware: 'confirmed' },
        device: { people: 3 },
        counters: { people: 9 },
        signals: [{ type: 'cookie_replay' }, { type: 'edr_alert_critical', source: 'edr', at: '2026-05-04T09:00:00Z', severity: 'high' }],
      },
    });
  });

  it.each([
    [{ set: ['device.compliance'] }, 'device.compliance: expected path=value'],
    [{ set: ['weather.now=fine'] }, /^weather: /],
    [{ set: ['device.colour=red'] }, /^device\.colour: /],
    [{ set: ['device.compliance=odd'] }, /^device\.compliance: /],
    [{ set: ['signal.severity=odd'] }, /^signal\.severity: /],
    [{ before: ['cookie_replay:idp:yesterday'] }, /^signals\.0\.at: /],
  ])('that names what there is not is refused: %o', (part, message) => {
    const parsed = parseQuestion({ signal: 'cookie_replay', before: [], set: [], ...part });
    expect(parsed.ok ? [] : parsed.faults).toEqual([expect.stringMatching(message)]);
  });
});
