/** Records for the API: read from the store, opened and masked for who asks; and decisions made again. */
import { diffBundles, diffValues } from '../engine/differences.ts';
import { rejudge } from '../engine/replay.ts';
import { fromRfc3339, type Instant } from '../model/clock.ts';
import { engineNumber, type Judgement } from '../model/decision.ts';
import { isId } from '../model/ids.ts';
import type { Level } from '../model/risk.ts';
import type { Tier } from '../model/subject.ts';
import { heldLevelAt, holdLevel, parseEvidence, pointsOf, score } from '../risk/index.ts';
import { type Caller, type Item, type RecordReader, type ServerParts, seesPeople, seesScores } from '../server/index.ts';
import { readConfig } from '../store/judged-by.ts';
import {
  type IdentityListRow,
  listActions,
  listDecisions,
  listIdentities,
  listPlans,
  listSignals,
  readDecisionEntry,
} from '../store/list-records.ts';
import type { Core, CoreOptions } from './core.ts';
import { contextOfPerson } from './held-levels.ts';
import { aboutHeld, planViews } from './held-plans.ts';
import { incidentReader } from './incidents.ts';
import { knownNow } from './known.ts';
import { disclose } from './targets.ts';
import { verdictViews } from './verdicts.ts';
import { actionView, claimView, decisionView, identityView, type Standing, signalView } from './views.ts';

/** A signal whose person nobody has found by then is one for people to look at. */
const reviewAfterMs = 60_000;
const one = { limit: 1, after: undefined };
const rightsOf = (caller: Caller) => ({ people: seesPeople(caller), scores: seesScores(caller) });

/** Reads what the API lists and shows, as far as the caller may see it. */
export function recordReaders(core: Core, settings: CoreOptions['settings']): Omit<ServerParts['records'], 'connections'> {
  const { store, keyring, judging } = core;
  const shown = (value: object) => value as unknown as Item;
  const fixed = (items: () => readonly Item[]): RecordReader => ({
    list: async (_filter, { limit, after }) =>
      items()
        .filter((item) => after === undefined || item.id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    get: async (id) => items().find((item) => item.id === id),
  });
  return {
    signals: {
      async list({ review, ...filter }, page) {
        const waits = review === 'true' ? { unresolvedBefore: core.clock.now() - reviewAfterMs } : {};
        return (await listSignals(store, { ...filter, ...waits }, page)).map((row) => shown(signalView(row)));
      },
      async get(id, _query, caller) {
        if (!isId(id)) return undefined;
        const [row] = await listSignals(store, { id }, one);
        if (row === undefined) return undefined;
        const entry = row.decisionId === null ? undefined : await readDecisionEntry(store, row.decisionId);
        const disclosed = entry === undefined || !seesPeople(caller) ? undefined : await disclose(store, entry as never, keyring);
        const { signal } = disclosed?.snapshot.situation ?? {};
        const details =
          signal === undefined
            ? {}
            : { subject: claimView(signal.claim), facts: signal.facts, severity: signal.severity, circumstances: signal.circumstances };
        return shown({ ...signalView(row), ...details });
      },
    },
    identities: {
      list: async (filter, page, caller) =>
        (await listIdentities(store, filter, page)).map((row) => shown(identityView(row, standingOf(core, row), rightsOf(caller)))),
      async get(id, { at }, caller) {
        const [row] = await listIdentities(store, { id }, one);
        return row && shown(identityView(row, await standingAt(core, row, at), rightsOf(caller)));
      },
    },
    decisions: {
      async list({ from, to, ...filter }, page) {
        const times = {
          ...(from === undefined ? {} : { from: fromRfc3339(from) as number }),
          ...(to === undefined ? {} : { to: fromRfc3339(to) as number }),
        };
        return (await listDecisions(store, { ...filter, ...times }, page)).map((row) => shown(decisionView(row.core)));
      },
      async get(id, _query, caller) {
        const entry = isId(id) ? await readDecisionEntry(store, id) : undefined;
        return entry && shown({ ...decisionView(entry.core), verdicts: await verdictViews(core, id, caller) });
      },
    },
    plans: {
      async list({ ids, ...filter }, page, caller) {
        const given = ids === undefined ? {} : { ids: ids.split(',') };
        return planViews(core, await listPlans(store, { ...filter, ...given }, page), caller);
      },
      get: async (id, _query, caller) => (isId(id) ? (await planViews(core, await listPlans(store, { id }, one), caller))[0] : undefined),
      about: ({ state }, items) => (state === 'held' ? aboutHeld(items) : {}),
    },
    incidents: incidentReader(core),
    actions: {
      list: async (filter, page) => (await listActions(store, filter, page)).map((row) => shown(actionView(row))),
      get: async (id) => (isId(id) ? (await listActions(store, { id }, one)).map((row) => shown(actionView(row)))[0] : undefined),
    },
    policies: fixed(() =>
      judging.state().bundle.policies.policies.map((policy) => ({
        id: policy.id,
        version: policy.version,
        hash: policy.hash,
        title: policy.document.metadata.title,
        mode: policy.mode,
        override: settings.overrides[policy.id] ?? null,
        bundleHash: judging.state().bundle.hash,
      })),
    ),
  };
}

/** The score as it stands; the held level as it fell since somebody last looked. */
function standingOf(core: Core, row: IdentityListRow): Standing {
  const state = core.judging.state();
  const asOf = core.clock.now();
  const evidence = parseEvidence(row.evidence);
  const context = contextOfPerson({ tier: row.tier as Tier, executive: row.executive }, evidence, state);
  const { risk } = state.bundle;
  const held = heldLevelAt(evidence, row.heldLevel as Level, Math.min(row.levelDueAt ?? asOf, asOf), asOf, context, risk);
  return { score: score(evidence, asOf, context, risk), points: pointsOf(evidence, asOf, context, risk), held, asOf };
}

/** As it stands, stood or will stand, by what is known today. */
async function standingAt(core: Core, row: IdentityListRow, at: string | undefined): Promise<Standing> {
  if (at === undefined) return standingOf(core, row);
  const asOf = fromRfc3339(at) as Instant;
  const { evidence, context, risk, held } = await knownNow(core, row, asOf, asOf);
  const stands = score(evidence, asOf, context, risk);
  return { score: stands, points: pointsOf(evidence, asOf, context, risk), held: holdLevel(held, stands.score, risk), asOf };
}

/** Undefined where there is no such decision, or what it was made of cannot be opened any more. */
export async function replayDecision(core: Core, id: string, which: 'stored' | 'active'): Promise<Item | undefined> {
  const { store, keyring, judging } = core;
  const entry = isId(id) ? await readDecisionEntry(store, id) : undefined;
  const disclosed = entry && (await disclose(store, entry as never, keyring));
  if (entry === undefined || disclosed === undefined) return undefined;
  const stored = decisionView(entry.core) as unknown as Judgement;
  const [bundle, config] = [await judging.bundle(stored.bundleHash), await readConfig(store, stored.configHash)];
  if (bundle === undefined || config === undefined) return undefined;
  const used = which === 'active' ? judging.state().bundle : bundle;
  const replayed = rejudge(disclosed.snapshot, used, config.judging);
  const compared = (judgement: Judgement) => {
    const { bundleHash: _bundle, engine: _engine, ...rest } = judgement;
    return rest;
  };
  // Of the stored record only what a judgement holds is compared: names and instants are not judged.
  const before = Object.fromEntries(Object.keys(compared(replayed)).map((key) => [key, stored[key as keyof Judgement]]));
  const differences = diffValues(before, compared(replayed)).map(({ path, before: was, after }) => ({
    path,
    stored: was,
    replayed: after,
  }));
  return {
    id,
    same: differences.length === 0 && stored.engine === engineNumber,
    engine: { stored: stored.engine, running: engineNumber },
    bundle: { stored: stored.bundleHash, used: used.hash },
    changes: which === 'active' ? diffBundles(bundle, used) : [],
    differences,
  };
}
