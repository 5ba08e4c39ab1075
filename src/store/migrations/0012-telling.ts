/** When people were last told of what goes on, and of what came to its end. */
import { type Kysely, sql } from 'kysely';

const statements = [
  'alter table pause add column reminded_at timestamptz',
  // The incident that an order undoes; null where it was chosen otherwise.
  'alter table undo_campaign add column incident_id uuid, add column told_at timestamptz',
  'create index undo_campaign_incident on undo_campaign (incident_id) where incident_id is not null',
  'create index undo_campaign_untold on undo_campaign (id) where told_at is null',
  'alter table undo add column told_at timestamptz',
  // When news of an incident was last told.
  `create index notice_updated on notice (about, ended_at) where type = 'incident.updated'`,
  // What was undone before is nobody's news.
  'update undo_campaign set told_at = ordered_at',
  'update undo set told_at = ended_at where ended_at is not null',
  `create index undo_untold on undo (action_id)
    where told_at is null and ended_by = 'undone' and ordered_by is not null and campaign_id is null`,
];

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
