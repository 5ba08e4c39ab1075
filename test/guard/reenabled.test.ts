/** Whose word stands where somebody takes a hold of ours back behind our back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PeopleBehind, respectedWordOf, reverserOf, type TakenBack } from '../../src/guard/index.ts';

const operators: PeopleBehind = new Map<string, readonly string[] | 'nobody'>([
  ['ada', ['person-ada']],
  ['ada-ci', ['person-ada']],
  ['bob', []],
  ['ghost', 'nobody'],
  ['eve', ['person-eve']],
]);
const taken = (change: Partial<TakenBack>): TakenBack => ({ subject: 'person-eve', by: null, actor: null, inIncident: false, ...change });

describe('a hold that somebody takes back', () => {
  it.each<[string, Partial<TakenBack>, string, string | undefined, string | undefined]>([
    ['by nobody who is named', {}, 'unknown', undefined, undefined],
    ['by an operator whom the provider names', { actor: 'person-ada' }, 'operator', 'operator', 'operator'],
    ['by an operator who says so', { by: 'ada' }, 'operator', 'operator', 'operator'],
    ['by an operator of whom no record knows', { by: 'bob' }, 'operator', 'operator', 'operator'],
    ['by an operator whose token is not listed any more', { by: 'gone' }, 'operator', 'operator', 'operator'],
    ['by an operator who might be anybody', { by: 'ghost' }, 'unknown', undefined, undefined],
    ['by an operator whom it is about', { by: 'eve' }, 'unknown', undefined, undefined],
    ['by the person, who is an operator, at the provider', { actor: 'person-eve' }, 'unknown', undefined, undefined],
    ['by somebody else', { actor: 'person-zoe' }, 'person', 'person', undefined],
    ['of nobody, by somebody', { subject: null, actor: 'person-zoe' }, 'person', 'person', undefined],
  ])('%s', (_, change, reverser, outside, inside) => {
    expect(reverserOf(taken(change), operators)).toBe(reverser);
    expect(respectedWordOf(taken({ ...change, inIncident: false }), operators)).toBe(outside);
    expect(respectedWordOf(taken({ ...change, inIncident: true }), operators)).toBe(inside);
  });

  it('stays so at nobody’s word about themselves, and an incident never makes more stay so', () => {
    const ids = fc.constantFrom('a', 'b', 'c');
    const behind = fc.oneof(fc.constant('nobody' as const), fc.uniqueArray(ids));
    const people = fc.dictionary(fc.constantFrom('x', 'y', 'z'), behind).map((of): PeopleBehind => new Map(Object.entries(of)));
    const by = fc.option(fc.constantFrom('x', 'y', 'z'));
    fc.assert(
      fc.property(people, fc.option(ids), by, fc.option(ids), (known, subject, name, actor) => {
        const word = (inIncident: boolean) => respectedWordOf({ subject, by: name, actor, inIncident }, known);
        const own = name === null ? [actor] : (known.get(name) ?? []);
        if (subject !== null && own !== 'nobody' && own.includes(subject)) expect(word(false)).toBeUndefined();
        expect([undefined, 'operator']).toContain(word(true));
        if (word(true) !== undefined) expect(word(false)).toBe(word(true));
      }),
    );
  });
});
