/** What a row looks up in the event beyond its name: the finer type, facts that the catalogue declares, and remediations. */
import type { Circumstances, FactValue, Severity } from '../../model/signal.ts';
import type { SubjectClaim } from '../../model/subject.ts';
import type { Initiator, ReportedMark } from '../contract.ts';
import { isThreatSuspected, riskOf } from './debug-data.ts';
import { fieldsOf, type LogEvent, targetsOf } from './log-event.ts';
import { type Deed, grantRevertedMark, loweredMarks, mfaMark, ownPasswordMark, passwordResetMark, sessionsMark } from './marks.ts';
import type { ReadingName } from './table.ts';

export interface About extends Deed {
  readonly event: LogEvent;
  readonly claim: SubjectClaim;
  readonly circumstances: Circumstances;
}

/** What is absent stays as the row says. Marks count only where the log says SUCCESS of a person who is named. */
export interface Reading {
  readonly type?: string;
  readonly severity?: Severity;
  readonly facts?: Readonly<Record<string, FactValue>>;
  readonly marks?: readonly ReportedMark[];
  /** Nothing to keep after all. */
  readonly silent?: true;
}

const asTheRowSays: Reading = {};
const silent: Reading = { silent: true };
const adminConsole = 'okta admin console';
/** What FastPass says when it was asked by a page that is not Okta's. */
const declinedPhishing = 'FastPass declined phishing attempt';

export const readings: Readonly<Record<ReadingName, (about: About) => Reading>> = {
  signIn: readSignIn,
  signInFailed: ({ event }) => (event.reason === declinedPhishing ? { type: 'aitm_phishing', severity: 'low' } : asTheRowSays),
  ownSignOut: () => ({ facts: { initiator: 'user' } }),
  initiator: (about) => ({ facts: initiator(about.by) }),
  adminOfSessions: (about) => ({ facts: initiator(about.by), marks: sessionsMark(about) }),
  passwordReset: (about) => ({ facts: change(about, 'password', 'revoke'), marks: passwordResetMark(about) }),
  passwordChange: (about) => ({ facts: change(about, 'password', 'update'), marks: ownPasswordMark(about) }),
  appPassword: (about) => ({ facts: change(about, 'app-password', 'update') }),
  shownPassword: ({ by }) => (by === 'self' ? silent : asTheRowSays),
  stolenPassword: () => ({ facts: { credentialType: 'password' } }),
  // Every password of the organisation, in clear, to whoever runs the app.
  passwordPush: ({ event }) => (/^pushing user passwords$/i.test(event.reason) ? { type: 'app_credential_added' } : silent),
  privilegeTaken: (about) => ({ marks: grantRevertedMark(about) }),
  mfaPassed: readMfaPassed,
  mfaFailed: readMfaFailed,
  riskDetected: ({ event }) => readRisk(event),
  riskChanged: readRiskChange,
  riskAction: ({ event }) => (endsSessions(event) ? { type: 'session_revoked', facts: { initiator: 'policy' } } : silent),
};

/** One event, one signal: of several findings the one that says most. A sign-in without any is what the row says. */
function readSignIn({ event, circumstances }: About): Reading {
  const { unusual = [], rated, proxy } = circumstances;
  if (isThreatSuspected(event)) return { type: 'malicious_ip', severity: 'medium' };
  if (unusual.includes('velocity')) return { type: 'impossible_travel', severity: 'medium' };
  if (rated === 'high') return { type: 'rba_anomaly', severity: 'high' };
  const isElsewhere = unusual.includes('new device') && unusual.includes('new ip');
  if (isElsewhere && opensAdminConsole(event)) return { type: 'rba_anomaly', severity: 'high' };
  if (proxy === true) return { type: 'anonymizer_ip', severity: 'medium' };
  if (rated === 'medium') return { type: 'rba_anomaly', severity: 'medium' };
  if (unusual.includes('new country')) return { type: 'new_country', severity: 'medium' };
  if (isElsewhere) return { type: 'rba_anomaly', severity: 'low' };
  return asTheRowSays;
}

function opensAdminConsole(event: LogEvent): boolean {
  return (
    event.eventType === 'user.session.access_admin_app' ||
    targetsOf(event, 'AppInstance').some(({ login }) => login?.toLowerCase() === adminConsole)
  );
}

/** The factor's kind, in Okta's capitals; empty where it is not said. */
function factorOf({ debugData }: LogEvent): string {
  const { factor } = debugData;
  return typeof factor === 'string' ? factor.toUpperCase() : '';
}

/** Only of a factor that is known to be another is it known that nobody was prompted. */
function mayBePush(factor: string): boolean {
  return factor === '' || factor.includes('PUSH');
}

function readMfaPassed(about: About): Reading {
  const factor = factorOf(about.event);
  const marks = mfaMark(about, factor, about.claim.session);
  return mayBePush(factor) ? { marks } : { type: 'assurance_level_change', marks };
}

function readMfaFailed({ event }: About): Reading {
  if (event.reason === declinedPhishing) return { type: 'aitm_phishing', severity: 'low' };
  if (!mayBePush(factorOf(event))) return { type: 'signin.failed' };
  return /time[d_ ]*out|expired|no response/i.test(event.reason) ? { type: 'mfa.push.timeout' } : asTheRowSays;
}

function readRisk(event: LogEvent): Reading {
  const level = riskOf(event) ?? 'unknown';
  if (level === 'high') return { type: 'caep_risk_high' };
  if (level === 'medium') return { type: 'caep_risk_medium' };
  return { facts: { principal: 'USER', level: level === 'low' ? 'LOW' : 'unknown' } };
}

function readRiskChange(about: About): Reading {
  const reading = readRisk(about.event);
  const level = riskOf(about.event);
  return level === 'low' || level === 'medium' ? { ...reading, marks: loweredMarks(about, level) } : reading;
}

/** The action stands in a target of its own, or in the rule that was met. */
function endsSessions({ fields }: LogEvent): boolean {
  const { target } = fields;
  return (
    Array.isArray(target) &&
    target.some((one) => {
      const { detailEntry } = fieldsOf(one);
      return Object.values(fieldsOf(detailEntry)).some((value) => typeof value === 'string' && /^TERMINATE_(ALL_)?SESSIONS?$/.test(value));
    })
  );
}

function initiator(by: Initiator | undefined): Readonly<Record<string, FactValue>> {
  switch (by) {
    case undefined:
      return {};
    case 'self':
      return { initiator: 'user' };
    case 'admin':
      return { initiator: 'admin' };
    case 'app':
    case 'provider':
      return { initiator: 'system' };
    default:
      return by satisfies never;
  }
}

function change({ by }: About, credentialType: string, changeType: 'revoke' | 'update'): Readonly<Record<string, FactValue>> {
  return { ...initiator(by), credentialType, changeType };
}
