/** Risk as Okta sees it, and threats. */
import type { Row } from '../table.ts';

export const riskRows: readonly Row[] = [
  ['user.risk.detect', 'any', 'target', 'risk_level_other', 'medium', 'riskDetected', 'level from debugData.risk'],
  ['user.risk.change', 'any', 'target', 'risk_level_other', 'medium', 'riskChanged', 'level from debugData.risk; lower takes back'],
  ['policy.entity_risk.evaluate', 'any', '', 'context', '', '', 'the risk that led to it was told before'],
  ['policy.entity_risk.action', 'done', 'target', 'context', 'medium', 'riskAction', 'sessions ended by rule'],
  ['policy.auth_reevaluate.fail', 'any', 'session', 'anomalous_token', 'medium', '', 'a session no longer meets its rule'],
  ['policy.auth_reevaluate.action', 'any', '', 'context', '', '', 'what followed'],
  ['policy.auth_reevaluate.enforce', 'any', '', 'context', '', '', 'what followed'],
  ['security.events.provider.receive_event', 'any', '', 'context', '', '', "a partner's word: what Okta makes of it is user.risk.detect"],
  ['device.signals.status.timeout', 'any', 'device', 'device_noncompliant', 'medium', '', 'a device of a session fell silent'],
  ['analytics.feedback.provide', 'any', '', 'context', '', '', 'a label for calibration'],
  ['user.internal.*', 'any', '', 'internal', '', '', "Okta's own"],
  ['security.internal.*', 'any', '', 'internal', '', '', "Okta's own"],
];

export const threatRows: readonly Row[] = [
  ['security.threat.detected', 'any', 'network', 'malicious_ip', 'medium', '', 'an address; a person only where a sign-in says so'],
  ['security.attack.start', 'any', '', 'context', '', '', 'the organisation is under attack'],
  ['security.attack.end', 'any', '', 'context', '', '', 'over'],
  ['security.breached_credential.detected', 'any', 'user', 'leaked_credentials', 'medium', 'stolenPassword', 'found in a breach'],
  ['security.session.detect_client_roaming', 'any', 'session', 'anomalous_token', 'medium', '', 'a session wanders between clients'],
  ['security.request.blocked', 'any', 'network', 'malicious_ip', 'low', '', 'an address on the blocklist'],
  ['security.protected_action.attempt', 'any', '', 'context', '', '', 'a protected action was asked for'],
  ['policy.evaluate_sign_on', 'any', 'actor', 'context', '', 'signIn', 'behaviours and risk at the moment of signing in'],
  ['application.policy.sign_on.deny_access', 'any', 'actor', 'rba_anomaly', 'medium', '', "an app's rule said no"],
  ['app.generic.unauth_app_access_attempt', 'any', 'actor', 'rba_anomaly', 'medium', '', 'an app that is not theirs'],
  ['core.concurrency.org.limit.violation', 'any', '', 'ownHealth', '', '', 'too many calls at once'],
  ['system.org.rate_limit.violation', 'any', '', 'ownHealth', '', '', 'too many calls'],
  ['system.org.rate_limit.warning', 'any', '', 'ownHealth', '', '', 'nearly too many calls'],
  ['event_hook.delivery', 'any', '', 'ownHealth', '', '', 'a hook could not be delivered: to be polled for'],
];
