/** Who may call, and with which grants: SSWS tokens, and access tokens of service apps. */
import { randomBytes } from 'node:crypto';
import type { OktaClock } from './clock.ts';
import type { AdminRole } from './records.ts';
import { Refusal } from './refusal.ts';

export interface Grants {
  /** The administrator's role behind it; null: none, and then nothing is allowed whatever the scopes say. Default SUPER_ADMIN. */
  readonly role?: AdminRole | null;
  /** The only scopes of it; absent: all. */
  readonly scopes?: readonly string[];
}

export interface Caller {
  readonly kind: 'token' | 'client';
  /** The token's or the client's id, as the log's events name it. */
  readonly id: string;
  readonly role: AdminRole | null;
  readonly scopes: readonly string[] | undefined;
}

interface Known extends Caller {
  readonly expiresAt: number;
  /** Thumbprint of the key that a DPoP token is bound to. */
  readonly boundTo?: string;
}

export interface Credentials {
  addToken(grants?: Grants): { readonly id: string; readonly token: string };
  /** A new value with the same id and grants; the old one is dead at once. Throws for a token that is not there. */
  rotateToken(token: string): string;
  revokeToken(token: string): void;
  /** An access token of a service app. */
  issue(caller: Caller, expiresAt: number, boundTo?: string): string;
  revokeClient(clientId: string): void;
  /** Whose the authorization header is; throws 401. For a bound token `boundTo` is what its proof must show. */
  prove(authorization: string | undefined): { readonly caller: Caller; readonly token: string; readonly boundTo?: string };
}

export function createCredentials(clock: OktaClock): Credentials {
  const known = new Map<string, Known>();
  let serial = 0;
  const fresh = () => randomBytes(24).toString('base64url');

  return {
    addToken({ role = 'SUPER_ADMIN', scopes } = {}) {
      serial += 1;
      const token = `00${fresh()}`;
      const id = `00T${String(serial).padStart(17, '0')}`;
      known.set(token, { kind: 'token', id, role, scopes, expiresAt: Number.POSITIVE_INFINITY });
      return { id, token };
    },
    rotateToken(token) {
      const one = known.get(token);
      if (!one) throw new Error('no such token');
      known.delete(token);
      const next = `00${fresh()}`;
      known.set(next, one);
      return next;
    },
    revokeToken: (token) => void known.delete(token),
    issue(caller, expiresAt, boundTo) {
      const token = fresh();
      known.set(token, { ...caller, expiresAt, ...(boundTo === undefined ? {} : { boundTo }) });
      return token;
    },
    revokeClient(clientId) {
      for (const [token, one] of known) if (one.kind === 'client' && one.id === clientId) known.delete(token);
    },
    prove(authorization) {
      if (authorization === undefined) throw new Refusal('E0000005');
      const [scheme, token = ''] = authorization.split(' ');
      const one = known.get(token);
      const wanted = one?.kind === 'token' ? 'SSWS' : one?.boundTo === undefined ? 'Bearer' : 'DPoP';
      if (!one || scheme !== wanted || one.expiresAt <= clock.now()) throw new Refusal('E0000011');
      const { kind, id, role, scopes, boundTo } = one;
      return { caller: { kind, id, role, scopes }, token, ...(boundTo === undefined ? {} : { boundTo }) };
    },
  };
}

/** Deny by default: the exact scope, for a write also a role that may write. A `manage` scope is taken for itself alone, as each route documents it. */
export function permit(caller: Caller, scope: string, writes: boolean): void {
  if (caller.scopes && !caller.scopes.includes(scope)) {
    const about = 'The access token provided does not contain the required scopes.';
    const challenge = `${caller.kind === 'token' ? 'SSWS' : 'Bearer'} scope="${scope}", error="insufficient_scope", error_description="${about}"`;
    throw new Refusal('E0000006', { causes: [`${about} Missing: ${scope}`], headers: { 'www-authenticate': challenge } });
  }
  if (caller.role === null || (writes && caller.role === 'READ_ONLY_ADMIN')) throw new Refusal('E0000006');
}
