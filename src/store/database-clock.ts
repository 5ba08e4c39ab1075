/** The only statement that reads the database's clock: several processes on one database share its time. */

/** Answers one row `{ at }`, in milliseconds since 1970. */
export const instantStatement = 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as at';
