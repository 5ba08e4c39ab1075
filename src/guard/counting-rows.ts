/** The guards that count, of one profile, in the form in which they are asked. */
import { durationMs, type GuardSettings, type Limit } from './schema.ts';

/** At most so many in a rolling window: `count`, or the larger of `min` and the highest number below `percent` of the population. */
export interface RollingLimit {
  readonly windowMs: number;
  readonly count: number;
  readonly percent: number;
}

/** Also allowed: so many times the most of any such window within `overMs`. */
export interface GrowingLimit extends RollingLimit {
  readonly times: number;
  readonly overMs: number;
}

export interface CountingRow {
  readonly fromRung: number;
  readonly limits: readonly RollingLimit[];
}

export interface CountingRows {
  /** `stepUps`: rung 2 is no disruption until it reaches a share of the people. */
  readonly surge: CountingRow & { readonly stepUps: RollingLimit };
  readonly source: CountingRow & { readonly decisive: boolean };
  readonly people: CountingRow;
  readonly rungs: Bands | 'off';
  readonly policy: Bands | 'off';
  readonly group: (CountingRow & { readonly keys: readonly string[] }) | 'off';
  readonly tier0: CountingRow;
  readonly leavers: readonly GrowingLimit[];
  readonly operator: CountingRow & { readonly riskFrom: ReadonlySet<string> };
  readonly things: Readonly<Record<'networks' | 'devices', readonly RollingLimit[]>>;
}

/** Limits by the rung of the step: `rung3to4` binds rungs 3 and 4. */
export type Bands = readonly {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly limits: readonly RollingLimit[];
}[];

type Rows = 'surge' | 'source' | 'people' | 'rungs' | 'policy' | 'group' | 'tier0' | 'leavers' | 'operator' | 'nonPerson';
type CanBeOff = 'rungs' | 'policy' | 'group';
export type CountingSettings = { readonly [Row in Rows]: Omit<GuardSettings[Row], 'binds'> | (Row extends CanBeOff ? 'off' : never) };

export function compileCounting({ nonPerson, ...rows }: CountingSettings): CountingRows {
  const { surge, source, people, rungs, policy, group, tier0, leavers, operator } = rows;
  const windowMs = durationMs(surge.window);
  const row = ({ fromRung, limits }: { readonly fromRung: number; readonly limits: readonly Limit[] }): CountingRow => ({
    fromRung,
    limits: limits.map(rollingLimit),
  });
  return {
    surge: {
      fromRung: surge.fromRung,
      limits: [{ windowMs, count: surge.people, percent: 0 }],
      stepUps: { windowMs, count: surge.people, percent: surge.orRung2AtPercent },
    },
    source: { ...row(source), decisive: source.decisive },
    people: row(people),
    rungs: rungs === 'off' ? 'off' : [band(2, 2, rungs.rung2), band(3, 4, rungs.rung3to4), band(5, 6, rungs.rung5to6)],
    policy: policy === 'off' ? 'off' : [band(3, 4, policy.rung3to4), band(5, 6, policy.rung5to6)],
    group: group === 'off' ? 'off' : { ...row(group), keys: group.keys },
    tier0: row(tier0),
    leavers: leavers.limits.map(({ count, window, orTimesMax, maxOver }) => ({
      windowMs: durationMs(window),
      count,
      percent: 0,
      times: orTimesMax,
      overMs: durationMs(maxOver),
    })),
    operator: { ...row(operator), riskFrom: new Set(operator.riskFrom) },
    things: { networks: nonPerson.limits.networks.map(rollingLimit), devices: nonPerson.limits.devices.map(rollingLimit) },
  };
}

function band(from: number, to: number, limits: readonly Limit[]): Bands[number] {
  return { name: from === to ? `rung${from}` : `rung${from}to${to}`, from, to, limits: limits.map(rollingLimit) };
}

function rollingLimit(limit: Limit): RollingLimit {
  const windowMs = durationMs(limit.window);
  return 'count' in limit ? { windowMs, count: limit.count, percent: 0 } : { windowMs, count: limit.min, percent: limit.percent };
}
