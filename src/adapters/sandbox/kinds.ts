/** The kinds of records that the provider half keeps, and how its own ones read. */
import type { Instant } from '../../model/clock.ts';
import type { StoredRecord } from '../contract.ts';

/** Our own kinds; those of the OpenID provider bear its model names. */
export const kinds = {
  person: 'Person',
  password: 'Password',
  /** The next sign-in must set a new password. */
  expiredPassword: 'ExpiredPassword',
  /** A factor that was enrolled, or that all were taken away. */
  factor: 'Factor',
  /** Sign-ins must meet a second factor. */
  stepUp: 'StepUp',
  usedCode: 'UsedCode',
  /** A password was proved; the page asks for more. Key: the interaction's id. */
  proof: 'Proof',
  /** A sign-in was proved; the authorization request has not resumed yet. Key: the interaction's id. */
  pendingSignIn: 'PendingSignIn',
  /**
   * A session's sign-in. Key: the session's uid, which stays when its cookie changes. No session is saved without it. Its name sorts
   * before `Session`: deletions lock in that order, as saving does, so that the two never wait for each other.
   */
  signIn: 'Login',
  /** What an idempotency key has done. */
  effect: 'Effect',
  session: 'Session',
  grant: 'Grant',
} as const;

/** Models that can be used once; a used one moves to the kind of its spent records, which makes the use atomic. */
export const spentKinds: Readonly<Record<string, string>> = {
  AuthorizationCode: 'SpentAuthorizationCode',
  RefreshToken: 'SpentRefreshToken',
};

/** Models that live only while their grant does. */
export const grantedKinds: ReadonlySet<string> = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);

/** Everything that ends with a grant, the grant itself included. */
export const kindsOfGrant: readonly string[] = [kinds.grant, ...grantedKinds, ...Object.values(spentKinds)];

/** A consent that was withdrawn: its grant stays for the access tokens that were issued under it, and for nothing else. */
export function isWithdrawn(record: StoredRecord): boolean {
  return record.value.withdrawn === true;
}

/** Everything that ends with a session's uid. */
export const kindsOfSession: readonly string[] = [kinds.session, kinds.signIn];

/** A record of the OpenID provider: its payload, and when it was first kept, to the millisecond. */
export function readModel(record: StoredRecord): { readonly payload: Readonly<Record<string, unknown>>; readonly begunAt: Instant } {
  const { payload, begunAt } = record.value;
  return { payload: payload as Readonly<Record<string, unknown>>, begunAt: begunAt as Instant };
}

export interface SignIn {
  readonly account: string;
  readonly deviceId: string;
  readonly begunAt: Instant;
}

export function readSignIn(record: StoredRecord): SignIn {
  const { account, deviceId, begunAt } = record.value;
  return { account: account as string, deviceId: deviceId as string, begunAt: begunAt as Instant };
}
