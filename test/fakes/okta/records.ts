/** What the organisation keeps. Instants are milliseconds since the epoch; they become text only when they are shown. */

export type Status = 'STAGED' | 'PROVISIONED' | 'ACTIVE' | 'RECOVERY' | 'PASSWORD_EXPIRED' | 'LOCKED_OUT' | 'SUSPENDED' | 'DEPROVISIONED';

export type AdminRole = 'SUPER_ADMIN' | 'ORG_ADMIN' | 'USER_ADMIN' | 'HELP_DESK_ADMIN' | 'READ_ONLY_ADMIN' | (string & {});

export interface Profile {
  readonly login: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly [name: string]: unknown;
}

export interface RoleAssignment {
  readonly id: string;
  readonly type: AdminRole;
  readonly createdAt: number;
}

export interface Factor {
  readonly id: string;
  /** `push`, `signed_nonce`, `token:software:totp`, `sms`, `webauthn`, ... */
  readonly factorType: string;
  readonly provider: string;
  readonly status: 'ACTIVE' | 'PENDING_ACTIVATION';
  readonly createdAt: number;
}

export interface Session {
  readonly id: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface OAuthToken extends Session {
  readonly kind: 'access' | 'refresh';
  readonly clientId: string;
  readonly scopes: readonly string[];
}

export interface Consent {
  readonly id: string;
  readonly clientId: string;
  readonly scopeId: string;
  readonly createdAt: number;
}

/** A session that an application made for itself; ending Okta's does not end it. */
export interface AppSession {
  readonly app: string;
  readonly universalLogout: boolean;
}

export interface Person {
  readonly id: string;
  status: Status;
  /** A deactivation that was asked for asynchronously and is not through. */
  transition: { readonly to: Status; readonly dueAt: number } | undefined;
  readonly createdAt: number;
  activatedAt: number | undefined;
  statusChangedAt: number;
  lastLoginAt: number | undefined;
  lastUpdatedAt: number;
  passwordChangedAt: number | undefined;
  profile: Profile;
  /** What sources the person: `OKTA`, `ACTIVE_DIRECTORY`, `LDAP`, `FEDERATION`, `IMPORT`. */
  provider: { readonly type: string; readonly name: string };
  risk: 'HIGH' | 'MEDIUM' | 'LOW' | undefined;
  blocks: readonly { readonly type: string; readonly appliesTo: string }[];
  roles: RoleAssignment[];
  factors: Factor[];
  sessions: Session[];
  tokens: OAuthToken[];
  grants: Consent[];
  /** Devices on which a second factor is not asked for again. */
  rememberedDevices: string[];
  appSessions: AppSession[];
}

export interface Group {
  readonly id: string;
  readonly type: 'OKTA_GROUP' | 'APP_GROUP' | 'BUILT_IN';
  readonly name: string;
  readonly createdAt: number;
  readonly members: Set<string>;
  roles: RoleAssignment[];
}

export interface Device {
  readonly id: string;
  status: 'CREATED' | 'ACTIVE' | 'SUSPENDED' | 'DEACTIVATED';
  readonly displayName: string;
  readonly platform: string;
  readonly createdAt: number;
  readonly users: Set<string>;
}

export interface Zone {
  readonly id: string;
  readonly createdAt: number;
  lastUpdatedAt: number;
  name: string;
  type: string;
  usage: 'POLICY' | 'BLOCKLIST';
  readonly system: boolean;
  gateways: readonly { readonly type: string; readonly value: string }[];
}

export interface EventHook {
  readonly id: string;
  readonly createdAt: number;
  lastUpdatedAt: number;
  status: 'ACTIVE' | 'INACTIVE';
  verificationStatus: 'UNVERIFIED' | 'VERIFIED';
  name: string;
  items: readonly string[];
  uri: string;
  headers: readonly { readonly key: string; readonly value: string }[];
  auth: { readonly key: string; readonly value: string } | undefined;
}
