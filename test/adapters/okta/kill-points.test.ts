/** An adapter that dies before or after any call of an action, and the next one that finds out, as the executor does: looks first, then acts. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ActionOrder } from '../../../src/adapters/contract.ts';
import type { HttpAnswer, HttpClient } from '../../../src/adapters/http.ts';
import { okta } from '../../../src/adapters/okta/index.ts';
import type { ActionType } from '../../../src/model/action.ts';
import { createMemoryStorage } from '../../fakes/memory-storage.ts';
import type { Person } from '../../fakes/okta/records.ts';
import { type OktaStandIn, startOkta } from '../../fakes/okta.ts';
import { createRealClock } from '../../support/clock.ts';
import { connect } from './bench.ts';
import { give, isInForce, openThings, parametersOf, type Things } from './things.ts';

type Moment = 'before' | 'after';

/** Its owner is gone at the nth call: nothing more is sent, and nothing that was answered is heard. */
function dyingAt(nth: number, moment: Moment, died: () => void) {
  let calls = 0;
  const gone = new Promise<HttpAnswer>(() => {});
  return (http: HttpClient): HttpClient => ({
    ...http,
    async request(request) {
      calls += 1;
      if (calls < nth) return http.request(request);
      if (calls === nth && moment === 'after') await http.request(request);
      died();
      return gone;
    },
  });
}

async function dieAndRecover(things: ReturnType<typeof openThings>, person: Person, type: ActionType, nth: number, moment: Moment) {
  const { standIn } = things;
  const storage = createMemoryStorage(createRealClock());
  await give(things, type, person.id);
  // Then it is two writes.
  if (type === 'mfa.require') standIn.signIn(person.id);
  standIn.reset();
  const order: ActionOrder = {
    idempotencyKey: randomUUID(),
    type,
    account: person.id,
    parameters: parametersOf(things, type, person.id),
    intendedAt: Date.now(),
    signal: AbortSignal.timeout(15_000),
  };
  const death = Promise.withResolvers<'died'>();
  const first = await connect(standIn, things.connection, { storage, between: dyingAt(nth, moment, () => death.resolve('died')) });
  const end = await Promise.race([death.promise, first.adapter.act(order)]);
  const second = await connect(standIn, things.connection, { storage });
  if ((await second.adapter.readBack(order)).inForce !== true) await second.adapter.act(order);
  const seen = await second.adapter.readBack(order);
  const found = {
    died: end === 'died',
    seen: seen.inForce,
    effects: standIn.effects.length,
    inForce: isInForce(things, type, person.id),
    sessions: standIn.access(person.id).sessions.length,
  };
  await first.close();
  await second.close();
  return found;
}

async function withThings<T>(run: (things: Things & ReturnType<typeof openThings>, next: () => Person) => Promise<T>): Promise<T> {
  const standIn: OktaStandIn = await startOkta({ people: 40 });
  try {
    const people = Array.from({ length: 40 }, (_, n) => standIn.person(`p${n + 1}@example.com`));
    let nth = 0;
    return await run(openThings(standIn, people), () => people[nth++] as Person);
  } finally {
    await standIn.close();
  }
}

test.each(Object.keys(okta.manifest.actions) as ActionType[])(
  '%s whose process dies before or after any of its calls is done once and read back',
  async (type) => {
    await withThings(async (things, next) => {
      const undisturbed = await dieAndRecover(things, next(), type, Number.POSITIVE_INFINITY, 'before');
      expect(undisturbed).toMatchObject({ died: false, seen: true, inForce: true });
      let points = 0;
      for (const moment of ['before', 'after'] as const) {
        for (let nth = 1; ; nth += 1) {
          const found = await dieAndRecover(things, next(), type, nth, moment);
          expect(found, `${moment} call ${nth}`).toEqual({ ...undisturbed, died: found.died });
          if (!found.died) break;
          points += 1;
        }
      }
      expect(points).toBeGreaterThanOrEqual(4);
    });
  },
);
