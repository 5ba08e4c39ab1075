/** The worst case in words, for each guard profile that the configuration at hand uses. */
import { type Guardrails, type ProfileName, type WorstCase, worstCase } from '../../guard/index.ts';

export interface ForProfile extends WorstCase {
  readonly profile: ProfileName;
  readonly people: number;
}

/** What stands for the number of people where nobody says one. */
export const assumedPeople = 2_000;

export function worstCases(guards: Guardrails, profiles: readonly ProfileName[], people: number): readonly ForProfile[] {
  return profiles.map((profile) => ({ profile, people, ...worstCase(guards, profile, people) }));
}

export function formatWorstCase({ profile, people, ...worst }: ForProfile): string {
  const { oneSource, severalSources, oneMerge, oneOperator, hrFeed } = worst;
  const lines = [
    ['one lying source', number(oneSource)],
    ['several sources together', `${number(severalSources.inAnHour)} in an hour, ${number(severalSources.inADay)} in a day`],
    ['one wrong policy merge', number(oneMerge)],
    ['one stolen operator token', number(oneOperator)],
    ['the HR feed', `${number(hrFeed.people)}, or ${hrFeed.times} times the most that left in one day`],
  ];
  const head = `disturbed in 24 h at most, with everything enforced (profile ${profile}, ${people} people):`;
  return `${[head, ...lines.map(([who = '', count]) => `  ${who.padEnd(27)}${count}`)].join('\n')}\n`;
}

function number(count: number | null): string {
  return count === null ? 'no limit' : `${count}`;
}
