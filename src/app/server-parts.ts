/** Binds the server's port to the rooms: what HTTP asks, in the words of the rest. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { discloseEntry, formatVerifierKey } from '../ledger/index.ts';
import { AppError } from '../model/errors.ts';
import type { EntryId } from '../model/ids.ts';
import { isId } from '../model/ids.ts';
import type { PauseScope } from '../model/pause.ts';
import { type Caller, type ServerParts, seesPeople } from '../server/index.ts';
import { readStrictJson } from '../ssf/index.ts';
import { readBacklog } from '../store/ledger-state.ts';
import { readDecisionEntry } from '../store/list-records.ts';
import { runningPauses } from '../store/pause-read.ts';
import { endPause, setPause } from '../store/pause-write.ts';
import { endConsoleSession, findConsoleSession, redeemSignInLink } from '../store/sign-in.ts';
import { findToken } from '../store/token-store.ts';
import type { Core, CoreOptions } from './core.ts';
import { explainDecision } from './explained-decision.ts';
import { explainIdentity } from './explained-identity.ts';
import { exportIncident, judgeIncident } from './incidents.ts';
import { mergeByPerson } from './merging.ts';
import type { Metrics } from './metrics.ts';
import { recordReaders, replayDecision } from './record-readers.ts';
import { giveVerdict, previewDismissal } from './verdicts.ts';

/** A signed-in person's session: a working day. */
const sessionMs = 12 * 3_600_000;
/** Longest time that an entry may wait for its place before the service calls itself not ready. */
const mergeDelayMs = 60_000;

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
    records: recordReaders(core, settings),
    merge: (id, into, reason, caller) => mergeByPerson(core, { id, into, reason, by: caller.name }),
    replay: (id, which) => replayDecision(core, id, which),
    dismissal: (id, scope, caller) => previewDismissal(core, id, scope, caller),
    verdict: (id, request, caller) => giveVerdict(core, id, request, caller),
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
    async pause(scope, reason, caller) {
      checkScope(scope, core, settings);
      const at = clock.now();
      const id = core.ids.next<EntryId>(at);
      await store.transaction(async (tx) => {
        await setPause(tx, { id, scope, reason, setBy: caller.name, setAt: at });
        await core.append(tx, [
          { id: core.ids.next<EntryId>(at), type: 'pause.set', at, core: { pauseId: id, scope: { ...scope }, by: caller.name }, pii: null },
        ]);
        await core.telling.tell(tx, [{ type: 'pause.set', about: id, data: { pauseId: id, scope }, people: [] }], at);
      });
      await judging.refreshPauses();
      return { id };
    },
    async resume(id, caller) {
      const running = await runningPauses(store);
      const pause = id === undefined ? (running.length === 1 ? running[0] : undefined) : running.find((each) => each.id === id);
      if (pause === undefined)
        return {
          refused: running.length === 0 ? 'Nothing is paused.' : id === undefined ? 'Several pauses run; name one.' : 'No such pause runs.',
        };
      const refused = mayResume(pause.setBy, pause.since, caller.name, clock.now(), core);
      if (refused !== undefined) return { refused };
      const at = clock.now();
      const ended = await store.transaction(async (tx) => {
        if (!(await endPause(tx, { id: pause.id, endedBy: caller.name, endedAt: at }))) return false;
        await core.append(tx, [
          { id: core.ids.next<EntryId>(at), type: 'pause.ended', at, core: { pauseId: pause.id, by: caller.name }, pii: null },
        ]);
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
        pauses: state.pauses.map((pause) => ({
          id: pause.id,
          since: pause.since,
          scope:
            Object.entries(pause.scope)
              .map(([name, value]) => `${name} ${value}`)
              .join(', ') || 'everything',
        })),
        connections: settings.connections.map(({ id, provider, profile }) => ({ id, provider, profile })),
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
