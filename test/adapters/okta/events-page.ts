/** Renders the page of Okta's events from the table, so that the two cannot differ. */
import { headings } from '../../../src/adapters/okta/index.ts';

const means: Readonly<Record<string, string>> = {
  '': '-',
  actor: 'who did it',
  target: 'whom it was done to',
  user: 'whom it was done to, else who did it',
  grantee: 'the person, group or app that got it',
  session: 'the person, in that session',
  device: 'the device, with its person',
  network: 'the address',
  client: 'the app',
  org: 'the organisation',
};

export function renderEventsPage(): string {
  const sections = headings.flatMap(([heading, rows]) => [
    '',
    `## ${heading}`,
    '',
    '| event type | outcome | means | signal | severity | looked up | note |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(
      ([type, outcome, whom, gives, severity, reading, note]) =>
        `| \`${type}\` | ${outcome} | ${means[whom]} | ${gives} | ${severity || '-'} | ${reading || '-'} | ${note} |`,
    ),
  ]);
  return [
    "# Okta's events",
    '',
    'What is made of an event of the System Log, whether a hook brings it or it is read from the log. How they come in is told in',
    '[operating](operating.md#events-of-providers).',
    '',
    '- **Outcome.** `done` is SUCCESS, ALLOW, or nothing said; `failed` FAILURE and DENY; `challenged` CHALLENGE; `unanswered` UNANSWERED and',
    '  ABANDONED. A type that is known, with an outcome that has no row, is counted as `notDone`. A type that is not known is counted by name.',
    '- **Signal.** A type of `policies/risk.yaml`. `context`, `ownHealth` (of the provider, not of people) and `internal` are no signals. Where',
    '  the documentation gives a range of severities the lower one stands. Bursts are for the detections: `mfa.push.denied` and',
    '  `mfa.push.timeout` for DT-002, `signin.failed` for DT-003. One denial may be told twice, by `auth_via_mfa` and by `deny_push`.',
    '- **Looked up.** `signIn`: of what a sign-in shows the strongest: ThreatInsight (`malicious_ip`), velocity (`impossible_travel`), risk HIGH',
    '  or a new device and address at the console of administrators (`rba_anomaly`, high), a proxy (`anonymizer_ip`), risk MEDIUM',
    '  (`rba_anomaly`, medium), a new country (`new_country`), a new device and address (`rba_anomaly`, low). `signInFailed`, `mfaFailed`:',
    "  FastPass refused a page that is not Okta's (`aitm_phishing`, low); a failed factor that is no push is `signin.failed`. `mfaPassed`: a",
    '  factor that is no push is `assurance_level_change`. `riskDetected`, `riskChanged`: `caep_risk_high` and `caep_risk_medium` by level; what',
    '  cannot be read is unknown, never low. `riskAction`: a rule that ended sessions is `session_revoked`. `shownPassword`: not to oneself.',
    '  `passwordPush`: passwords pushed to an app in clear are `app_credential_added`. The others read who did it.',
    '- **Remedies** need SUCCESS and a person who is named. `password_reset`: an administrator who is not the person (no app, not Okta itself).',
    '  `password_reset_self`: the person, once the session is known to have passed a second factor. `sessions_revoked`: an administrator, once',
    '  read back. `mfa_strong`, `mfa_weak`: the person, where it was demanded. A risk that fell and a grant that was taken back cover what they',
    '  had raised. An unlocked account, a reset factor and an expired password are no remedies.',
    '- **Our own doing** (our service app or API token) is confirmation, not evidence.',
    '- **Quarantined**, kept and shown but never acted on: without `uuid`, without a time, or more than an hour ahead. Not kept: events over 65,536',
    '  characters, or with NUL or half a character in them.',
    ...sections,
    '',
  ].join('\n');
}
