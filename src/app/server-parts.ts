/** Binds the server's port to the rooms: what HTTP asks, in the words of the rest. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { discloseEntry, formatVerifierKey } from '../ledger/index.ts';
import { toRfc3339 } from '../model/clock.ts';
import type { EntryId } from '../model/ids.ts';
import { isId } from '../model/ids.ts';
import { type Caller, type ServerParts, seesPeople } from '../server/index.ts';
import { readStrictJson } from '../ssf/index.ts';
import { listBreakers, openBreaker } from '../store/breaker.ts';
import { readBacklog } from '../store/ledger-state.ts';
import { readDecisionEntry } from '../store/list-records.ts';
import { endConsoleSession, findConsoleSession, redeemSignInLink } from '../store/sign-in.ts';
import { findToken } from '../store/token-store.ts';
import { approvePlans, denyPlan, holdPlan, releasePlan } from './approvals.ts';
import { createConnections } from './connections.ts';
import type { Core, CoreOptions } from './core.ts';
import { explainDecision } from './explained-decision.ts';
import { explainIdentity } from './explained-identity.ts';
import { readHeard } from './heard.ts';
import { exportIncident, judgeIncident } from './incidents.ts';
import { mergeByPerson } from './merging.ts';
import type { Metrics } from './metrics.ts';
import { giveOrder } from './orders.ts';
import { pause, resume } from './pausing.ts';
import { recordReaders, replayDecision } from './record-readers.ts';
import { undoPort } from './undo-orders.ts';
import { giveVerdict, previewDismissal } from './verdicts.ts';
import { instant } from './views.ts';

/** A signed-in person's session: a working day. */
const sessionMs = 12 * 3_600_000;
/** Longest time that an entry may wait for its place before the service calls itself not ready. */
const mergeDelayMs = 60_000;

type Bound = Omit<ServerParts, 'push' | 'signal' | 'hook' | 'idp'>;

export function bindServer(core: Core, options: CoreOptions, metrics: Metrics): Bound {
  const { settings, clock, log, random } = options;
  const { store, keyring, judging } = core;
  const sha256 = (text: string) => createHash('sha256').update(text).digest();
  const connections = createConnections(core, options.build);
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
    metricsApart: settings.metrics.port !== undefined,
    parseJson: readStrictJson,
    callerOf,
    signIn: {
      async redeem(code) {
        const session = Buffer.from(random(32)).toString('base64url');
        const at = clock.now();
        const opened = await store.transaction((tx) =>
          redeemSignInLink(tx, sha256(code), { sha256: sha256(session), name: 'console', expiresAt: at + sessionMs }, at),
        );
        return opened && session;
      },
      callerOf: (session) => findConsoleSession(store, sha256(session), clock.now()),
      end: (session) => endConsoleSession(store, sha256(session)),
    },
    records: { ...recordReaders(core, settings), connections: connections.reader },
    subscriptions: connections.subscriptions,
    merge: (id, into, reason, caller) => mergeByPerson(core, { id, into, reason, by: caller.name }),
    plans: {
      order: (given, caller) => giveOrder(core, given, caller),
      approve: (given, caller) => approvePlans(core, given, caller),
      deny: (id, reason, caller) => denyPlan(core, id, reason, caller),
      hold: (id, reason, caller) => holdPlan(core, id, reason, caller),
      release: (id, reason, caller) => releasePlan(core, id, reason, caller),
    },
    replay: (id, which) => replayDecision(core, id, which),
    dismissal: (id, scope, caller) => previewDismissal(core, id, scope, caller),
    verdict: (id, request, caller) => giveVerdict(core, id, request, caller),
    undo: undoPort(core),
    exportIncident: (id) => exportIncident(core, id),
    judgeIncident: (id, given, caller) => judgeIncident(core, id, given, caller),
    explainIdentity: (id, question, caller) => explainIdentity(core, id, question, caller),
    explainDecision: (id, caller) => explainDecision(core, id, caller),
    async proof(id, caller) {
      if (!isId(id)) return undefined;
      const entry = await readDecisionEntry(store, id);
      if (entry === undefined) return undefined;
      await core.sequencer.flush();
      const key =
        !seesPeople(caller) || entry.sealed === null
          ? undefined
          : entry.sealedFor !== null
            ? await keyring.personKey(store, entry.sealedFor as never)
            : await keyring.connectionKey(entry.sealedBy as string);
      const disclosure = key === undefined ? undefined : (discloseEntry({ id: id as EntryId, sealed: entry.sealed }, key) ?? undefined);
      return (await core.ledger.reader.proofOf(id, disclosure))?.text;
    },
    async ledgerFile(path) {
      if (path === 'checkpoint') await core.sequencer.flush();
      return core.ledger.reader.file(path);
    },
    consistency: (from, to) => core.ledger.reader.consistency(from, to),
    ledgerKeys: async () => (await core.ledger.keys()).known.map((key) => formatVerifierKey(key)),
    pause: (scope, reason, until, caller) => pause(core, { scope, reason, until, by: caller.name }, log),
    resume: (id, caller) => resume(core, id, caller.name),
    async breakers() {
      const rows = await listBreakers(store, 100);
      return rows.map(({ id, condition, detail, openedAt, until, closedAt, closedBy }) => ({
        id,
        condition,
        detail,
        openedAt: toRfc3339(openedAt),
        until: toRfc3339(until),
        open: closedAt === null && until > clock.now(),
        closedAt: instant(closedAt),
        closedBy,
      }));
    },
    closeBreaker: (id, reason, caller) => core.breakers.close(id, reason, caller.name),
    async status() {
      const open = await openBreaker(store, clock.now());
      const heard = await readHeard(store);
      const state = judging.state();
      const head = await core.ledger.reader.checkpoint();
      const { enforcement } = settings;
      const connections = Object.entries(enforcement.connections).map(
        ([id, entry]) => `${id}: ${entry.mode}, rung ${entry.maxRung} at most`,
      );
      return {
        version: options.build.version,
        startedAt: core.startedAt,
        organisation: settings.organisation.name ?? 'Rescind',
        kind: options.kind,
        enforcement: [`default: ${enforcement.default.mode}, rung ${enforcement.default.maxRung} at most`, ...connections].join('; '),
        overrides: Object.keys(settings.overrides).sort(),
        pauses: state.pauses.map((running) => ({
          id: running.id,
          since: running.since,
          scope:
            Object.entries(running.scope)
              .map(([name, value]) => `${name} ${value}`)
              .join(', ') || 'everything',
          until: running.until ?? null,
        })),
        breaker: open === undefined ? null : { id: open.id, detail: open.detail, since: open.openedAt, until: open.until },
        connections: settings.connections.map(({ id, provider, profile }) => ({ id, provider, profile, heard: heard(id) })),
        transmitters: settings.transmitters.map(({ id, issuer }) => ({ id, issuer })),
        people: state.population,
        bundleHash: state.bundle.hash,
        policies: state.bundle.policies.policies.map((policy) => ({
          id: policy.id,
          version: policy.version,
          title: policy.document.metadata.title,
          mode: policy.mode,
        })),
        sinks: await core.telling.status(),
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
