/** Records in the shape in which the API shows them: instants in RFC 3339, scores as decimals, no more of a person than the caller may see. */
import { type Instant, toRfc3339 } from '../model/clock.ts';
import type { Assessment, EvidenceState, Level, ScorePoint } from '../model/risk.ts';
import type { SubjectClaim } from '../model/subject.ts';
import type { HeardView } from '../server/index.ts';
import type { IncidentRow } from '../store/incident-read.ts';
import type { ActionListRow, IdentityListRow, PlanListRow, SignalListRow } from '../store/list-records.ts';
import type { CampaignProgress } from '../store/undo-campaign.ts';

export function instant(at: Instant | null): string | null {
  return at === null ? null : toRfc3339(at);
}

export function signalView(row: SignalListRow) {
  return {
    id: row.id,
    type: row.type,
    source: row.source,
    state: row.state,
    occurredAt: instant(row.occurredAt),
    receivedAt: instant(row.receivedAt),
    subject: row.subjectKind === null ? null : { kind: row.subjectKind },
    identityId: row.identityId,
    decisionId: row.decisionId,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.candidates.length === 0 ? {} : { candidates: row.candidates }),
  };
}

/** The sender's words on whom it meant; personal data. */
export function claimView(claim: SubjectClaim) {
  return {
    kind: claim.kind,
    identifiers: claim.person,
    ...(claim.session === undefined ? {} : { session: claim.session }),
    ...(claim.device === undefined ? {} : { device: claim.device }),
    ...(claim.id === undefined ? {} : { id: claim.id }),
  };
}

interface DecidedCore {
  readonly decisionId: string;
  readonly scoreE4: number;
  readonly baseE4: number;
  readonly nonce?: string;
  readonly [member: string]: unknown;
}

export function decisionView(core: string) {
  const {
    decisionId,
    scoreE4,
    baseE4,
    nonce: _nonce,
    bodyHash: _hash,
    state: _state,
    type: signalType,
    ...rest
  } = JSON.parse(core) as DecidedCore;
  return { id: decisionId, ...rest, signalType, score: scoreE4 / 10_000, base: baseE4 / 10_000 };
}

export function planView(row: PlanListRow) {
  return {
    id: row.id,
    decisionId: row.decisionId,
    signalId: row.signalId,
    identityId: row.identityId,
    connection: row.connection,
    state: row.state,
    heldFor: row.heldFor,
    actions: JSON.parse(row.actions) as unknown,
    createdAt: instant(row.createdAt),
    finishedAt: instant(row.finishedAt),
  };
}

/** Ids, codes and counts: nothing of a person. */
export function incidentView(row: IncidentRow) {
  return {
    id: row.id,
    state: row.state,
    signalType: row.signalType,
    guard: row.guard,
    source: row.source,
    sources: row.sources,
    guards: row.guards,
    people: row.people,
    decisions: row.decisions,
    plans: row.plans,
    openedAt: instant(row.openedAt),
    lastAt: instant(row.lastAt),
    verdict: row.verdict,
    judgedBy: row.judgedBy,
    judgedAt: instant(row.judgedAt),
  };
}

/** How far an order that undoes many has come. */
export function progressView<T extends Pick<CampaignProgress, 'orderedAt'>>({ orderedAt, ...rest }: T) {
  return { ...rest, orderedAt: toRfc3339(orderedAt) };
}

export function actionView(row: ActionListRow) {
  return {
    id: row.id,
    planId: row.planId,
    connection: row.connection,
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    code: row.code,
    intendedAt: instant(row.intendedAt),
    finishedAt: instant(row.finishedAt),
    verifiedAt: instant(row.verifiedAt),
    residualAccessSeconds: row.residualAccessMs === null ? null : Math.ceil(row.residualAccessMs / 1000),
    endedAt: instant(row.endedAt),
    endedBy: row.endedBy,
  };
}

export function heardView({ pushedAt, polledAt, cursorAt, gaps, alarms }: HeardView) {
  return {
    pushedAt: instant(pushedAt),
    polledAt: instant(polledAt),
    cursorAt: instant(cursorAt),
    gaps: gaps.map((gap) => ({ ...gap, from: toRfc3339(gap.from), to: toRfc3339(gap.to) })),
    alarms: alarms.map(({ code, since }) => ({ code, since: toRfc3339(since) })),
  };
}

export interface Standing {
  readonly score: Pick<Assessment, 'score' | 'base' | 'level'>;
  readonly points: readonly ScorePoint[];
  readonly held: Level;
  readonly asOf: Instant;
}

/** What the caller has no right to is left out: names, and how the person is scored. */
export function identityView(row: IdentityListRow, standing: Standing, rights: { readonly people: boolean; readonly scores: boolean }) {
  return {
    id: row.id,
    aliases: rights.people ? row.aliases : [],
    merged: row.merged,
    emails: rights.people ? row.emails : [],
    accounts: row.accounts.map((account) => ({
      id: account.id,
      connection: account.connection,
      status: account.status,
      ...(rights.people ? { externalId: account.externalId } : {}),
    })),
    groups: row.groups,
    tier: row.tier,
    privileged: row.tier === 'standing' || row.tier === 'tier0',
    protected: row.protected,
    ...(rights.scores ? scoreView(standing) : { score: null, baseScore: null, level: null, heldLevel: null, points: [] }),
    asOf: toRfc3339(standing.asOf),
  };
}

function scoreView({ score, points, held }: Standing) {
  return {
    score: score.score,
    baseScore: score.base,
    level: score.level,
    heldLevel: held,
    points: points.map(({ signalType, group, source, points: worth, at }) => ({
      signalType,
      group,
      source,
      points: Math.round(worth * 10_000) / 10_000,
      at: toRfc3339(at),
    })),
  };
}

/** Sources that an evidence state names. */
export function sourcesOf(evidence: EvidenceState): readonly string[] {
  return [...new Set(evidence.families.map((family) => family.source))];
}
