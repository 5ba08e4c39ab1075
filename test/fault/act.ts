/** Acting, as a course: a partner's signed word, until the person's sessions and tokens are gone and every line has its place. */
import type { TestDatabase } from '../support/database.ts';
import { check, isDone, isSettled } from './checker.ts';
import { type Course, type CourseResult, runCourse } from './rounds.ts';
import { openWorld } from './world.ts';

interface Sent {
  readonly who: string;
  readonly token: string;
  accepted: boolean;
}

const people = 180;

/** `seed` 1 goes through the points in the order of the path; another changes the order, and sends a second person's signal beside each. */
export function runSeed(seed: number, database: () => Promise<TestDatabase>): Promise<CourseResult> {
  return runCourse((own) => openAct(own, seed === 1 ? 1 : 2), database, { moments: 'both', seed });
}

async function openAct(database: TestDatabase, atOnce: number): Promise<Course<readonly Sent[]>> {
  const world = await openWorld(database, people, { standby: true });
  const accepted = new Map<string, number>();
  let next = 0;
  const all = async (pass: readonly Sent[], ask: typeof isDone) =>
    (await Promise.all(pass.map(({ who }) => ask(world, who)))).every(Boolean);
  return {
    world,
    next: () =>
      Promise.all(
        Array.from({ length: atOnce }, async () => {
          const who = world.people[next++] as string;
          world.provider.signIn(who);
          return { who, token: await world.sign(who), accepted: false };
        }),
      ),
    async begin(pass, { origin }) {
      await Promise.all(
        pass.map(async (one) => {
          one.accepted ||= (await world.push(origin, one.token)) === 202;
          if (one.accepted) accepted.set(one.who, 1);
        }),
      );
      return pass.every((one) => one.accepted);
    },
    isDone: (pass) => all(pass, isDone),
    isSettled: (pass) => all(pass, isSettled),
    async judge({ origin }, lostAnswers) {
      const findings = await check(world, accepted, origin);
      const { lost, crooked, plans, effects, repeated, openIntents, openPlans, gaps, ledger } = findings;
      const sum = accepted.size;
      return [
        ...lost.map((what) => `lost: ${what}`),
        ...crooked,
        ...ledger.map((what) => `ledger: ${what}`),
        // Every accepted SET releases one plan of two actions.
        ...(plans === sum ? [] : [`${sum} accepted, ${plans} plans`]),
        ...(effects === 2 * plans ? [] : [`${plans} plans of two actions, ${effects} effects`]),
        ...(repeated <= lostAnswers ? [] : [`${repeated} calls repeated, ${lostAnswers} answers lost`]),
        ...(openIntents + openPlans + gaps === 0 ? [] : [`open: ${openIntents} intentions, ${openPlans} plans, ${gaps} gaps in the log`]),
        ...[...accepted.keys()]
          .filter((who) => world.provider.sessions(who).length !== 0 || world.provider.tokens(who) !== 0)
          .map((who) => `${who} still has access`),
      ];
    },
  };
}
