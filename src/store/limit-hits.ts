/** Limits that hold until a person has judged what met them. */
import type { Instant } from '../model/clock.ts';
import type { DecisionId } from '../model/ids.ts';
import { joined, type Statement } from './statement.ts';

export interface LimitHit {
  readonly scope: string;
  readonly decisionId: DecisionId;
}

export function insertLimitHits(hits: readonly LimitHit[], at: Instant): Statement {
  return {
    name: 'limit-hit-insert',
    text: `insert into limit_hit (scope, decision_id, at) select s, d::uuid, to_timestamp($3::float8 / 1000)
      from unnest(string_to_array($1, E'\\x1e'), string_to_array($2, E'\\x1e')) as t(s, d) on conflict do nothing`,
    values: [joined(hits.map(({ scope }) => scope)), joined(hits.map(({ decisionId }) => decisionId)), at],
  };
}

/** Lets the windows of those limits run again that one of the decisions met: what met them was judged to be right. */
export function judgeLimitHits(decisionIds: readonly DecisionId[], at: Instant): Statement {
  return {
    name: 'limit-hit-judge',
    text: `update limit_hit set judged_at = to_timestamp($2::float8 / 1000) where judged_at is null
      and scope in (select scope from limit_hit where decision_id = any (string_to_array($1, E'\\x1e')::uuid[]))`,
    values: [joined(decisionIds), at],
  };
}
