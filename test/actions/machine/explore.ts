/**
 * Every course of events within bounds. A world cannot be copied, as it holds running code; so it is made anew and led along the choices
 * that led to it. A world that was seen before is not followed again: whatever may come of it has been, or is being, looked at.
 */
import { createHash } from 'node:crypto';
import type { Scenario } from './scenario.ts';
import { Violation } from './witness.ts';
import { type Choice, createWorld, type Planted, type World } from './world.ts';

export interface Explored {
  readonly worlds: number;
  /** Courses of events from the first world to one in which nothing can happen any more. */
  readonly interleavings: number;
  readonly deepest: number;
  /** Worlds in which nothing goes on by itself any more. */
  readonly atRest: number;
  /** False where the bound on worlds was met. */
  readonly whole: boolean;
  readonly violation?: { readonly what: string; readonly course: readonly string[] };
}

interface Frame {
  readonly print: string;
  readonly choices: number;
  readonly names: readonly string[];
  readonly musts: readonly boolean[];
  readonly isPaused: boolean;
  chosen: number;
  courses: number;
}

export async function explore(scenario: Scenario, planted: Planted = {}, worldsAtMost = Number.POSITIVE_INFINITY): Promise<Explored> {
  /** Courses that go on from each world that has been left for good. */
  const seen = new Map<string, number>();
  const stack: Frame[] = [];
  let deepest = 0;
  let atRest = 0;
  let interleavings = 0;

  const sum = (violation?: Explored['violation']): Explored => ({
    worlds: seen.size + stack.length,
    interleavings,
    deepest,
    atRest,
    whole: violation === undefined && seen.size < worldsAtMost,
    ...(violation === undefined ? {} : { violation }),
  });
  const course = () => stack.map(({ names, chosen }) => names[chosen] as string);

  const enter = (world: World): Frame => {
    const choices = world.choices();
    const frame: Frame = {
      print: printOf(world),
      choices: choices.length,
      names: choices.map(({ name }) => name),
      musts: choices.map(({ must }) => must),
      isPaused: world.isPaused(),
      chosen: 0,
      courses: choices.length === 0 ? 1 : 0,
    };
    if (!frame.musts.includes(true)) atRest += 1;
    stack.push(frame);
    deepest = Math.max(deepest, stack.length - 1);
    return frame;
  };

  let world = createWorld(scenario, planted);
  enter(world);
  while (stack.length > 0 && seen.size < worldsAtMost) {
    const frame = stack.at(-1) as Frame;
    if (frame.chosen >= frame.choices) {
      stack.pop();
      seen.set(frame.print, frame.courses);
      interleavings = frame.courses;
      const above = stack.at(-1);
      if (above !== undefined) {
        above.courses += frame.courses;
        above.chosen += 1;
      }
      continue;
    }
    try {
      // Only the first way on can be taken in the world that led here.
      if (frame.chosen > 0) world = await replay(scenario, planted, stack);
      await world.take(world.choices()[frame.chosen] as Choice);
    } catch (error) {
      if (error instanceof Violation) return sum({ what: error.message, course: course() });
      throw error;
    }
    const print = printOf(world);
    const known = seen.get(print);
    const circle = stack.findIndex((each) => each.print === print);
    if (circle >= 0 && stack.slice(circle).every(({ musts, chosen, isPaused }) => musts[chosen] && !isPaused))
      return sum({ what: 'it goes in a circle', course: course() });
    if (known === undefined && circle < 0) enter(world);
    else {
      frame.courses += known ?? 1;
      frame.chosen += 1;
    }
  }
  return sum();
}

/** The world of the last frame, made anew. */
async function replay(scenario: Scenario, planted: Planted, stack: readonly Frame[]): Promise<World> {
  const world = createWorld(scenario, planted);
  for (const { chosen } of stack.slice(0, -1)) await world.take(world.choices()[chosen] as Choice);
  if (printOf(world) !== stack.at(-1)?.print) throw new Error('the same choices led to another world');
  return world;
}

function printOf(world: World): string {
  return createHash('sha1').update(world.fingerprint()).digest('base64');
}
