/** The catalogue: what ships, and what is refused, with the place of each fault. */
import { describe, expect, it } from 'vitest';
import { parseRiskModel } from '../../src/risk/index.ts';
import { changedText, loadModel, shipped, shippedText } from './support.ts';

function faultsOf(from: string, to: string) {
  const text = changedText(from, to);
  const result = parseRiskModel(text, 'policies/risk.yaml');
  if (result.ok) return [];
  const lines = text.split('\n');
  return result.faults.map((fault) => ({
    code: fault.code,
    path: fault.path,
    message: fault.message,
    place: lines[fault.line - 1]?.slice(fault.column - 1, fault.column + 11),
  }));
}

describe('the shipped catalogue', () => {
  it('has exactly these types with these values', () => {
    const listed = [...shipped.types.values()]
      .filter((type) => type.group !== 'none')
      .map(
        (type) =>
          `${type.group} ${type.name} ${type.standalone} ${type.halfLifeMs === null ? 'none' : `${type.halfLifeMs / 3_600_000}h`}${type.proof ? ' proof' : ''}`,
      )
      .sort();
    expect(listed).toMatchInlineSnapshot(`
      [
        "confirmed admin_confirmed 99 none proof",
        "credential brute_force 25 24h",
        "credential credential_change_required 35 168h",
        "credential credential_stuffing 25 24h",
        "credential leaked_credentials 75 720h proof",
        "credential password_spray_hit 65 168h",
        "credential recovery_activated 15 24h",
        "credential recovery_information_changed 25 48h",
        "data inbox_forward_rule 45 72h",
        "data mass_download 44 24h",
        "endpoint device_noncompliant 25 72h",
        "endpoint edr_alert_critical 85 72h proof",
        "endpoint edr_alert_high 74 72h",
        "endpoint prt_access 80 168h proof",
        "external account_hijacked 74 72h",
        "external caep_risk_high 74 72h",
        "external caep_risk_medium 44 48h",
        "location anonymizer_ip 25 12h",
        "location impossible_travel 45 24h",
        "location new_country 20 24h",
        "login dormant_login 45 24h",
        "login rba_anomaly 25 12h",
        "mfa mfa_disabled 44 48h",
        "mfa mfa_factor_reset 25 48h",
        "mfa mfa_fatigue 60 24h",
        "mfa mfa_fraud_report 80 72h proof",
        "network_intel malicious_ip 50 72h",
        "network_intel threat_actor_ip 80 168h proof",
        "privilege app_credential_added 44 48h",
        "privilege conditional_access_changed 44 48h",
        "privilege federation_trust_changed 74 168h",
        "privilege role_granted_outside_pim 45 48h",
        "session aitm_phishing 85 168h proof",
        "session anomalous_token 55 48h",
        "session cookie_replay 75 48h proof",
        "session refresh_token_reuse 60 24h",
        "session undo_request_refused 45 24h",
        "session workload_anomaly 50 48h",
      ]
    `);
  });

  it('has these types without evidence', () => {
    const names = [...shipped.types.values()].filter((type) => type.group === 'none').map((type) => type.name);
    expect(names).toMatchInlineSnapshot(`
      [
        "account_disabled",
        "account_enabled",
        "account_purged",
        "asset_added",
        "assurance_level_change",
        "break_glass_sign_in",
        "breaker_opened",
        "contract_ended",
        "credential_change",
        "device_compliance_change",
        "drill",
        "file_integrity",
        "identifier_changed",
        "identifier_recycled",
        "ip_change",
        "leaver_due",
        "mfa.push.approved",
        "mfa.push.denied",
        "mfa.push.timeout",
        "oauth_client_changed",
        "operator_order",
        "opt_state_changed",
        "put_back",
        "risk_level_other",
        "session_established",
        "session_presented",
        "session_revoked",
        "signin.failed",
        "signin_failures",
        "subject_claim",
        "token_claims_change",
        "token_issued",
        "token_revoked",
        "undo",
        "verdict",
      ]
    `);
    for (const name of names) expect(shipped.types.get(name)).toMatchObject({ standalone: 0, proof: false, groupIndex: -1 });
  });

  it('weighs severities on the evidence, not on the score, up to the ceiling', () => {
    const nats = (name: string) => Object.values(shipped.types.get(name)?.evidenceNats ?? {}).map((each) => Number(each.toFixed(4)));
    expect(nats('impossible_travel')).toEqual([0.2391, 0.5978, 0.8968]);
    expect(nats('rba_anomaly')).toEqual([0.1278, 0.2877, 0.5978]);
    expect(nats('edr_alert_high')).toEqual([1.3471, 1.3471, 1.3471]);
    expect(nats('aitm_phishing')).toEqual([0.7588, 1.8971, 2.8457]);
    expect(nats('admin_confirmed')).toEqual([1.8421, 4.6052, 4.6052]);
  });

  it('types the facts that policies read', () => {
    expect(shipped.types.get('signin_failures')?.facts).toEqual({ failures: 'int', people: 'int' });
    expect(shipped.types.get('edr_alert_high')).toMatchObject({
      facts: { malware: 'text' },
      factValues: { malware: ['confirmed', 'suspected'] },
    });
  });

  it('sums groups in one order, however the document lists them', () => {
    const reordered = loadModel(changedText('  confirmed: {}\n  credential: {}\n', '  credential: {}\n  confirmed: {}\n'));
    expect(reordered.groups).toEqual(shipped.groups);
  });
});

describe('faults of a catalogue', () => {
  it.each([
    [
      'an unknown key',
      'version: 1\n',
      'version: 1\n  extra: 2\n',
      { code: 'E101', path: 'metadata.extra', message: 'unknown key', place: 'extra: 2' },
    ],
    [
      'an unknown group',
      'mass_download: { group: data',
      'mass_download: { group: date',
      { code: 'E106', path: 'types.mass_download.group', message: 'unknown evidence group date', place: 'group: date,' },
    ],
    [
      'a value that equals an entry threshold',
      'mass_download: { group: data, standalone: 44',
      'mass_download: { group: data, standalone: 40',
      {
        code: 'E101',
        path: 'types.mass_download.standalone',
        message: '40 is the entry threshold of a level: it would be lost within seconds of the event; use 1 less or more',
        place: 'standalone: ',
      },
    ],
    [
      'evidence without a half-life',
      'dormant_login: { group: login, standalone: 45, halfLife: 1d }',
      'dormant_login: { group: login, standalone: 45 }',
      { code: 'E101', path: 'types.dormant_login', message: 'a type with evidence needs a halfLife', place: 'dormant_logi' },
    ],
    [
      'a half-life that is no time',
      'dormant_login: { group: login, standalone: 45, halfLife: 1d }',
      'dormant_login: { group: login, standalone: 45, halfLife: 1w }',
      { code: 'E101', path: 'types.dormant_login.halfLife', message: 'must be hours or days (12h, 30d) or none', place: 'halfLife: 1w' },
    ],
    [
      'evidence without a group',
      'dormant_login: { group: login, ',
      'dormant_login: { ',
      { code: 'E101', path: 'types.dormant_login', message: 'a type with evidence needs a group', place: 'dormant_logi' },
    ],
    [
      'an event with evidence',
      'dormant_login: { group: login, standalone: 45, halfLife: 1d }',
      'dormant.login: { group: login, standalone: 45, halfLife: 1d }',
      {
        code: 'E101',
        path: 'types.dormant.login',
        message: 'a name with dots is that of an event, which leaves no evidence: standalone is 0',
        place: 'dormant.logi',
      },
    ],
    [
      'a group on a type without evidence',
      'leaver_due: { standalone: 0 }',
      'leaver_due: { group: data, standalone: 0 }',
      {
        code: 'E101',
        path: 'types.leaver_due.group',
        message: 'a type with standalone 0 leaves no evidence and has no group',
        place: 'group: data,',
      },
    ],
    [
      'bands that fall',
      'standalone: { low: 12, medium: 25, high: 45 }',
      'standalone: { low: 26, medium: 25, high: 45 }',
      { code: 'E101', path: 'types.rba_anomaly.standalone', message: 'must rise from low to high', place: 'standalone: ' },
    ],
    [
      'a remediation of an unknown group',
      'device_remediated: { endpoint: 0 }',
      'device_remediated: { endpoints: 0 }',
      {
        code: 'E106',
        path: 'remediation.remains.device_remediated.endpoints',
        message: 'unknown evidence group endpoints',
        place: 'endpoints: 0',
      },
    ],
    [
      'levels out of order',
      'medium: { enter: 40, leave: 30 }',
      'medium: { enter: 40, leave: 41 }',
      { code: 'E101', path: 'levels.medium.leave', message: 'must be under enter', place: 'leave: 41 }' },
    ],
    [
      'a rule for an unknown type',
      'rules: []',
      'rules: [{ types: [mfa_fatige], confidence: 0.5 }]',
      { code: 'E106', path: 'confidence.rules.0.types.0', message: 'unknown signal type mfa_fatige', place: 'mfa_fatige],' },
    ],
    [
      'a tag of an unknown group',
      'ownEgress: { groups: [location]',
      'ownEgress: { groups: [locations]',
      { code: 'E106', path: 'tags.ownEgress.groups.0', message: 'unknown evidence group locations', place: 'locations], ' },
    ],
    [
      'an owner who is nobody',
      'owner: group:security-operations',
      'owner: somebody',
      { code: 'E113', path: 'metadata.owner', message: 'must be group:NAME or user:NAME', place: 'owner: someb' },
    ],
  ])('names %s at its place', (_title, from, to, fault) => {
    expect(faultsOf(from, to)).toContainEqual(fault);
  });

  it('reports all faults at once, in reading order', () => {
    const text = shippedText.replace('group: data, standalone: 44', 'group: date, standalone: 70').replace('leave: 80', 'leave: 95');
    const result = parseRiskModel(text, 'risk.yaml');
    expect(result.ok ? [] : result.faults.map((fault) => fault.path)).toEqual([
      'types.mass_download.group',
      'types.mass_download.standalone',
      'levels.critical.leave',
    ]);
  });

  it('refuses a missing class of remediation, a class that dismisses, and a key given twice', () => {
    expect(faultsOf('    mfa_weak: { login: 0.6, location: 0.6 }\n', '')[0]?.path).toBe('remediation.remains.mfa_weak');
    expect(faultsOf('    mfa_weak: {', '    admin_dismiss: { login: 0 }\n    mfa_weak: {')[0]?.path).toContain('remediation.remains');
    expect(faultsOf('  drill: { standalone: 0 }\n', '  drill: { standalone: 0 }\n  drill: { standalone: 0 }\n')[0]?.place).toContain(
      'drill',
    );
  });
});
