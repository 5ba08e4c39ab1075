import { expect, it } from 'vitest';
import { verifyTlogProof } from '../../src/ledger/verifier/verify.ts';
import { testDatabase } from '../support/database.ts';
import { playReports } from './okta-report.ts';

it('a person’s own report, by Okta’s hook, ends their sessions and tokens there, read back and proven, and nobody else’s', async () => {
  const database = await testDatabase();
  try {
    const { reports, keys, othersSessions } = await playReports(database, 3);
    for (const { actions, sessionsLeft, proof, toCallMs } of reports) {
      expect(actions).toEqual([
        { type: 'session.revoke', state: 'done', seen: true },
        { type: 'token.revoke', state: expect.stringMatching(/^(done|already)$/), seen: true },
      ]);
      expect(sessionsLeft).toBe(0);
      expect(verifyTlogProof(proof, keys)).toMatchObject({ ok: true });
      expect(toCallMs).toBeGreaterThan(0);
    }
    expect(reports).toHaveLength(3);
    expect(othersSessions).toBe(1);
  } finally {
    await database.drop();
  }
});
