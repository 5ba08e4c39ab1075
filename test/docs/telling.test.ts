/** The page on telling names every notice that there is, and shows each as a receiver gets it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formsOf } from '../../src/app/notice-forms.ts';
import { fromRfc3339 } from '../../src/model/clock.ts';
import { type NoticeType, noticeData, noticeTypes } from '../../src/model/notice.ts';
import { recordSchemas } from '../../src/server/record-schemas.ts';
import type { ClaimedNotice } from '../../src/store/notices.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/telling.md'), 'utf8');
const shown = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => (text as string).trim());
interface Body {
  readonly type: NoticeType;
  readonly timestamp: string;
  readonly data: { readonly incident?: object; readonly page?: true };
}
const bodies = shown.map((text) => [(JSON.parse(text) as Body).type, text] as const);
const formsOfBody = (text: string) => {
  const { type, timestamp, data } = JSON.parse(text) as Body;
  const { incident, ...own } = data;
  const notice = { id: 'n', type, about: null, data: own, people: [], attempts: 1, createdAt: fromRfc3339(timestamp) };
  return formsOf(
    notice as unknown as ClaimedNotice,
    incident === undefined ? {} : { incident: incident as never },
    'https://rescind.example.com/',
  );
};

describe('the page on telling', () => {
  it('has a section and an example of every type', () => {
    expect([...page.matchAll(/^### (\S+)$/gm)].map(([, type]) => type)).toEqual(noticeTypes);
    expect([...new Set(bodies.map(([type]) => type))]).toEqual(noticeTypes);
  });

  it.each(bodies)('shows %s as a receiver gets it', (type, text) => {
    const { incident, ...own } = (JSON.parse(text) as Body).data;
    expect(noticeData[type].safeParse(own).error).toBeUndefined();
    if (type.startsWith('incident.')) expect(recordSchemas.incidents.safeParse(incident).error).toBeUndefined();
    expect(formsOfBody(text).body).toBe(text);
  });

  it.each(bodies)('and mail says of %s what happened, to what, and where to look', (type, text) => {
    const { subject, text: lines, page: pages } = formsOfBody(text);
    const { data, timestamp } = JSON.parse(text) as Body;
    expect(subject).toMatch(/^\[Rescind\] [A-Z0-9][ -~]{5,110}$/);
    expect(lines).toContain(`${type} at ${timestamp}`);
    for (const [id] of text.matchAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g)) expect(lines).toContain(id);
    expect(lines).toContain('Status: https://rescind.example.com/');
    expect(pages).toBe(data.page === true);
  });

  it('may page for these and no others', () => {
    const paging = noticeTypes.filter((type) => 'page' in ((noticeData[type] as { shape?: object }).shape ?? {}));
    expect(paging).toEqual([
      'plan.escalated',
      'incident.opened',
      'pause.set',
      'pause.reminded',
      'breaker.opened',
      'feed.alarm',
      'action.reversed',
    ]);
  });
});
