/** What a sign-in still has to prove, step by step: the password, a new one where it has expired, a second factor where it is demanded. */
import type { Clock, Instant } from '../../model/clock.ts';
import type { AdapterStorage } from '../contract.ts';
import { kinds } from './kinds.ts';
import type { Passwords } from './passwords.ts';
import { memberSchemas, type People, type Person } from './people.ts';
import type { SecondFactors } from './second-factor.ts';
import { toBase32 } from './totp.ts';

/** `done`: everything is proved; `kept` where the way there was kept, which ends when the person's sessions are ended. */
export type Step =
  | { readonly ask: 'signIn'; readonly email: string; readonly fault?: string }
  | { readonly ask: 'newPassword'; readonly fault?: string }
  | { readonly ask: 'code'; readonly fault?: string; readonly enrol?: string }
  | { readonly ask: 'closed' }
  | { readonly ask: 'done'; readonly person: Person; readonly secondFactor: boolean; readonly kept: boolean };

interface Proof {
  readonly account: string;
  /** When the password was proved. */
  readonly provedAt: Instant;
  readonly secondFactor: boolean;
  readonly wrongCodes: number;
  /** The secret that the page shows to somebody who has no factor. */
  readonly offered?: string;
}

export interface SignInSteps {
  /** Where the interaction stands. */
  current(uid: string): Promise<Step>;
  take(uid: string, form: URLSearchParams): Promise<Step>;
}

const proofLifetimeMs = 600_000;
const mostWrongCodes = 5;
const start = { ask: 'signIn', email: '' } as const satisfies Step;

export function createSignInSteps(parts: {
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
  readonly people: People;
  readonly passwords: Passwords;
  readonly factors: SecondFactors;
}): SignInSteps {
  const { storage, clock, random, people, passwords, factors } = parts;

  const find = async (uid: string) => (await storage.get(kinds.proof, uid))?.value as Proof | undefined;
  const keep = (uid: string, proof: Proof) =>
    storage.put(kinds.proof, uid, { value: { ...proof }, account: proof.account, expiresAt: proof.provedAt + proofLifetimeMs });

  async function proceed(uid: string, proof: Proof, kept: boolean): Promise<Step> {
    const person = await people.find(proof.account);
    const { mustChange, setAt } = await passwords.read(proof.account);
    // What was proved by a password that has been replaced since is proved no more.
    if (!person || (setAt ?? 0) > proof.provedAt) return forget(uid, start);
    if (person.status !== 'active') return forget(uid, { ask: 'closed' });
    if (mustChange) {
      await keep(uid, proof);
      return { ask: 'newPassword' };
    }
    if (proof.secondFactor || !(await factors.demand(person.id))) {
      if (kept) await keep(uid, proof);
      return { ask: 'done', person, secondFactor: proof.secondFactor, kept };
    }
    if (await factors.secret(person.id)) {
      await keep(uid, proof);
      return { ask: 'code' };
    }
    const offered = proof.offered ?? Buffer.from(random(20)).toString('base64url');
    await keep(uid, { ...proof, offered });
    return { ask: 'code', enrol: toBase32(Buffer.from(offered, 'base64url')) };
  }

  async function forget(uid: string, step: Step): Promise<Step> {
    await storage.delete(kinds.proof, uid);
    return step;
  }

  async function takePassword(uid: string, form: URLSearchParams): Promise<Step> {
    const email = (form.get('email') ?? '').slice(0, 254);
    const person = await people.authenticate(email, (form.get('password') ?? '').slice(0, 200));
    if (!person) return { ask: 'signIn', email, fault: 'Address or password is wrong.' };
    return proceed(uid, { account: person.id, provedAt: clock.now(), secondFactor: false, wrongCodes: 0 }, false);
  }

  async function takeNewPassword(uid: string, proof: Proof, form: URLSearchParams): Promise<Step> {
    const person = await people.find(proof.account);
    if (!person) return forget(uid, start);
    // Nobody else's password is set by going back to a page that was shown before.
    const standing = await proceed(uid, proof, true);
    if (standing.ask !== 'newPassword') return standing;
    const chosen = memberSchemas.password.safeParse(form.get('newPassword'));
    if (!chosen.success) return { ask: 'newPassword', fault: 'The new password needs 8 to 200 characters.' };
    if (await passwords.verify(person.id, person.password, chosen.data))
      return { ask: 'newPassword', fault: 'The new password must differ from the old one.' };
    await passwords.set(person.id, chosen.data);
    return proceed(uid, { ...proof, provedAt: clock.now() }, true);
  }

  async function takeCode(uid: string, proof: Proof, form: URLSearchParams): Promise<Step> {
    const standing = await proceed(uid, proof, true);
    if (standing.ask !== 'code') return standing;
    const own = await factors.secret(proof.account);
    // The factor was taken away after the page had been shown: this is the first that the person sees of a new key.
    if (own === undefined && proof.offered === undefined) return standing;
    const secret = own ?? Buffer.from(String(proof.offered), 'base64url');
    const code = (form.get('code') ?? '').replaceAll(/\s/g, '').slice(0, 10);
    if (!(await factors.proves(proof.account, secret, code))) {
      const wrongCodes = proof.wrongCodes + 1;
      if (wrongCodes >= mostWrongCodes) return forget(uid, { ...start, fault: 'Too many wrong codes. Start again.' });
      await keep(uid, { ...proof, wrongCodes });
      return { ...standing, fault: 'The code is wrong or was used before.' };
    }
    if (own === undefined) await factors.enrol(proof.account, secret);
    return proceed(uid, { ...proof, secondFactor: true }, true);
  }

  return {
    async current(uid) {
      const proof = await find(uid);
      return proof ? proceed(uid, proof, true) : start;
    },

    async take(uid, form) {
      const what = form.get('do');
      if (what !== 'newPassword' && what !== 'code') return takePassword(uid, form);
      const proof = await find(uid);
      if (!proof) return { ...start, fault: 'That took too long. Start again.' };
      return what === 'newPassword' ? takeNewPassword(uid, proof, form) : takeCode(uid, proof, form);
    },
  };
}
