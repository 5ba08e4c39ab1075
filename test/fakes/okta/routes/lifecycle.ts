/**
 * The lifecycle as a table: from which status an operation is allowed, to which it leads, and how it is refused. Suspending works from ACTIVE
 * alone; a person who is being deactivated is busy until that is through.
 */
import { randomBytes } from 'node:crypto';
import { endAccess } from '../access.ts';
import { aim } from '../aim.ts';
import { userParty } from '../log-event.ts';
import { type Org, tell } from '../org.ts';
import type { Person, Status } from '../records.ts';
import { type ErrorCode, Refusal } from '../refusal.ts';
import { type Answer, type Ask, noContent, ok, type Route, route } from '../router.ts';

interface Transition {
  readonly from: readonly Status[];
  readonly to: Status | 'same';
  readonly refusal: ErrorCode | 'suspend';
  readonly event: string;
}

const every: readonly Status[] = ['STAGED', 'PROVISIONED', 'ACTIVE', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'SUSPENDED'];
const withPassword: readonly Status[] = ['ACTIVE', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT'];

const transitions = {
  activate: { from: ['STAGED', 'DEPROVISIONED'], to: 'PROVISIONED', refusal: 'E0000016', event: 'user.lifecycle.activate' },
  reactivate: { from: ['PROVISIONED', 'RECOVERY'], to: 'same', refusal: 'E0000038', event: 'user.lifecycle.reactivate' },
  suspend: { from: ['ACTIVE'], to: 'SUSPENDED', refusal: 'suspend', event: 'user.lifecycle.suspend' },
  unsuspend: { from: ['SUSPENDED'], to: 'ACTIVE', refusal: 'suspend', event: 'user.lifecycle.unsuspend' },
  unlock: { from: ['LOCKED_OUT'], to: 'ACTIVE', refusal: 'E0000032', event: 'user.account.unlock_by_admin' },
  deactivate: { from: every, to: 'DEPROVISIONED', refusal: 'E0000038', event: 'user.lifecycle.deactivate' },
  expire_password: { from: withPassword, to: 'PASSWORD_EXPIRED', refusal: 'E0000038', event: 'user.account.expire_password' },
  expire_password_with_temp_password: {
    from: withPassword,
    to: 'PASSWORD_EXPIRED',
    refusal: 'E0000038',
    event: 'user.account.expire_password',
  },
  reset_password: { from: [...withPassword, 'PROVISIONED'], to: 'RECOVERY', refusal: 'E0000017', event: 'user.account.reset_password' },
  reset_factors: { from: every, to: 'same', refusal: 'E0000038', event: 'user.mfa.factor.reset_all' },
} as const satisfies Record<string, Transition>;

type Operation = keyof typeof transitions;

export function lifecycleRoutes(org: Org): readonly Route[] {
  const operations = (Object.keys(transitions) as Operation[]).map((operation) =>
    route('POST', `/api/v1/users/{userId}/lifecycle/${operation}`, 'okta.users.manage', (ask) =>
      operate(org, ask, operation, aim(org, ask)),
    ),
  );
  // The first call deactivates; only the next one deletes.
  const remove = route('DELETE', '/api/v1/users/{userId}', 'okta.users.manage', (ask) => {
    const person = aim(org, ask);
    if (person.status !== 'DEPROVISIONED') operate(org, ask, 'deactivate', person);
    else {
      org.people.remove(person);
      for (const { members } of org.groups.values()) members.delete(person.id);
      tell(org, ask, 'user.lifecycle.delete.initiated', [userParty(person)]);
      tell(org, ask, 'user.lifecycle.delete.completed', [userParty(person)], { changed: false });
    }
    return noContent;
  });
  return [...operations, remove];
}

function operate(org: Org, ask: Ask, operation: Operation, person: Person): Answer {
  const { from, to, refusal, event }: Transition = transitions[operation];
  if (person.transition) throw new Refusal('E0000112');
  if (!from.includes(person.status)) throw refused(org, operation, refusal);
  if (operation === 'unlock' && person.provider.type !== 'OKTA') throw new Refusal('E0000032');
  const federated = person.provider.type === 'FEDERATION' || person.provider.type === 'SOCIAL';
  if (federated && operation.includes('password')) throw new Refusal('E0000014');
  if (operation === 'reset_password' && !ask.query.has('sendEmail'))
    throw new Refusal('E0000028', { causes: ['The required parameter sendEmail is missing.'] });

  // To expire what has expired, or to take factors from whom has none, succeeds and changes nothing.
  const idle = person.status === to && operation !== 'reset_password';
  const changed = !idle && !(operation === 'reset_factors' && person.factors.length === 0);
  const answer = apply(org, ask, operation, person);
  const later = operation === 'deactivate' && ask.headers['prefer'] === 'respond-async';
  if (later) person.transition = { to: 'DEPROVISIONED', dueAt: org.clock.now() + org.settings.deactivationMs };
  org.people.touch(person, later ? person.status : next(person, to));
  tell(org, ask, event, [userParty(person)], { changed });
  return ok(answer);
}

/** Who already chose a password is active at once. */
function next(person: Person, to: Transition['to']): Status {
  if (to === 'same') return person.status;
  return to === 'PROVISIONED' && person.passwordChangedAt !== undefined ? 'ACTIVE' : to;
}

function refused(org: Org, operation: Operation, code: ErrorCode | 'suspend'): Refusal {
  if (code !== 'suspend') return new Refusal(code);
  const cause = operation === 'suspend' ? 'Cannot suspend a user that is not active' : 'Cannot unsuspend a user that is not suspended';
  return new Refusal(org.settings.suspendRefusal, { causes: [cause] });
}

/** What an operation does beside the status, and what it answers. */
function apply(org: Org, ask: Ask, operation: Operation, person: Person): Readonly<Record<string, unknown>> {
  const url = (part: string) => `${org.baseUrl}/${part}/${randomBytes(12).toString('base64url')}`;
  const mails = ask.query.get('sendEmail') !== 'false';
  const revokes = ask.query.get('revokeSessions') === 'true';
  if (revokes && operation.includes('password')) endAccess(org, person, { tokens: false, devices: false });
  switch (operation) {
    case 'activate':
    case 'reactivate':
      person.activatedAt = org.clock.now();
      return mails ? {} : { activationUrl: url('welcome'), activationToken: randomBytes(12).toString('base64url') };
    case 'deactivate':
      // Password and factors go with the person; an access token that somebody holds lives to its end.
      endAccess(org, person, { tokens: false, devices: true });
      person.tokens = person.tokens.filter(({ kind }) => kind === 'access');
      person.factors = [];
      person.passwordChangedAt = undefined;
      return {};
    case 'expire_password_with_temp_password':
      return { tempPassword: randomBytes(9).toString('base64url') };
    case 'reset_password':
      return mails ? {} : { resetPasswordUrl: url('reset_password') };
    case 'reset_factors':
      person.factors = [];
      return {};
    default:
      return {};
  }
}
