/** The curve of a score as SVG: lines of the levels, numbered crossings, ticks of signals. Without colour, script or style, so that it prints. */
import { fromRfc3339, type Instant } from '../model/clock.ts';
import type { IdentityExplanation } from './explanation-schemas.ts';
import { minute } from './explanation-words.ts';
import { type Html, html } from './html.ts';
import { type Labelled, placeLabels, timeTicks } from './plot-layout.ts';

const width = 960;
const left = 44;
const right = 92;
const top = 16;
const plotHeight = 260;
const rowHeight = 14;
const bottom = top + plotHeight;
const labelRows = 10;

const at = (text: string): Instant => fromRfc3339(text) as Instant;
const round = (value: number) => Math.round(value * 10) / 10;

/** `standalone`: a file of its own, black on white; else a part of a page, in the colour of its text. */
export function scorePlot(explanation: IdentityExplanation, standalone: boolean): string {
  const { curve } = explanation;
  const [from, to] = [at(curve.from), at(curve.to)];
  const x = (time: Instant) => round(left + ((time - from) / Math.max(1, to - from)) * (width - left - right));
  const events = eventMarks(explanation, x);
  const legendTop = bottom + 42 + rowHeight * (Math.max(0, ...events.map(({ row }) => row ?? 0)) + 2);
  const height = legendTop + rowHeight * Math.ceil(Math.max(1, curve.crossings.length) / 2) + 8;
  const body = html`<title id="plot-title">${titleOf(explanation)}</title><desc id="plot-desc">${describe(explanation)}</desc>${
    standalone ? html`<rect width="${width}" height="${height}" fill="white"/>` : html``
  }<g fill="currentColor" stroke="none">${levelLines(explanation)}${axis(from, to, x)}${curveLines(explanation, x)}${crossings(
    explanation,
    x,
  )}${events.map(drawEvent)}${legend(explanation, legendTop)}</g>`;
  const size = standalone
    ? html` xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" color="black"`
    : html` class="plot"`;
  return html`<svg${size} viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="plot-title plot-desc" font-family="system-ui, sans-serif" font-size="11">${body}</svg>`
    .html;
}

const y = (score: number) => round(bottom - (score / 100) * plotHeight);

function titleOf({ curve }: IdentityExplanation): string {
  return `Risk score from ${minute(curve.from)} to ${minute(curve.to)}`;
}

/** What the picture says, for those who do not see it. */
function describe(explanation: IdentityExplanation): string {
  const { score, level, heldLevel, curve } = explanation;
  const told = curve.crossings.map((crossing) => sentence(crossing)).join('; ');
  return `At ${minute(explanation.at)} the score is ${score}: level ${level}, held level ${heldLevel}. ${told === '' ? 'The held level does not change in this time.' : `The held level changes: ${told}.`}`;
}

function sentence({ at: time, from, to, direction, threshold }: IdentityExplanation['curve']['crossings'][number]): string {
  return `${direction === 'up' ? 'up' : 'down'} from ${from} to ${to} ${direction === 'up' ? 'at or above' : 'below'} ${threshold}, ${minute(time)}`;
}

function levelLines({ levels }: IdentityExplanation): readonly Html[] {
  const frame = html`<path d="M${left} ${top}V${bottom}H${width - right}" fill="none" stroke="currentColor"/>`;
  const scale = [0, 50, 100].map((score) => html`<text x="${left - 6}" y="${y(score) + 4}" text-anchor="end">${score}</text>`);
  const lines = Object.entries(levels).map(([name, { enter, leave }]) => {
    const line = (score: number, dashes: string, opacity: number) =>
      html`<path d="M${left} ${y(score)}H${width - right}" fill="none" stroke="currentColor" stroke-opacity="${opacity}" stroke-dasharray="${dashes}"/>`;
    return html`${line(enter, 'none', 0.45)}${line(leave, '1 4', 0.6)}<text x="${width - right + 6}" y="${y(enter) + 4}" font-weight="600">${name} ${enter}</text><text x="${width - right + 6}" y="${y(leave) + 4}" font-size="10">left below ${leave}</text>`;
  });
  return [frame, ...scale, ...lines];
}

function axis(from: Instant, to: Instant, x: (time: Instant) => number): readonly Html[] {
  return timeTicks(from, to).map(
    ({ at: time, label }) =>
      html`<path d="M${x(time)} ${bottom}v4" fill="none" stroke="currentColor"/><text x="${x(time)}" y="${bottom + 15}" text-anchor="middle" font-size="10">${label}</text>`,
  );
}

/** Solid until the instant at which it is read, dashed from there: that is what comes if nothing else happens. */
function curveLines({ curve, at: readAt }: IdentityExplanation, x: (time: Instant) => number): readonly Html[] {
  const read = at(readAt);
  const path = (points: IdentityExplanation['curve']['samples'], dashes: string) =>
    points.length < 2
      ? html``
      : html`<path d="M${points.map((sample) => `${x(at(sample.at))} ${y(sample.score)}`).join('L')}" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-dasharray="${dashes}"/>`;
  const before = curve.samples.filter((sample) => at(sample.at) <= read);
  const after = curve.samples.filter((sample) => at(sample.at) >= read);
  const inside = read >= at(curve.from) && read <= at(curve.to);
  const now = inside
    ? html`<path d="M${x(read)} ${top - 4}V${bottom}" fill="none" stroke="currentColor" stroke-dasharray="6 3" stroke-opacity="0.7"/><text x="${x(read)}" y="${top - 6}" text-anchor="middle" font-size="10">read ${minute(readAt)}</text>`
    : html``;
  return [
    path(before, 'none'),
    path(after.length > 0 && before.length > 0 ? [before.at(-1) as (typeof before)[number], ...after] : after, '5 3'),
    now,
  ];
}

/** Triangles that point up or down, with their numbers in the legend; those that would meet are written one above the other. */
function crossings({ curve }: IdentityExplanation, x: (time: Instant) => number): readonly Html[] {
  let last = { x: Number.NEGATIVE_INFINITY, lift: 0 };
  return curve.crossings.map((crossing, index) => {
    const [px, py] = [x(at(crossing.at)), y(crossing.threshold)];
    last = { x: px, lift: px - last.x < 16 ? (last.lift + 12) % 48 : 0 };
    const d = crossing.direction === 'up' ? `M${px - 5} ${py + 5}h10l-5 -10z` : `M${px - 5} ${py - 5}h10l-5 10z`;
    return html`<path d="${d}" stroke="currentColor"><title>${sentence(crossing)}</title></path><text x="${px + (crossing.direction === 'up' ? -8 : 8)}" y="${py - 7 - last.lift}" text-anchor="${crossing.direction === 'up' ? 'end' : 'start'}" font-weight="600">${index + 1}</text>`;
  });
}

function legend({ curve }: IdentityExplanation, from: number): readonly Html[] {
  if (curve.crossings.length === 0) return [html`<text x="${left}" y="${from}">The held level does not change in this time.</text>`];
  const half = Math.ceil(curve.crossings.length / 2);
  return curve.crossings.map((crossing, index) => {
    const column = index < half ? left : left + (width - left) / 2;
    return html`<text x="${column}" y="${from + rowHeight * (index % half)}"><tspan font-weight="600">${index + 1}</tspan> ${sentence(crossing)}</text>`;
  });
}

interface EventMark extends Labelled {
  readonly kind: 'signal' | 'mark';
  readonly title: string;
}

function eventMarks(
  { curve }: IdentityExplanation,
  x: (time: Instant) => number,
): readonly (EventMark & { readonly row: number | undefined })[] {
  const marks = curve.events.map(
    ({ kind, name, at: time }): EventMark => ({ kind, text: name, x: x(at(time)), title: `${name} ${minute(time)}` }),
  );
  return placeLabels(marks, labelRows, width - 4);
}

/** A stroke for a signal, a ring for a remedy, and the name on a thin line below. */
function drawEvent({ kind, text, x: px, title, row }: ReturnType<typeof eventMarks>[number]): Html {
  const sign =
    kind === 'signal'
      ? html`<path d="M${px} ${bottom + 20}v8" fill="none" stroke="currentColor" stroke-width="2"><title>${title}</title></path>`
      : html`<circle cx="${px}" cy="${bottom + 24}" r="3.5" fill="none" stroke="currentColor" stroke-width="1.5"><title>${title}</title></circle>`;
  if (row === undefined) return sign;
  const foot = bottom + 42 + rowHeight * row;
  return html`${sign}<path d="M${px} ${bottom + 29}V${foot}" fill="none" stroke="currentColor" stroke-opacity="0.35"/><text x="${px + 3}" y="${foot}" font-size="10">${text}</text>`;
}
