/** Events that nobody here wrote (fixtures beside the project), and what our own reading says that a rule on them should lead to. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type NormaliseContext, normalise } from '../../../src/adapters/okta/index.ts';
import { catalogue, faultsOf } from './check.ts';

const folder = '../shared/fixtures/idp-events';
const present = existsSync(folder);
if (!present) process.stdout.write(`${folder} is absent: Okta's events that others wrote are skipped\n`);

interface Fixture {
  readonly provider: string;
  readonly name: string;
  readonly kind: string;
  readonly label: { readonly rule?: string; readonly expected?: boolean } | null;
  readonly event: unknown;
  readonly event_native?: unknown;
}

type Tier = 'act' | 'step_up' | 'alert_only' | 'out_of_scope' | 'offboarding_trigger';

const fixtures: readonly Fixture[] = present
  ? readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').split('\n'))
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Fixture]))
      .filter(({ provider }) => provider === 'okta')
  : [];
const rules: Readonly<Record<string, { readonly tier: Tier }>> = present
  ? JSON.parse(readFileSync(`${folder}/panther-analysis.tiers.json`, 'utf8')).rules
  : {};

const context: NormaliseContext = { connection: 'okta-main', ownClientIds: new Set(), receivedAt: Date.UTC(2026, 4, 4) };
const eventOf = ({ event, event_native }: Fixture) => event_native ?? event;
const nameOf = ({ name, label }: Fixture) => (label?.rule === undefined ? name : `${label.rule}: ${name}`);

/** Points of one fresh signal in a neutral context, 0-100. */
function pointsOf(type: string, severity: 'low' | 'medium' | 'high'): number {
  return 100 * (1 - Math.exp(-(catalogue.types.get(type)?.evidenceNats[severity] ?? 0)));
}

/** `act`: high by itself, or proof. `step_up`: evidence. `alert_only`: kept, and not high by itself. */
function leadsTo(result: ReturnType<typeof normalise>, tier: Tier): boolean {
  if (result.kind !== 'signal' || result.signal.quarantine !== undefined) return false;
  const { type, severity } = result.signal;
  const points = pointsOf(type, severity);
  const acts = points >= 70 || catalogue.types.get(type)?.proof === true;
  if (tier === 'act') return acts;
  return tier === 'step_up' ? points > 0 : !acts;
}

/** Where we do not do what the reading of the rule says, and why. */
const explained: Readonly<Record<string, string>> = {
  'Okta.Group.Admin.Role.Assigned: Group Privilege Grant': 'its outcome is FAILURE: nothing was granted',
  'Okta.New.Behavior.Accessing.Admin.Console: New Behavior Accessing Admin Console (behavior)':
    'a guess about habit: rba_anomaly high, 45 points, and guesses never act alone',
  'Okta.New.Behavior.Accessing.Admin.Console: New Behavior Accessing Admin Console (logSecurityDataOnly)': 'as above',
  'Okta.New.Behavior.Accessing.Admin.Console: New Behavior Accessing Admin Console (logSecurityDataOnly) - not jsonified string':
    'as above',
  'Okta.Password.Extraction.via.SCIM: FastPass Phishing Block Event':
    "an administrator's change: app_credential_added high, 58 points, for somebody to look at",
  'Okta.PotentiallyStolenSession: Different device & ASN':
    'its time is redacted, so it is quarantined; and that the session was elsewhere before stands in no single event',
  'Okta.User.MFA.Reset.Single: User reset own MFA factor': 'it has neither uuid nor time, so it is quarantined',
  'Standard.OTX.MaliciousIndicator: Threat IP - No Adversary': "not an event of Okta's: an enrichment of somebody else's",
};

describe.skipIf(!present)("Okta's events that others wrote", () => {
  it.each(fixtures.map((fixture) => [nameOf(fixture), fixture] as const))('%s is a signal, or has a reason not to be', (_name, fixture) => {
    const result = normalise(eventOf(fixture), context);
    expect(faultsOf(result, context)).toEqual([]);
    if (fixture.kind !== 'systemlog') expect(result).toEqual({ kind: 'none', reason: 'malformed' });
  });

  it('were all seen, and are counted', () => {
    const counts: Record<string, number> = {};
    for (const fixture of fixtures) {
      const result = normalise(eventOf(fixture), context);
      const word = result.kind === 'signal' ? result.signal.type : result.kind === 'none' ? `none: ${result.reason}` : result.kind;
      counts[word] = (counts[word] ?? 0) + 1;
    }
    process.stdout.write(`${fixtures.length} rows of Okta: ${JSON.stringify(counts)}\n`);
    expect(fixtures.length).toBeGreaterThan(40);
    expect(Object.keys(counts).length).toBeGreaterThan(10);
  });

  it('lead to what our own reading of the rule says, but where it is explained', () => {
    const positives = fixtures.filter(({ label }) => label?.expected === true);
    const judged = positives.map((fixture) => {
      const tier = rules[fixture.label?.rule ?? '']?.tier;
      if (tier === undefined) throw new Error(`no tier for ${nameOf(fixture)}`);
      return { name: nameOf(fixture), agrees: leadsTo(normalise(eventOf(fixture), context), tier), tier };
    });
    for (const { name, agrees, tier } of judged)
      process.stdout.write(`${agrees ? 'agrees   ' : 'DISAGREES'} ${tier.padEnd(10)} ${name}${agrees ? '' : `: ${explained[name]}`}\n`);
    expect(judged.filter(({ agrees }) => !agrees).map(({ name }) => name)).toEqual(Object.keys(explained));
    expect(judged.filter(({ agrees }) => agrees).length).toBeGreaterThan(7);
  });
});
