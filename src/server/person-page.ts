/** The page of one person: the score, its curve, and what made it. */
import type { IdentityExplanation } from './explanation-schemas.ts';
import { describeDropped, minute, span } from './explanation-words.ts';
import { type Html, html } from './html.ts';
import { scorePlot } from './score-plot.ts';
import { layout } from './status-page.ts';

export function personPage(explanation: IdentityExplanation, names: readonly string[]): string {
  const { id, score, base, level, heldLevel, at, decision, gaps, withheld, next, lowering, marks } = explanation;
  const basis =
    decision === null
      ? 'what is known now'
      : `what the decision ${decision.id} of ${minute(decision.decidedAt)} knew${decision.sameScore ? '' : ', scored otherwise by this version'}`;
  return layout(
    `Risk of ${names[0] ?? id}`,
    html`<header><h1>Risk of ${names[0] ?? id}</h1><p><a href="../">Status</a></p></header><main><dl>
      <dt>Score</dt><dd>${score} (${base} in a neutral context)</dd>
      <dt>Level</dt><dd>${level}, held ${heldLevel}</dd>
      <dt>Read at</dt><dd>${minute(at)}, by ${basis}</dd>
      <dt>Not known</dt><dd>${[...gaps, ...withheld.map((path) => `${path} (context withheld)`)].join(', ') || 'nothing that counts'}</dd>
      <dt>To come</dt><dd>${next.map((one) => `${one.to} from ${minute(one.at)}`).join(', ') || 'no change'}</dd>
      <dt>Lower level</dt><dd>${lowering === null ? 'no one or two changes would lower it' : `${lowering.level} (${lowering.score}) without ${lowering.without.map(describeDropped).join(' and ')}`}</dd>
      </dl>
      <figure class="scroll">${{ html: scorePlot(explanation, false) }}</figure>
      ${table(
        'What counts',
        ['points', 'signal', 'group', 'source', 'severity', 'happened', 'half-life', 'below one point', 'lowered by', 'signals'],
        explanation.items.map((item) => itemRow(item, marks)),
      )}
      ${table(
        'Remedies',
        ['set', 'what', 'limited to', 'score without it'],
        marks.map((mark) => cells(minute(mark.at), mark.name, mark.scope || '-', String(mark.scoreWithout))),
      )}
      </main>`,
    false,
    '../',
  );
}

type Item = IdentityExplanation['items'][number];

function itemRow(item: Item, marks: IdentityExplanation['marks']): Html {
  const lowered = item.loweredBy.map((index) => marks[index]?.name ?? '').join(', ');
  return cells(
    item.counts ? item.points.toFixed(2) : item.rank === null ? 'dismissed' : '0',
    item.signalType,
    item.rank === null ? item.group : `${item.group}, place ${item.rank}`,
    item.source,
    item.tag === '' ? item.band : `${item.band}, ${item.tag}`,
    minute(item.at),
    item.halfLifeMs === null ? 'never fades' : span(item.halfLifeMs),
    item.belowOnePointAt === null ? '-' : minute(item.belowOnePointAt),
    lowered || '-',
    `${item.signals.join(', ') || 'none that is kept'}${item.moreSignals ? ', more' : ''}`,
  );
}

function table(title: string, heads: readonly string[], rows: readonly Html[]): Html {
  const body = html`<div class="scroll"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row}</tr>`)}</tbody></table></div>`;
  return html`<section><h2>${title}</h2>${rows.length === 0 ? html`<p class="none">None.</p>` : body}</section>`;
}

function cells(...values: readonly string[]): Html {
  return html`${values.map((value) => html`<td>${value}</td>`)}`;
}
