/** A person's second factor and the demand for it. Everybody has a code generator from the start; after a reset they enrol a new one. */
import type { Clock, Instant } from '../../model/clock.ts';
import type { AdapterStorage } from '../contract.ts';
import { kinds } from './kinds.ts';
import { sameText } from './passwords.ts';
import { codeOf, stepAt } from './totp.ts';

/** The authentication context class of a sign-in with a second factor. */
export const secondFactorAcr = 'urn:rescind:sandbox:second-factor';

export interface Demand {
  /** A sign-in before it does not meet the demand. */
  readonly since: Instant;
  /** Null: until it is lifted. */
  readonly until: Instant | null;
}

export interface FactorState {
  readonly enrolled: boolean;
  /** Null for the one that a person has from the start, and where there is none. */
  readonly enrolledAt: Instant | null;
}

export interface SecondFactors {
  demand(id: string): Promise<Demand | undefined>;
  /** Demands it, or for longer, or anew after it was met; answers whether that changed anything. */
  require(id: string, demand: Demand): Promise<boolean>;
  lift(id: string): Promise<boolean>;
  /** Notes that a sign-in met the demand; it goes on for the sign-ins that follow. */
  met(id: string): Promise<void>;
  read(id: string): Promise<FactorState>;
  /** Undefined where the person has none. */
  secret(id: string): Promise<Uint8Array | undefined>;
  enrol(id: string, secret: Uint8Array): Promise<void>;
  /** Takes every factor away that was enrolled at or before `before`; answers whether there was one. */
  reset(id: string, before: Instant): Promise<boolean>;
  /** Whether the code belongs to the secret now, a step earlier or later; a code counts once (RFC 6238 section 5.2). */
  proves(id: string, secret: Uint8Array, code: string): Promise<boolean>;
}

const usedCodeLifetimeMs = 120_000;

export function createSecondFactors(parts: {
  readonly storage: AdapterStorage;
  readonly clock: Clock;
  readonly secret: (name: string) => Uint8Array;
}): SecondFactors {
  const { storage, clock } = parts;

  const demandOf = async (id: string) => (await storage.get(kinds.stepUp, id))?.value as (Demand & { readonly met?: true }) | undefined;
  const keepDemand = (id: string, { until, ...demand }: Demand & { readonly met?: true }) =>
    storage.put(kinds.stepUp, id, { value: { ...demand, until }, account: id, ...(until === null ? {} : { expiresAt: until }) });

  const read = async (id: string): Promise<FactorState> => {
    const kept = (await storage.get(kinds.factor, id))?.value;
    return { enrolled: kept?.secret !== null, enrolledAt: (kept?.enrolledAt as Instant | undefined) ?? null };
  };

  return {
    demand: demandOf,
    read,

    async require(id, { since, until }) {
      const earlier = await demandOf(id);
      const covers = earlier && (earlier.until === null || (until !== null && until <= earlier.until));
      if (covers && earlier.met === undefined) return false;
      return keepDemand(id, { since, until: covers ? earlier.until : until });
    },

    lift: (id) => storage.delete(kinds.stepUp, id),

    async met(id) {
      const demand = await demandOf(id);
      if (demand && demand.met === undefined) await keepDemand(id, { ...demand, met: true });
    },

    async secret(id) {
      const kept = (await storage.get(kinds.factor, id))?.value;
      if (kept === undefined) return parts.secret(`factor:${id}`).subarray(0, 20);
      return kept.secret === null ? undefined : Buffer.from(String(kept.secret), 'base64url');
    },

    async enrol(id, secret) {
      const value = { secret: Buffer.from(secret).toString('base64url'), enrolledAt: clock.now() };
      await storage.put(kinds.factor, id, { value, account: id });
    },

    async reset(id, before) {
      const { enrolled, enrolledAt } = await read(id);
      if (!enrolled || (enrolledAt ?? before) > before) return false;
      return storage.put(kinds.factor, id, { value: { secret: null }, account: id });
    },

    async proves(id, secret, code) {
      const now = stepAt(clock.now());
      const step = [now, now - 1, now + 1].find((each) => sameText(codeOf(secret, each), code));
      if (step === undefined) return false;
      const key = `${id} ${step} ${code}`;
      if (await storage.get(kinds.usedCode, key)) return false;
      return storage.put(kinds.usedCode, key, { value: {}, account: id, expiresAt: clock.now() + usedCodeLifetimeMs });
    },
  };
}
