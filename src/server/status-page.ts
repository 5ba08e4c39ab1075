/** The plain page at `/`: what runs, what came, what was decided and done, and the head of the log. */
import { toRfc3339 } from '../model/clock.ts';
import { type Html, html } from './html.ts';
import type { Item, StatusView } from './parts.ts';

export const styles = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --bad: #b3261e; --good: #146c2e }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7ddf9a } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1.5rem }
header { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600 } code { font-size: .85em } .scroll { overflow-x: auto }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 1rem 0 } dt { opacity: .75 } dd { margin: 0 }
.bad { color: var(--bad); font-weight: 600 } .good { color: var(--good); font-weight: 600 } .none { opacity: .7 }
figure { margin: 1rem 0 } .plot { display: block; width: 100%; min-width: 40rem; height: auto }
`;

/** A whole page; `refresh` loads it again every five seconds, without a script; `root` leads from the page to the first one. */
export function layout(title: string, body: Html, refresh: boolean, root = ''): string {
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${
    refresh ? html`<meta http-equiv="refresh" content="5">` : html``
  }<title>${title}</title><link rel="stylesheet" href="${root}styles.css"></head><body>${body}</body></html>`.html;
}

export function signedOutPage(root: string): string {
  return layout(
    'Rescind',
    html`<main><h1>Rescind</h1><p>You are not signed in. The service prints a link when it starts: it opens this page once, within
      ten minutes.</p></main>`,
    false,
    root,
  );
}

export interface StatusLists {
  /** Plans that wait for a person. */
  readonly held: readonly Item[];
  readonly signals: readonly Item[];
  readonly decisions: readonly Item[];
  readonly incidents: readonly Item[];
  readonly actions: readonly Item[];
}

export function statusPage(view: StatusView, lists: StatusLists): string {
  return layout(
    `Rescind – ${view.organisation}`,
    html`<header><h1>Rescind – ${view.organisation}</h1><form method="post" action="sign-out"><button>Sign out</button></form></header><main>${facts(view)}
      ${section('Held plans', ['plan', 'waits for', 'until', 'changes', 'why', 'people'], lists.held.map(heldRow))}
      ${section('Incidents', ['last', 'state', 'signals', 'sources', 'held by', 'people', 'plans', 'id'], lists.incidents.map(incidentRow))}
      ${section('Decisions', ['decided', 'outcome', 'mode', 'level', 'policy', 'actions', 'why'], lists.decisions.map(decisionRow))}
      ${section('Actions', ['intended', 'action', 'connection', 'state', 'verified', 'access left'], lists.actions.map(actionRow))}
      ${section(
        'Signals',
        ['received', 'type', 'source', 'state'],
        lists.signals.map((one) => cells(text(one['receivedAt']), text(one['type']), text(one['source']), text(one['state']))),
      )}
      </main>`,
    true,
  );
}

function facts(view: StatusView): Html {
  const list = (items: readonly string[]) => items.join(', ') || 'none';
  const paused =
    view.pauses.length === 0
      ? html`<span class="good">running</span>`
      : html`<span class="bad">paused</span> ${list(view.pauses.map((pause) => `${pause.scope} since ${toRfc3339(pause.since)}${pause.until === null ? '' : ` until ${toRfc3339(pause.until)}`}`))}`;
  return html`<dl>
    <dt>State</dt><dd>${paused}</dd>
    <dt>Breaker</dt><dd>${breakerText(view.breaker)}</dd>
    <dt>Version</dt><dd>${view.version}, since ${toRfc3339(view.startedAt)} (${view.kind})</dd>
    <dt>Enforcement</dt><dd>${view.enforcement}</dd>
    <dt>Overrides</dt><dd>${list(view.overrides.map((id) => `${id} (unproven)`))}</dd>
    <dt>Connections</dt><dd>${view.connections.length === 0 ? 'none' : view.connections.map((one, n) => html`${n === 0 ? '' : ', '}${connectionText(one)}`)}</dd>
    <dt>Transmitters</dt><dd>${list(view.transmitters.map((one) => `${one.id} (${one.issuer})`))}</dd>
    <dt>Told</dt><dd>${view.sinks.length === 0 ? 'nobody' : list(view.sinks.map(sinkText))}</dd>
    <dt>Bundle</dt><dd><code>${view.bundleHash}</code></dd>
    <dt>Policies</dt><dd>${list(view.policies.map((one) => `${one.id} ${one.title} (version ${one.version}, ${one.mode})`))}</dd>
    <dt>People</dt><dd>${view.people}</dd>
    <dt>Decision log</dt><dd>${view.ledger.size} entries, signed ${view.ledger.signedAt === null ? 'never' : toRfc3339(view.ledger.signedAt)}, ${view.ledger.waiting} waiting</dd>
  </dl>`;
}

function connectionText({ id, provider, profile, heard }: StatusView['connections'][number]): Html {
  const { pushedAt, polledAt, cursorAt, gaps, alarms } = heard;
  const said = [
    `${provider}, guards ${profile}`,
    ...(pushedAt === null ? [] : [`pushed ${toRfc3339(pushedAt)}`]),
    ...(polledAt === null ? [] : [`polled ${toRfc3339(polledAt)}`]),
    ...(cursorAt === null ? [] : [`read up to ${toRfc3339(cursorAt)}`]),
  ];
  const wrong = [
    ...gaps.map(({ reason, from, to }) => `gap ${toRfc3339(from)} to ${toRfc3339(to)} (${reason})`),
    ...alarms.map(({ code, since }) => `${code} since ${toRfc3339(since)}`),
  ];
  return html`${id} (${said.join(', ')})${wrong.map((one) => html` <span class="bad">${one}</span>`)}`;
}

function breakerText(breaker: StatusView['breaker']): Html {
  if (breaker === null) return html`<span class="good">closed</span>`;
  return html`<span class="bad">open</span> ${breaker.detail}; since ${toRfc3339(breaker.since)}, until ${toRfc3339(breaker.until)} (<code>${breaker.id}</code>)`;
}

function section(title: string, heads: readonly string[], rows: readonly Html[]): Html {
  const table = html`<div class="scroll"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row}</tr>`)}</tbody></table></div>`;
  return html`<section><h2>${title}</h2>${rows.length === 0 ? html`<p class="none">None yet.</p>` : table}</section>`;
}

function decisionRow(one: Item): Html {
  const actions = (one['actions'] as readonly { type: string; state: string }[] | undefined) ?? [];
  const reasons = (one['reasons'] as readonly { code: string; ref?: string }[] | undefined) ?? [];
  return cells(
    text(one['decidedAt']),
    text(one['outcome']),
    text(one['mode']),
    personLink(one['identityId'], text(one['level'])),
    text(one['policyId']),
    actions.map((action) => `${action.type} ${action.state}`).join(', ') || '-',
    reasons.map((reason) => (reason.ref === undefined ? reason.code : `${reason.code} ${reason.ref}`)).join(', '),
  );
}

interface HeldAsk {
  readonly guard: string;
  readonly approval: string | null;
  readonly approvers: readonly string[];
  readonly required: number;
  readonly missing: number;
}

function askText({ guard, approval, approvers, required, missing }: HeldAsk): string {
  const text = [approval ?? guard, ...approvers].join(', ');
  return required > 1 ? `${text} (${required} people, ${missing} missing)` : text;
}

function heldRow(one: Item): Html {
  const { asks = [] } = (one['waitsFor'] ?? {}) as { readonly asks?: readonly HeldAsk[] };
  const changes = (one['changes'] as readonly { type: string; connection: string; accountId: string | null }[] | undefined) ?? [];
  const reach = one['blastRadius'] as { people: number } | undefined;
  return cells(
    text(one.id),
    asks.map(askText).join('; '),
    text(one['heldUntil']),
    changes.map((change) => `${change.type} at ${change.connection}`).join(', '),
    html`${text(one['policyId'])} ${personLink(one['identityId'], text(one['level']))}`,
    text(reach?.people),
  );
}

function sinkText({ id, waiting, dead, gone, code }: StatusView['sinks'][number]): string {
  if (gone) return `${id} (gone, ${dead} not told)`;
  return `${id} (${waiting} waiting, ${dead} not told${code === null ? '' : `, last: ${code}`})`;
}

function incidentRow(one: Item): Html {
  const plans = Object.entries((one['plans'] as Readonly<Record<string, number>> | undefined) ?? {});
  const words = (value: unknown) => ((value as readonly string[] | undefined) ?? []).join(', ');
  return cells(
    text(one['lastAt']),
    one['state'] === 'open' ? html`<span class="bad">open</span>` : text(one['verdict'] ?? one['state']),
    text(one['signalType']),
    words(one['sources']),
    words(one['guards']),
    text(one['people']),
    plans.map(([state, count]) => `${count} ${state}`).join(', '),
    html`<code>${text(one['id'])}</code>`,
  );
}

function actionRow(one: Item): Html {
  const seconds = one['residualAccessSeconds'];
  return cells(
    text(one['intendedAt']),
    text(one['type']),
    text(one['connection']),
    typeof one['endedBy'] === 'string' ? `${text(one['state'])}, ${one['endedBy']}` : text(one['state']),
    text(one['verifiedAt']),
    typeof seconds === 'number' ? `${seconds} s` : '-',
  );
}

/** The level, and the way to what made it. */
function personLink(id: unknown, level: string): Html | string {
  return typeof id === 'string' ? html`<a href="people/${encodeURIComponent(id)}">${level}</a>` : level;
}

function cells(...values: readonly (string | Html)[]): Html {
  return html`${values.map((value) => html`<td>${value}</td>`)}`;
}

function text(value: unknown): string {
  return value === null || value === undefined ? '-' : String(value);
}
