/** Every step of the schema, by name; names sort in the order in which they run. */
import type { Migration } from 'kysely/migration';
import { up as ground } from './0001-ground.ts';
import { up as guardUseSubject } from './0002-guard-use-subject.ts';
import { up as detections } from './0003-detections.ts';
import { up as resolve } from './0004-resolve.ts';
import { up as heldLevel } from './0005-held-level.ts';
import { up as judgedLimits } from './0006-judged-limits.ts';
import { up as breaker } from './0007-breaker.ts';
import { up as approvals } from './0008-approvals.ts';
import { up as undo } from './0009-undo.ts';
import { up as incidents } from './0010-incidents.ts';
import { up as approvalMeets } from './0011-approval-meets.ts';
import { up as telling } from './0012-telling.ts';
import { up as enabled } from './0013-enabled.ts';
import { up as feeds } from './0014-feeds.ts';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-ground': { up: ground },
  '0002-guard-use-subject': { up: guardUseSubject },
  '0003-detections': { up: detections },
  '0004-resolve': { up: resolve },
  '0005-held-level': { up: heldLevel },
  '0006-judged-limits': { up: judgedLimits },
  '0007-breaker': { up: breaker },
  '0008-approvals': { up: approvals },
  '0009-undo': { up: undo },
  '0010-incidents': { up: incidents },
  '0011-approval-meets': { up: approvalMeets },
  '0012-telling': { up: telling },
  '0013-enabled': { up: enabled },
  '0014-feeds': { up: feeds },
};
