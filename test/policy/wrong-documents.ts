/**
 * The table of wrong documents: each a change to a set of good ones, with the code expected and, marked by `▸`, the place. The place
 * is the line and column that the mark has in the changed file.
 */

export interface WrongDocument {
  readonly what: string;
  readonly code: string;
  /** Of the good set, or a file that the case adds. */
  readonly file: string;
  /** Replaces a piece of the good text; the piece must be there. Without `from`, `to` is the whole file. */
  readonly from?: string;
  /** Holds the mark, unless the fault stands at the file's beginning or in `elsewhere`. */
  readonly to: string;
  /** A place in the good text, where the fault is told at another place than the change. */
  readonly elsewhere?: string;
  /** Further faults follow from the same change; else the one is the only one. */
  readonly more?: true;
}

/** A policy in which every part has a line of its own. */
export const goodPolicy = `apiVersion: rescind/v1
kind: Policy
metadata:
  id: RP-900
  name: example
  version: 1
  title: An example
  owner: group:soc
  severity: high
  status: draft
mode: report-only
match:
  signals: [cookie_replay, anomalous_token]
  subjects:
    kinds: [person, account, session]
    excludeGroups: [break-glass]
when: 'risk.score >= 40.0'
needs: ["device.compliance?"]
respond:
  scope: person
  ladder:
    - step: ask
      actions:
        - { type: mfa.require, strength: any }
    - step: contain
      at: 'risk.level == "high"'
      actions:
        - { type: session.revoke, scope: all }
        - { type: token.revoke, scope: all }
    - step: suspend
      at: 'risk.base >= 90.0'
      approval: lead
      actions:
        - { type: account.suspend, expires: 4h }
  fallback: contain
approvals:
  lead: { approvers: [group:soc], required: 1, timeout: 10m, onTimeout: fallback }
guardrails:
  limits: { session.revoke: 20/1h }
cooldown: { sameSubjectSameAction: 60m }
undo: { auto: [account.suspend], window: 72h }
tests:
  - name: fires
    given: {}
    expect: { match: true, step: contain }
  - name: quiet
    given: { signals: [{ type: anomalous_token, severity: low }] }
    expect: { match: false, because: when }
  - name: apart
    given: { subject: { groups: [break-glass] } }
    expect: { match: false, because: excluded }
  - name: nobody knows the device
    given: { device: { compliance: unknown } }
    expect: { match: true, step: contain }
`;

/** A list and an exception, likewise. */
export const goodList = `apiVersion: rescind/v1
kind: List
metadata:
  id: egress
  version: 1
  owner: group:network
type: cidr
entries:
  - value: 198.51.100.0/24
    owner: user:net.lead
    expires: 2027-01-31
`;

export const goodException = `apiVersion: rescind/v1
kind: Exception
metadata: { id: EX-1, version: 1, owner: group:iam }
subject: { group: offsite }
policies: [RP-901]
effect: report-only
reason: off-site in Singapore
approvedBy: user:lead.iam
startsAt: 2026-05-28T00:00:00Z
expiresAt: 2026-06-12T00:00:00Z
`;

export const listPath = 'lists/egress.yaml';
export const exceptionPath = 'exceptions/EX-1.yaml';
export const policyPath = 'responses/RP-900-example.yaml';
const policy = (code: string, what: string, from: string, to: string, elsewhere?: string): WrongDocument => ({
  code,
  what,
  file: policyPath,
  from,
  to,
  ...(elsewhere === undefined ? {} : { elsewhere }),
});
const when = (code: string, what: string, condition: string) => policy(code, what, "when: 'risk.score >= 40.0'", `▸when: '${condition}'`);
const inFile = (file: string) => (code: string, what: string, from: string, to: string, elsewhere?: string) => ({
  ...policy(code, what, from, to, elsewhere),
  file,
});
const risk = inFile('risk.yaml');
const guards = inFile('guardrails.yaml');
const profile = inFile('profiles/sandbox.yaml');
const list = inFile(listPath);
const exception = inFile(exceptionPath);

export const wrongDocuments: readonly WrongDocument[] = [
  // The text itself.
  policy(
    'E101',
    'a bracket that is not closed',
    'signals: [cookie_replay, anomalous_token]',
    'signals: [cookie_replay, anomalous_token',
    '  subjects:',
  ),
  policy('E101', 'a key that stands twice', 'mode: report-only', 'mode: report-only\n▸mode: report-only'),
  policy('E101', 'an anchor that there is not', 'title: An example', 'title: ▸*nobody'),
  { ...policy('E101', 'a tab that indents', '  name: example', '▸\tname: example'), more: true },
  { code: 'E101', what: 'an empty file', file: policyPath, to: '' },
  { code: 'E101', what: 'a list instead of a document', file: policyPath, to: '- 1\n' },
  { code: 'E101', what: 'two documents in one file', file: policyPath, to: `${goodPolicy}▸---\n${goodPolicy}` },

  // The form.
  policy('E101', 'an unknown key at the top', 'mode: report-only', 'mode: report-only\n▸nonsense: 1'),
  policy('E101', 'an unknown key below', '  scope: person', '  scope: person\n  ▸reach: wide'),
  policy('E101', 'an unknown key in an inline map', 'timeout: 10m, onTimeout', 'timeout: 10m, ▸colour: red, onTimeout'),
  policy('E101', 'another kind', 'kind: Policy', '▸kind: Politics'),
  policy('E101', 'another version of the language', 'apiVersion: rescind/v1', '▸apiVersion: rescind/v2'),
  policy('E101', 'a mode that there is not', 'mode: report-only', '▸mode: order'),
  policy('E101', 'a version that is no number', 'version: 1', '▸version: one'),
  policy('E101', 'no signals', 'signals: [cookie_replay, anomalous_token]', '▸signals: []'),
  policy('E101', 'a cause that there is not', 'match:', 'match:\n  causes: [▸weather]'),
  policy('E101', 'a confidence above one', 'match:', 'match:\n  ▸minConfidence: 70'),
  policy('E101', 'a span without a unit', 'match:', 'match:\n  ▸maxSignalAge: 24'),
  policy('E101', 'a technique of no form', 'status: draft', 'status: draft\n  attack: [▸Phishing]'),
  policy('E101', 'a date of no form', 'status: draft', 'status: draft\n  ▸reviewBy: soon'),
  policy('E101', 'a condition that is left empty', "when: 'risk.score >= 40.0'", "▸when: ''"),
  policy('E101', 'a parameter that the action does not take', 'strength: any', '▸colour: red'),
  policy('E101', 'a parameter of another value', 'strength: any', '▸strength: some'),
  policy('E101', 'a step that stands twice', 'step: suspend', '▸step: contain'),
  policy('E101', 'a limit of no form', '{ session.revoke: 20/1h }', '{ ▸session.revoke: many }'),
  policy('E101', 'a share above a hundred', 'mode: report-only', 'mode: report-only\nrollout: { ▸percent: 101, salt: x }'),
  policy('E101', 'a test at no instant', '    given: {}', '    given: { ▸now: today }'),
  policy(
    'E101',
    'a signal of a test at no instant',
    '    given: {}',
    '    given: { signals: [{ type: cookie_replay, ▸at: 2026-13-01T00:00:00Z }] }',
  ),

  // Conditions.
  when('E102', 'a number', 'risk.score'),
  when('E102', 'a text compared with a number', 'risk.level >= 3'),
  when('E102', 'a condition that ends early', 'risk.score >='),
  when('E102', 'a function that there is not', 'launch("now")'),
  { ...when('E102', 'a field hidden behind dyn', 'dyn(risk).nope == 1'), more: true },
  when('E102', 'a span that is none', 'recent("cookie_replay", duration("soon")) > 0'),
  when('E102', 'has of a text, which is always true', 'has(subject.tier)'),
  when('E103', 'a field that there is not', 'risk.scorr > 1.0'),
  when('E103', 'a field that there is not, inside has', 'has(subject.typo)'),
  when('E103', 'a variable that there is not', 'weather == "fine"'),
  when('E103', 'an object as a value', 'subject == subject'),
  policy('E103', 'a need that there is not', '["device.compliance?"]', '[▸"device.typo?"]'),
  policy('E103', 'a field of a step', 'at: \'risk.level == "high"\'', '▸at: \'risk.levle == "high"\''),
  when('E104', 'matches as a method', 'signal.source.matches("(a+)+$")'),
  when('E104', 'matches as a function', 'matches(signal.source, "(a+)+$")'),
  when('E104', 'matches inside a macro', 'risk.groups.exists(g, g.matches("(a+)+$"))'),
  when('E105', 'a macro in a macro', 'risk.groups.all(a, risk.groups.all(b, a != b))'),
  when('E105', 'brackets nested deeply', `${'('.repeat(40)}true${')'.repeat(40)}`),
  when('E105', 'a negation nested deeply', `${'!'.repeat(600)}true`),
  when('E105', 'more than five hundred nodes', Array.from({ length: 160 }, () => 'risk.score >= 1.0').join(' && ')),
  when('E106', 'an evidence group that there is not', 'hasGroup("nonsense")'),
  when('E106', 'a signal type that recent() does not know', 'recent("nonsense", duration("1h")) > 0'),
  when('E106', 'a list that there is not', 'cidr(signal.ip, "nowhere")'),
  when('E107', 'a fact that not every type declares', 'facts.malware == "confirmed"'),
  policy('E107', 'a fact that is needed and not declared', '["device.compliance?"]', '[▸facts.failures]'),

  // Names.
  policy('E106', 'a signal type that there is not', '[cookie_replay, anomalous_token]', '[cookie_replay, ▸nonsense]'),
  policy(
    'E106',
    'a list that excludes and that there is not',
    'excludeGroups: [break-glass]',
    'excludeGroups: [break-glass]\n    excludeLists: [▸nowhere]',
  ),
  policy('E106', 'an action that there is not', '{ type: token.revoke, scope: all }', '{ ▸type: laptop.melt }'),
  policy('E106', 'an action that only gives back', '{ type: token.revoke, scope: all }', '{ ▸type: account.restore }'),
  policy('E106', 'an approval that there is not', 'approval: lead', '▸approval: nobody'),
  policy('E106', 'a fallback that is no step', 'fallback: contain', '▸fallback: nowhere'),
  policy('E106', 'an undo of an action that there is not', 'auto: [account.suspend]', 'auto: [▸laptop.freeze]'),
  policy('E106', 'a limit for an action that there is not', '{ session.revoke: 20/1h }', '{ ▸laptop.melt: 20/1h }'),
  policy(
    'E106',
    'quiet hours for a step that there is not',
    'guardrails:',
    'guardrails:\n  quietHours: { calendar: subject, during: ["22:00-06:00"], effect: approval, steps: [▸nowhere] }',
  ),
  policy(
    'E106',
    'a derived signal of no type',
    'respond:',
    'risk: { contribute: [{ ▸type: nonsense, severity: low, confidence: 1 }] }\nrespond:',
  ),
  policy('E106', 'a test with a signal of no type', '{ type: anomalous_token, severity: low }', '{ ▸type: nonsense }'),
  policy('E106', 'a test that expects no step of the ladder', '{ match: true, step: contain }', '{ match: true, ▸step: nowhere }'),
  policy('E106', 'a test that expects no action', '{ match: true, step: contain }', '{ match: true, actions: [▸laptop.melt] }'),
  policy('E106', 'a test that expects no guard', '{ match: true, step: contain }', '{ match: true, ▸held: aproval }'),
  policy('E106', 'a test that counts for no guard', '    given: {}', '    given: { counters: { ▸sauce: 8 } }'),
  policy('E106', 'a test that fills no list', '    given: {}', '    given: { lists: { ▸nowhere: [] } }'),
  { code: 'E108', what: 'an id that stands twice', file: 'responses/z.yaml', to: goodPolicy.replace('id:', '▸id:') },

  // What a policy promises.
  policy('E110', 'a limit looser than the guard', '{ session.revoke: 20/1h }', '{ ▸session.revoke: 21/1h }'),
  policy('E110', 'a limit whose window is short', '{ session.revoke: 20/1h }', '{ ▸session.revoke: 11/30m }'),
  policy('E110', 'a limit of rung 5 looser than the guard', '{ session.revoke: 20/1h }', '{ ▸account.suspend: 4/1h }'),
  policy(
    'E110',
    'a group share looser than the guard',
    'guardrails:',
    'guardrails:\n  ▸perGroup: { key: department, percent: 21, min: 3, window: 24h }',
  ),
  policy('E110', 'less corroboration than the guard', 'guardrails:', 'guardrails:\n  corroboration: { ▸groups: 1 }'),
  policy('E110', 'a cooldown shorter than the guard', '{ sameSubjectSameAction: 60m }', '{ ▸sameSubjectSameAction: 59m }'),
  policy('E110', 'a suspension longer than the guard', 'expires: 4h', '▸expires: 73h'),
  policy(
    'E111',
    'a harsh step without an approval',
    "    - step: suspend\n      at: 'risk.base >= 90.0'\n      approval: lead\n",
    "    - ▸step: suspend\n      at: 'risk.base >= 90.0'\n",
  ),
  policy(
    'E111',
    'a harsh step without corroboration',
    "    - step: suspend\n      at: 'risk.base >= 90.0'",
    "    - ▸step: suspend\n      at: 'risk.score >= 90.0'",
  ),
  policy('E112', 'no tests', goodPolicy.slice(goodPolicy.indexOf('tests:')), '▸tests: []\n'),
  policy('E112', 'no test that does not fire', '{ match: false, because: when }', '{ match: true }', 'tests:'),
  policy('E112', 'no test of the excluded', 'because: excluded', 'because: subject', 'tests:'),
  policy('E113', 'an owner of no form', 'owner: group:soc', '▸owner: someone'),
  policy('E115', 'a token of a chat', 'title: An example', '▸title: xoxb-123456789012-abcdefABCDEF123456'),
  policy('E115', 'a password inside an address', 'status: draft', 'status: draft\n  links: [▸"https://joe:pa55word@wiki.example/x"]'),
  policy('E116', 'an action of another subject', '{ type: token.revoke, scope: all }', '{ ▸type: ip.block, expires: 1h }'),
  {
    ...policy('E116', 'an action that is given by order only', '{ type: token.revoke, scope: all }', '{ ▸type: credential.disable }'),
    more: true,
  },
  { ...policy('E116', 'a scope that the subject does not have', '  scope: person', '  ▸scope: network'), more: true },
  policy('E117', 'direct without a reason', 'mode: report-only', 'mode: report-only\n▸direct: true'),
  policy(
    'E117',
    'direct for a step that there is not',
    'mode: report-only',
    'mode: report-only\ndirect: true\ndirectReason: because\ndirectSteps: [▸nowhere]',
  ),
  policy('E117', 'a reason without direct', 'mode: report-only', 'mode: report-only\n▸directReason: because'),
  policy('E118', 'a fallback to the highest step', 'fallback: contain', '▸fallback: suspend'),
  policy('E124', 'a suspension without an end', '- { type: account.suspend, expires: 4h }', '- ▸{ type: account.suspend }'),

  // Lists.
  list('E101', 'an unknown key', 'type: cidr', 'type: cidr\n▸colour: red'),
  list('E101', 'a range that is none', 'value: 198.51.100.0/24', '▸value: Oslo'),
  list('E101', 'a day that is none', 'expires: 2027-01-31', '▸expires: 2027-02-30'),
  list('E113', 'an owner of no form', 'owner: group:network', '▸owner: network'),
  list('E113', 'an entry with an owner of no form', 'owner: user:net.lead', '▸owner: somebody'),
  list('E115', 'a secret in a note', '    expires: 2027-01-31', '    expires: 2027-01-31\n    ▸note: ghp_abcdefghijklmnopqrst'),
  list('E122', 'an entry without an owner', '  - value: 198.51.100.0/24\n    owner: user:net.lead\n', '  - ▸value: 198.51.100.0/24\n'),
  list(
    'E122',
    'an entry without an end',
    '  - value: 198.51.100.0/24\n    owner: user:net.lead\n    expires: 2027-01-31\n',
    '  - ▸value: 198.51.100.0/24\n    owner: user:net.lead\n',
  ),

  // Exceptions.
  exception('E101', 'an instant that is none', 'expiresAt: 2026-06-12T00:00:00Z', '▸expiresAt: soon'),
  exception('E101', 'an end before the beginning', 'expiresAt: 2026-06-12T00:00:00Z', '▸expiresAt: 2026-05-27T00:00:00Z'),
  exception('E106', 'a policy that there is not', 'policies: [RP-901]', 'policies: [▸RP-999]'),
  exception('E106', 'a list that there is not', '{ group: offsite }', '{ ▸list: nowhere }'),
  exception('E113', 'an owner of no form', 'owner: group:iam', '▸owner: iam'),
  exception('E121', 'more than thirty days', 'expiresAt: 2026-06-12T00:00:00Z', '▸expiresAt: 2026-06-28T00:00:00Z'),
  exception('E121', 'no approver', 'approvedBy: user:lead.iam\n', '', 'apiVersion'),
  exception('E121', 'a group as the approver', 'approvedBy: user:lead.iam', '▸approvedBy: group:iam'),
  exception('E121', 'an effect that strengthens', 'effect: report-only', '▸effect: enforce'),

  // The scoring model.
  risk('E101', 'a type with evidence and no group', 'admin_confirmed: { group: confirmed, standalone', '▸admin_confirmed: { standalone'),
  risk('E101', 'an unknown key', 'groups:\n  confirmed: {}', 'groups:\n  confirmed: { ▸colour: red }'),
  risk('E101', 'a half-life of no form', 'halfLife: 30d', '▸halfLife: month'),
  risk('E101', 'a value that would be lost at once', 'standalone: 75, halfLife: 30d', '▸standalone: 70, halfLife: 30d'),
  { ...risk('E101', 'levels out of order', 'medium: { enter: 40,', 'medium: { ▸enter: 9,'), more: true },
  risk('E106', 'a group that there is not', 'admin_confirmed: { group: confirmed', 'admin_confirmed: { ▸group: nonsense'),
  risk('E113', 'an owner of no form', 'owner: group:security-operations', '▸owner: somebody'),
  risk('E115', 'a secret', 'owner: group:security-operations', '▸owner: group:AKIAABCDEFGHIJKLMNOP'),

  // The guards and their profile.
  guards('E101', 'an unknown guard', 'guards:\n', 'guards:\n  ▸mercy: { binds: all }\n'),
  guards(
    'E101',
    'a guard that is missing',
    '  tier0: { binds: [risk, partner, person], fromRung: 3, limits: [{ count: 1, window: 24h }] }\n',
    '',
    'guards:\n  killSwitch',
  ),
  guards(
    'E101',
    'a limit that is no number',
    'surge: { binds: [risk, partner], per: [source, signalType], fromRung: 3, orRung2AtPercent: 1, people: 8',
    'surge: { binds: [risk, partner], per: [source, signalType], fromRung: 3, orRung2AtPercent: 1, ▸people: few',
  ),
  guards('E101', 'break-glass people who may be acted on', 'breakGlass: never', '▸breakGlass: sometimes'),
  { ...guards('E101', 'a profile whose file is missing', 'file: profiles/sandbox.yaml', '▸file: profiles/none.yaml'), more: true },
  guards('E113', 'an owner of no form', 'owner: group:iam-oncall', '▸owner: iam'),
  guards(
    'E120',
    'a guard that binds fewer causes',
    'ceiling: { binds: [risk, partner, leaver, drill] }',
    'ceiling: { ▸binds: [risk, partner, leaver] }',
  ),
  profile('E101', 'a guard that no profile may change', 'guards:\n', 'guards:\n  ▸protected: { changeBy: 1 }\n'),
  profile('E119', 'the sandbox profile for another provider', 'provider: sandbox', '▸provider: okta'),
  { code: 'E106', what: 'a profile that nobody names', file: 'profiles/other.yaml', to: 'kind: GuardProfile\n' },
  {
    code: 'E101',
    what: 'a document where nothing is read',
    file: 'response/RP-900.yaml',
    to: goodPolicy.replace('apiVersion', '▸apiVersion'),
  },
];
