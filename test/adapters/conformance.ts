/** What every adapter promises, as one suite: an adapter's test gives it a bench with the provider or its stand-in. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActionOrder, Adapter, AdapterDefinition, Receipt } from '../../src/adapters/contract.ts';
import { type ActionParameters, type ActionType, actionTypeNames } from '../../src/model/action.ts';

export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'hang' | 'cutBefore' | 'cutAfter' | 'wrongShape' };

export interface ConformanceBench {
  readonly adapter: Adapter;
  /** Accounts of two people, and one that the provider does not know. */
  readonly accounts: { readonly present: string; readonly other: string; readonly absent: string };
  /** What the log has been told so far, as text. */
  logged(): string;
  /** What must never be in a receipt, an error or the log. */
  readonly secrets: readonly string[];
  /** What an order of this type names beside the account. Absent: nothing. */
  parameters?(type: ActionType, account: string): ActionParameters;
  /** Brings the account to where the action has something to do. */
  give(type: ActionType, account: string): Promise<void>;
  /** Whether the action is in force, by the provider's own word. */
  inForce(type: ActionType, account: string): Promise<boolean>;
  /** Calls that changed something at the provider. Absent where it cannot be counted. */
  effects?(): number;
  /** Absent where the provider is never faulty. Writes and reads fail alike unless `writesOnly`. */
  inject?(fault: Fault, writesOnly: boolean): void;
  heal?(): void;
  /** Resolves when a call hangs, and when its caller has left. */
  hanging?(): Promise<unknown>;
  abandoned?(): Promise<unknown>;
  close(): Promise<void>;
}

export type Promised = 'repeat' | 'absent' | 'faults' | 'retryAfter' | 'hang' | 'people';
/** A promise as such, or for one action alone. */
export type Gaps = { readonly [promised in Promised | `${Promised} ${ActionType}`]?: string };

/**
 * Runs the suite for each action that the manifest declares. `gaps` names promises that this provider cannot keep, with the reason;
 * their tests are skipped under that reason.
 */
export function describeAdapter(name: string, definition: AdapterDefinition, open: () => Promise<ConformanceBench>, gaps: Gaps = {}): void {
  describe(`${name} keeps the adapter contract`, () => {
    let bench: ConformanceBench;
    let said: unknown[];

    beforeEach(async () => {
      bench = await open();
      said = [];
    });
    afterEach(async () => {
      const told = `${JSON.stringify(said)}${bench.logged()}`;
      await bench.close();
      for (const secret of bench.secrets) expect(told.includes(secret), 'a secret is in a receipt, an error or the log').toBe(false);
    });

    const promise = (promised: Promised, title: string, run: () => Promise<void>, type?: ActionType) => {
      const gap = gaps[promised] ?? (type && gaps[`${promised} ${type}`]);
      if (gap === undefined) test(title, run);
      else test.skip(`${title} (${gap})`, run);
    };

    const order = (type: ActionType, account: string, given: Partial<ActionOrder> = {}): ActionOrder => ({
      idempotencyKey: randomUUID(),
      type,
      account,
      parameters: bench.parameters?.(type, account) ?? {},
      intendedAt: Date.now(),
      signal: AbortSignal.timeout(15_000),
      ...given,
    });
    const act = async (given: ActionOrder): Promise<Receipt> => {
      const receipt = await bench.adapter.act(given);
      said.push(receipt);
      return receipt;
    };
    const readBack = async (given: ActionOrder) => {
      const state = await bench.adapter.readBack(given);
      said.push(state);
      return state;
    };

    test('its manifest is that of its definition and names the provider', () => {
      expect(bench.adapter.manifest).toEqual(definition.manifest);
      expect(definition.manifest.provider).toBe(definition.provider);
      expect(definition.manifest.concurrency).toBeGreaterThan(0);
      for (const capability of Object.values(definition.manifest.actions)) expect(capability.residual).not.toBe('');
    });

    test('an action that the manifest does not declare is refused as unsupported, and nothing is sent', async () => {
      for (const type of actionTypeNames.filter((candidate) => !(candidate in definition.manifest.actions))) {
        expect(await act(order(type, bench.accounts.present))).toEqual({ outcome: 'refused', code: 'unsupported' });
      }
      if (bench.effects) expect(bench.effects()).toBe(0);
    });

    test('a probe of a good connection finds every check good', async () => {
      const checks = await bench.adapter.probe(AbortSignal.timeout(15_000));
      expect(checks.length).toBeGreaterThan(0);
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    });

    promise('people', 'people are listed page by page, each account once, under the id that actions take', async () => {
      const ids: string[] = [];
      for await (const page of bench.adapter.people?.(AbortSignal.timeout(15_000)) ?? [])
        ids.push(...page.map(({ externalId }) => externalId));
      expect(ids).toEqual(expect.arrayContaining([bench.accounts.present, bench.accounts.other]));
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).not.toContain(bench.accounts.absent);
    });

    promise('people', 'whoever is listed is found by what names them, and nobody by what names nobody here', async () => {
      const { find, people } = bench.adapter;
      if (find === undefined) return;
      const ask = (format: string, value: string) => find({ format, value }, AbortSignal.timeout(15_000));
      for await (const page of people?.(AbortSignal.timeout(15_000)) ?? []) {
        for (const person of page) {
          for (const email of person.emails) expect(await ask('email', email.toLowerCase())).toEqual(person);
          for (const { iss, sub } of person.issSub) {
            expect(await ask('iss_sub', `${iss} ${sub}`)).toEqual(person);
            expect(await ask('iss_sub', `${iss} ${sub}-nobody`)).toBeUndefined();
            expect(await ask('iss_sub', `https://elsewhere.example ${sub}`)).toBeUndefined();
          }
          expect(await ask('provider_id', `another-connection ${person.externalId}`)).toBeUndefined();
          expect(await ask('no_such_format', person.externalId)).toBeUndefined();
        }
      }
      expect(await ask('email', 'nobody-at-all@example.com')).toBeUndefined();
    });

    for (const [type, capability] of Object.entries(definition.manifest.actions) as [ActionType, { readBack: boolean }][]) {
      describe(type, () => {
        test('is done, is in force, reads back as in force, and leaves the other person alone', async () => {
          const { present, other } = bench.accounts;
          await bench.give(type, present);
          await bench.give(type, other);
          const given = order(type, present);
          if (capability.readBack) expect((await readBack(given)).inForce).toBe(false);
          expect((await act(given)).outcome).toBe('done');
          expect(await bench.inForce(type, present)).toBe(true);
          expect(await bench.inForce(type, other)).toBe(false);
          if (!capability.readBack) return;
          const state = await readBack(given);
          expect(state.inForce).toBe(true);
          if (state.inForce) expect(state.residualAccessMs).toBeGreaterThanOrEqual(0);
          expect((await readBack(order(type, other))).inForce).toBe(false);
        });

        promise('repeat', 'has no further effect when it is repeated with its key, and does not touch what began since', async () => {
          await bench.give(type, bench.accounts.present);
          const given = order(type, bench.accounts.present);
          await act(given);
          const before = bench.effects?.();
          while (Date.now() <= given.intendedAt) await new Promise((resolve) => setImmediate(resolve));
          await bench.give(type, bench.accounts.present);
          expect(['done', 'already']).toContain((await act(given)).outcome);
          expect(bench.effects?.()).toBe(before);
          expect(await bench.inForce(type, bench.accounts.present)).toBe(false);
        });

        test('answers already where another order has done it', async () => {
          expect(['done', 'already']).toContain((await act(order(type, bench.accounts.present))).outcome);
          expect(await act(order(type, bench.accounts.present))).toEqual({ outcome: 'already' });
        });

        const findsNobody = async () => {
          expect(await act(order(type, bench.accounts.absent))).toEqual({ outcome: 'refused', code: 'notFound' });
          expect((await readBack(order(type, bench.accounts.absent))).inForce).toBe(null);
        };
        promise('absent', 'is refused for an account that is not there, and its state is not known', findsNobody, type);

        for (const [status, outcome] of [
          [400, 'refused'],
          [401, 'refused'],
          [403, 'refused'],
          [409, 'refused'],
          [429, 'failed'],
          [500, 'failed'],
          [502, 'unknown'],
          [503, 'failed'],
          [504, 'unknown'],
        ] as const) {
          promise('faults', `is ${outcome} on status ${status}, and reading back says that it cannot tell`, async () => {
            await bench.give(type, bench.accounts.present);
            bench.inject?.({ kind: 'status', status }, false);
            expect((await act(order(type, bench.accounts.present))).outcome).toBe(outcome);
            expect((await readBack(order(type, bench.accounts.present))).inForce).toBe(null);
            expect(await bench.inForce(type, bench.accounts.present)).toBe(false);
          });
        }

        promise('retryAfter', 'passes on when to try again', async () => {
          bench.inject?.({ kind: 'status', status: 429, retryAfter: '7' }, false);
          expect(await act(order(type, bench.accounts.present))).toMatchObject({ outcome: 'failed', retryAfterMs: 7_000 });
          expect(await readBack(order(type, bench.accounts.present))).toMatchObject({ inForce: null, retryAfterMs: 7_000 });
        });

        promise('faults', 'is unknown when the answer is lost after the effect, and reading back settles it', async () => {
          await bench.give(type, bench.accounts.present);
          const given = order(type, bench.accounts.present);
          bench.inject?.({ kind: 'cutAfter' }, true);
          expect((await act(given)).outcome).toBe('unknown');
          bench.heal?.();
          if (capability.readBack) expect((await readBack(given)).inForce).toBe(true);
          expect(bench.effects?.()).toBe(1);
          expect(['done', 'already']).toContain((await act(given)).outcome);
          expect(bench.effects?.()).toBe(1);
        });

        promise('faults', 'is unknown when the connection ends before the effect, and reading back finds it open', async () => {
          await bench.give(type, bench.accounts.present);
          const given = order(type, bench.accounts.present);
          bench.inject?.({ kind: 'cutBefore' }, true);
          expect((await act(given)).outcome).toBe('unknown');
          bench.heal?.();
          if (capability.readBack) expect((await readBack(given)).inForce).toBe(false);
          expect(bench.effects?.()).toBe(0);
          expect((await act(given)).outcome).toBe('done');
        });

        promise('faults', 'is unknown on a success of another shape, never done', async () => {
          bench.inject?.({ kind: 'wrongShape' }, false);
          expect((await act(order(type, bench.accounts.present))).outcome).toBe('unknown');
          expect((await readBack(order(type, bench.accounts.present))).inForce).toBe(null);
        });

        promise('hang', 'ends a call that hangs when its signal fires, as unknown, and lets go of the connection', async () => {
          bench.inject?.({ kind: 'hang' }, false);
          const stop = new AbortController();
          const receipt = act(order(type, bench.accounts.present, { signal: stop.signal }));
          await bench.hanging?.();
          stop.abort();
          expect((await receipt).outcome).toBe('unknown');
          await bench.abandoned?.();
        });

        test('sends nothing when its signal has fired already', async () => {
          await bench.give(type, bench.accounts.present);
          const receipt = await act(order(type, bench.accounts.present, { signal: AbortSignal.abort() }));
          expect(receipt.outcome).toBe('failed');
          expect(await bench.inForce(type, bench.accounts.present)).toBe(false);
        });
      });
    }
  });
}
