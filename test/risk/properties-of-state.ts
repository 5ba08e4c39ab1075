/** What holds of the evidence that is kept, whatever came. The numbers are those of the scoring model's list of invariants. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { type EvidenceState, emptyEvidence } from '../../src/model/risk.ts';
import { anyHistory, eventOf, evidenceOf, historyOf, itemsOf, lastBreathOf, readAt, remedyOf, stateOf, types } from './histories.ts';
import type { History } from './oracle.ts';
import { type Check, type Room, tried } from './room.ts';
import { dayMs, minuteMs, neutral, situationOf, T } from './support.ts';

export function propertiesOfState(room: Room): readonly Check[] {
  const { shipped } = room;
  const textOf = (state: EvidenceState) => room.serialiseEvidence(state);
  const anyInstant = fc.oneof(
    fc.integer({ min: 0, max: 320 }).map((days) => () => readAt + days * dayMs),
    fc.nat().map((pick) => (history: History) => lastBreathOf(history, pick, shipped)),
  );
  return [
    {
      name: '1: any order, batching and repetition ends in the same bytes',
      run: tried(
        fc.property(
          anyHistory.chain((history) =>
            fc.tuple(fc.constant(history), fc.shuffledSubarray(itemsOf(history), { minLength: itemsOf(history).length }), fc.nat()),
          ),
          ([history, shuffled, cut]) => {
            const items = itemsOf(history);
            const once = stateOf(items, room);
            assert.equal(textOf(stateOf(shuffled, room)), textOf(once));
            const again = stateOf([...shuffled, ...items.slice(0, 7), ...shuffled], room);
            assert.equal(textOf(again), textOf(once));
            assert.deepEqual(room.score(again, readAt, neutral, shipped), room.score(once, readAt, neutral, shipped));
            const at = items.length === 0 ? 0 : cut % items.length;
            const halves = room.mergeEvidence(stateOf(shuffled.slice(at), room), stateOf(shuffled.slice(0, at), room), shipped);
            assert.equal(textOf(halves), textOf(once));
          },
        ),
      ),
    },
    {
      name: '10: the state is bounded whatever the stream',
      run: tried(
        fc.property(
          fc.array(fc.tuple(eventOf(), fc.nat(60)), { minLength: 100, maxLength: 400 }),
          fc.array(remedyOf, { maxLength: 10 }),
          (stream, remedies) => {
            let state = stateOf(
              remedies.map((remedy) => ({ remedy })),
              room,
            );
            for (const [{ source: _source, ...event }, n] of stream) {
              const one = { ...event, source: 'i', key: `s:${n}` };
              state = room.mergeEvidence(state, evidenceOf({ event: one }, room), shipped);
              for (const markClass of ['mfa_strong', 'mfa_weak'] as const) {
                const remedy = { kind: 'class', class: markClass, at: one.at, scope: one.key } as const;
                state = room.mergeEvidence(state, evidenceOf({ remedy }, room), shipped);
              }
              state = room.mergeEvidence(state, evidenceOf({ remedy: { kind: 'occurrence', event: one } }, room), shipped);
            }
            const fading = state.families.filter((family) => family.type !== 'admin_confirmed');
            assert.ok(fading.reduce((sum, family) => sum + family.seen.length, 0) <= 128);
            for (const family of state.families) assert.ok(family.seen.length <= 16);
            for (const markClass of ['mfa_strong', 'mfa_weak'])
              assert.ok(state.marks.classes.filter((mark) => mark[0] === markClass && mark[1] !== '').length <= 16);
          },
        ),
        10,
      ),
    },
    {
      name: '10: a flood of fifteen hundred dismissed signals stays under 400 kB',
      run() {
        let state: EvidenceState = emptyEvidence;
        for (let index = 0; index < 1500; index++) {
          const event = {
            type: types[index % types.length] as string,
            severity: (['low', 'medium', 'high'] as const)[index % 3] ?? 'low',
            source: 'i',
            tag: '',
            key: `s:${(index * 7919) % 997}`,
            at: T + ((index * 104_729) % 5000) * minuteMs,
          };
          const scoped = { kind: 'class', class: 'mfa_strong', at: event.at, scope: event.key } as const;
          state = room.mergeEvidence(state, evidenceOf({ event }, room), shipped);
          state = room.mergeEvidence(state, evidenceOf({ remedy: scoped }, room), shipped);
          state = room.mergeEvidence(state, evidenceOf({ remedy: { kind: 'occurrence', event } }, room), shipped);
        }
        assert.equal(state.marks.classes.length, 17);
        assert.ok(textOf(state).length < 400_000);
      },
    },
    {
      name: '11: pruning changes no score, now or later',
      run: tried(
        fc.property(anyHistory, anyInstant, fc.integer({ min: 0, max: 320 }), (history, instantOf, days) => {
          const state = stateOf(itemsOf(history), room);
          const at = instantOf(history);
          const pruned = room.pruneEvidence(state, at, shipped);
          for (const later of [at, at + days * dayMs])
            assert.deepEqual(room.score(pruned, later, neutral, shipped), room.score(state, later, neutral, shipped));
          assert.deepEqual(room.pruneEvidence(pruned, at, shipped), pruned);
        }),
      ),
    },
    {
      name: '11: a late signal after pruning scores as without pruning',
      run: tried(
        fc.property(historyOf(), eventOf(), fc.integer({ min: 0, max: 320 }), (history, event, days) => {
          const state = stateOf(itemsOf(history), room);
          const at = readAt + days * dayMs;
          const late = evidenceOf({ event }, room);
          const pruned = room.mergeEvidence(room.pruneEvidence(state, at, shipped), late, shipped);
          assert.deepEqual(
            room.score(pruned, at, neutral, shipped),
            room.score(room.mergeEvidence(state, late, shipped), at, neutral, shipped),
          );
        }),
      ),
    },
    {
      name: '12: the merge of two halves is the state of the whole',
      run: tried(
        fc.property(anyHistory, anyHistory, (one, other) => {
          const whole = stateOf([...itemsOf(one), ...itemsOf(other)], room);
          const [left, right] = [stateOf(itemsOf(one), room), stateOf(itemsOf(other), room)];
          assert.deepEqual(room.mergeEvidence(left, right, shipped), whole);
          assert.deepEqual(room.mergeEvidence(right, left, shipped), whole);
          assert.deepEqual(room.mergeEvidence(whole, whole, shipped), whole);
        }),
      ),
    },
    {
      name: '14: a state survives its text',
      run: tried(
        fc.property(anyHistory, (history) => {
          const state = stateOf(itemsOf(history), room);
          assert.deepEqual(room.parseEvidence(textOf(state)), state);
          assert.equal(textOf(room.parseEvidence(textOf(state))), textOf(state));
        }),
      ),
    },
    {
      name: '22: a redelivery with the stamp of its first arrival changes nothing',
      run: tried(
        fc.property(historyOf(), eventOf(), fc.integer({ min: -90, max: 30 * 60 }), (history, event, lagMinutes) => {
          const sent = { ...event, arrivedAt: event.at + lagMinutes * minuteMs };
          const first = room.assess(situationOf(sent, { evidence: stateOf(itemsOf(history), room), now: readAt }), shipped);
          const again = room.assess(situationOf(sent, { evidence: first.evidence, now: readAt }), shipped);
          assert.deepEqual(again.evidence, first.evidence);
          assert.equal(again.score, first.score);
        }),
      ),
    },
  ];
}

/** 15, apart because it starts processes. */
export function zoneAndLocaleChangeNothing(room: Room, seed = 7): void {
  const events = fc.sample(eventOf(), { numRuns: 60, seed });
  const state = stateOf(itemsOf({ events, remedies: fc.sample(remedyOf, { numRuns: 3, seed }) }), room);
  const own = JSON.stringify(room.score(state, readAt, neutral, room.shipped));
  const root = new URL('../../', import.meta.url);
  const program = `
      import { readFileSync } from 'node:fs';
      import { parseEvidence, parseRiskModel, score } from '${new URL('src/risk/index.ts', root)}';
      const model = parseRiskModel(readFileSync(new URL('${new URL('policies/risk.yaml', root)}'), 'utf8'), 'risk.yaml').value;
      const [text, at, context] = JSON.parse(readFileSync(0, 'utf8'));
      process.stdout.write(JSON.stringify(score(parseEvidence(text), at, context, model)));`;
  for (const environment of [
    { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' },
    { TZ: 'America/St_Johns', LC_ALL: 'C' },
  ]) {
    const theirs = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      input: JSON.stringify([room.serialiseEvidence(state), readAt, neutral]),
      env: { PATH: '', ...environment },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    assert.equal(theirs, own);
  }
}
