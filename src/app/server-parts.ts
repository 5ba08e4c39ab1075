/** Binds the server's port to the rooms: what HTTP asks, in the words of the rest. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { diffBundles, diffValues, rejudge } from '../engine.ts';
import { discloseEntry, formatVerifierKey } from '../ledger/index.ts';
import { engineNumber, type Judgement } from '../model/decision.ts';
import type { EntryId } from '../model/ids.ts';
import { isId } from '../model/ids.ts';
import { AppError } from '../model/errors.ts';
import type { PauseScope } from '../model/pause.ts';
import { fromRfc3339 } from '../model/clock.ts';
import type { Tier } from '../model/subject.ts';
import { standingsOf } from '../pipeline/batch.ts';
import { parseEvidence, pointsOf, score } from '../risk/index.ts';
import { type Caller, type Item, type RecordReader, seesPeople, seesScores, type ServerParts } from '../server/index.ts';
import { readStrictJson } from '../ssf/index.ts';
import { readConfig } from '../store/judged-by.ts';
import { readBacklog } from '../store/ledger-state.ts';
import { type IdentityListRow, listActions, listDecisions, listIdentities, listPlans, listSignals, readDecisionEntry } from '../store/list-records.ts';
import { runningPauses } from '../store/pause-read.ts';
import { endPause, setPause } from '../store/pause-write.ts';
import { endConsoleSession, findConsoleSession, redeemSignInLink } from '../store/sign-in.ts';
import { findToken } from '../store/token-store.ts';
import type { Core, CoreOptions } from './core.ts';
import type { Metrics } from './metrics.ts';
import { disclose } from './targets.ts';
import { actionView, claimView, decisionView, identityView, planView, signalView } from './views.ts';

/** A signed-in person's session: a working day. */
const sessionMs = 12 * 3_600_000;
/** Longest time that an entry may wait for its place before the service calls itself not ready. */
const mergeDelayMs = 60_000;

const one = { limit: 1, after: undefined };

type Bound = Omit<ServerParts, 'push' | 'signal' | 'idp'>;

export function bindServer(core: Core, options: CoreOptions, metrics: Metrics): Bound {
  const { settings, clock, log, random } = options;
  const { store, keyring, judging } = core;
  const sha256 = (text: string) => createHash('sha256').update(text).digest();
  const configured = settings.operators.tokens.map((token) => ({ ...token, hash: Buffer.from(token.sha256, 'hex') }));

  async function callerOf(token: string): Promise<Caller | undefined> {
    const hash = sha256(token);
    // All are compared, so that the time tells nothing of which one matched.
    const matches = configured.filter((known) => timingSafeEqual(known.hash, hash));
    const known = matches[0] ?? (await findToken(store, hash, clock.now()));
    return known && { name: known.name, roles: known.roles, ...(known.types ? { types: known.types } : {}) };
  }

  return {
    clock,
    log,
    random,
    version: options.build.version,
    trustProxy: settings.listen.trustProxy,
    basePath: settings.listen.basePath ?? '',
    metricsOpen: settings.metrics.open,
    parseJson: readStrictJson,
    callerOf,
    signIn: {
      async redeem(code) {
        const session = Buffer.from(random(32)).toString('base64url');
        const at = clock.now();
        const opened = await store.transaction((tx) => redeemSignInLink(tx, sha256(code), { sha256: sha256(session), name: 'console', expiresAt: at + sessionMs }, at));
        return opened && session;
      },
      callerOf: (session) => findConsoleSession(store, sha256(session), clock.now()),
      end: (session) => endConsoleSession(store, sha256(session)),
    },
    records: recordReaders(core, settings),
    replay: (id, which) => replayDecision(core, id, which),
    async proof(id, caller) {
      if (!isId(id)) return undefined;
      const entry = await readDecisionEntry(store, id);
      if (entry === undefined) return undefined;
      await core.sequencer.flush();
      const key = !seesPeople(caller) || entry.sealed === null ? undefined : entry.sealedFor !== null ? await keyring.personKey(store, entry.sealedFor as never) : await keyring.connectionKey(entry.sealedBy as string);
      const disclosure = key === undefined ? undefined : (discloseEntry({ id: id as EntryId, sealed: entry.sealed }, key) ?? undefined);
      return (await core.ledger.reader.proofOf(id, disclosure))?.text;
    },
    async ledgerFile(path) {
      if (path === 'checkpoint') await core.sequencer.flush();
      return core.ledger.reader.file(path);
    },
    consistency: (from, to) => core.ledger.reader.consistency(from, to),
    ledgerKeys: async () => (await core.ledger.keys()).known.map((key) => formatVerifierKey(key)),
    async pause(scope, reason, caller) {
      checkScope(scope, core, settings);
      const at = clock.now();
      const id = core.ids.next<EntryId>(at);
      await store.transaction(async (tx) => {
        await setPause(tx, { id, scope, reason, setBy: caller.name, setAt: at });
        await core.append(tx, [{ id: core.ids.next<EntryId>(at), type: 'pause.set', at, core: { pauseId: id, scope: { ...scope }, by: caller.name }, pii: null }]);
      });
      await judging.refreshPauses();
      return { id };
    },
    async resume(id, caller) {
      const running = await runningPauses(store);
      const pause = id === undefined ? (running.length === 1 ? running[0] : undefined) : running.find((each) => each.id === id);
      if (pause === undefined) return { refused: running.length === 0 ? 'Nothing is paused.' : id === undefined ? 'Several pauses run; name one.' : 'No such pause runs.' };
      const refused = mayResume(pause.setBy, pause.since, caller.name, clock.now(), core);
      if (refused !== undefined) return { refused };
      const at = clock.now();
      const ended = await store.transaction(async (tx) => {
        if (!(await endPause(tx, { id: pause.id, endedBy: caller.name, endedAt: at }))) return false;
        await core.append(tx, [{ id: core.ids.next<EntryId>(at), type: 'pause.ended', at, core: { pauseId: pause.id, by: caller.name }, pii: null }]);
        return true;
      });
      if (!ended) return { refused: 'Somebody else ended it just now.' };
      await judging.refreshPauses();
      return { id: pause.id };
    },
    async status() {
      const state = judging.state();
      const head = await core.ledger.reader.checkpoint();
      const { enforcement } = settings;
      const connections = Object.entries(enforcement.connections).map(([id, entry]) => `${id}: ${entry.mode}, rung ${entry.maxRung} at most`);
      return {
        version: options.build.version,
        startedAt: core.startedAt,
        organisation: settings.organisation.name ?? 'Rescind',
        kind: options.kind,
        enforcement: [`default: ${enforcement.default.mode}, rung ${enforcement.default.maxRung} at most`, ...connections].join('; '),
        overrides: Object.keys(settings.overrides).sort(),
        pauses: state.pauses.map((pause) => ({ id: pause.id, since: pause.since, scope: Object.entries(pause.scope).map(([name, value]) => `${name} ${value}`).join(', ') || 'everything' })),
        connections: settings.connections.map(({ id, provider, profile }) => ({ id, provider, profile })),
        transmitters: settings.transmitters.map(({ id, issuer }) => ({ id, issuer })),
        people: state.population,
        bundleHash: state.bundle.hash,
        policies: state.bundle.policies.policies.map((policy) => ({ id: policy.id, version: policy.version, title: policy.document.metadata.title, mode: policy.mode })),
        ledger: { size: head?.size ?? 0, signedAt: head?.signedAt ?? null, waiting: (await readBacklog(store)).waiting },
      };
    },
    async ready() {
      const checks: Record<string, string> = { policies: judging.state().bundle.hash };
      try {
        const backlog = await readBacklog(store);
        checks['store'] = 'ok';
        const delayed = backlog.oldestAt !== null && clock.now() - backlog.oldestAt > mergeDelayMs;
        checks['ledger'] = core.sequencer.status().broken ?? (delayed ? `entries have waited for over ${mergeDelayMs / 1000} s` : 'ok');
      } catch {
        checks['store'] = 'does not answer';
      }
      return { ok: checks['store'] === 'ok' && checks['ledger'] === 'ok', checks };
    },
    metrics: () => metrics.render(),
    answered: metrics.answered,
  };
}

/** A pause of something that is not there would hold nothing, and look as if it did. */
function checkScope({ source, policy, connection }: PauseScope, core: Core, settings: CoreOptions['settings']): void {
  const connections = settings.connections.map(({ id }) => id);
  const sources = [...connections, ...settings.transmitters.map(({ id }) => id), 'operators'];
  const unknown = (member: string) => new AppError('request.unprocessable', `scope.${member}: there is none of this name`);
  if (connection !== undefined && !connections.includes(connection)) throw unknown('connection');
  if (source !== undefined && !sources.includes(source) && !source.startsWith('api:')) throw unknown('source');
  if (policy !== undefined && !core.judging.state().bundle.policies.policies.some(({ id }) => id === policy)) throw unknown('policy');
}

/** Two people, or the one who paused after half an hour; alone at once under the guard profile sandbox. */
function mayResume(setBy: string, since: number, by: string, at: number, core: Core): string | undefined {
  const onlySandboxes = core.settings.connections.every((connection) => connection.profile === 'sandbox');
  if (onlySandboxes || setBy !== by || at - since >= 30 * 60_000) return undefined;
  return 'Resuming needs a second person, or half an hour.';
}

const rightsOf = (caller: Caller) => ({ people: seesPeople(caller), scores: seesScores(caller) });

function recordReaders(core: Core, settings: CoreOptions['settings']): ServerParts['records'] {
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
      list: async (filter, page) => (await listSignals(store, filter, page)).map((row) => shown(signalView(row))),
      async get(id, _query, caller) {
        if (!isId(id)) return undefined;
        const [row] = await listSignals(store, { id }, one);
        if (row === undefined) return undefined;
        const entry = row.decisionId === null ? undefined : await readDecisionEntry(store, row.decisionId);
        const disclosed = entry === undefined || !seesPeople(caller) ? undefined : await disclose(store, entry as never, keyring);
        const { signal } = disclosed?.snapshot.situation ?? {};
        const details = signal === undefined ? {} : { subject: claimView(signal.claim), facts: signal.facts, severity: signal.severity, circumstances: signal.circumstances };
        return shown({ ...signalView(row), ...details });
      },
    },
    identities: {
      list: async (filter, page, caller) => (await listIdentities(store, filter, page)).map((row) => shown(identityView(row, standingOf(core, row, undefined), rightsOf(caller)))),
      async get(id, { at }, caller) {
        const [row] = await listIdentities(store, { id }, one);
        return row && shown(identityView(row, standingOf(core, row, at), rightsOf(caller)));
      },
    },
    decisions: {
      async list({ from, to, ...filter }, page) {
        const times = { ...(from === undefined ? {} : { from: fromRfc3339(from) as number }), ...(to === undefined ? {} : { to: fromRfc3339(to) as number }) };
        return (await listDecisions(store, { ...filter, ...times }, page)).map((row) => shown(decisionView(row.core)));
      },
      async get(id) {
        const entry = isId(id) ? await readDecisionEntry(store, id) : undefined;
        return entry && shown(decisionView(entry.core));
      },
    },
    plans: {
      list: async (filter, page) => (await listPlans(store, filter, page)).map((row) => shown(planView(row))),
      get: async (id) => (isId(id) ? (await listPlans(store, { id }, one)).map((row) => shown(planView(row)))[0] : undefined),
    },
    actions: {
      list: async (filter, page) => (await listActions(store, filter, page)).map((row) => shown(actionView(row))),
      get: async (id) => (isId(id) ? (await listActions(store, { id }, one)).map((row) => shown(actionView(row)))[0] : undefined),
    },
    connections: fixed(() =>
      settings.connections.map(({ id, provider, profile, kind }) => ({
        id,
        provider,
        kind,
        profile,
        actions: judging.state().settings.connections[id]?.actions ?? [],
      })),
    ),
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

/** The score as it stands, or stood, by what is known today. */
function standingOf(core: Core, row: IdentityListRow, at: string | undefined) {
  const state = core.judging.state();
  const asOf = (at === undefined ? undefined : fromRfc3339(at)) ?? core.clock.now();
  const evidence = parseEvidence(row.evidence);
  const context = { tier: row.tier as Tier, executive: row.executive, sources: standingsOf(evidence, '', state) };
  const risk = state.bundle.risk;
  return { score: score(evidence, asOf, context, risk), points: pointsOf(evidence, asOf, context, risk), asOf };
}

async function replayDecision(core: Core, id: string, which: 'stored' | 'active'): Promise<Item | undefined> {
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
  const differences = diffValues(before, compared(replayed)).map(({ path, before: was, after }) => ({ path, stored: was, replayed: after }));
  return {
    id,
    same: differences.length === 0 && stored.engine === engineNumber,
    engine: { stored: stored.engine, running: engineNumber },
    bundle: { stored: stored.bundleHash, used: used.hash },
    changes: which === 'active' ? diffBundles(bundle, used) : [],
    differences,
  };
}

