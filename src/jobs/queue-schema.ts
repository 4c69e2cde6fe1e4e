/** Version of {@link QUEUE_SCHEMA}, kept in SQLite's user_version. A queue of another version is refused. */
export const QUEUE_VERSION = 2

/**
 * Times are ISO 8601 in UTC with milliseconds. `detector` is empty for all that are found, `dark` for corrections; else it names
 * the runs that are characterised, of which `run` is the first.
 *
 * `jobs` are the processes of a request: `plan`, `correct-<n>`, `summary`. `attempt` counts its starts, `crashes` those that
 * ended without a word. `events` are what is to be published, written in the transaction of what they tell. `markers` holds
 * the quality that each run's marker had when it was last read.
 */
export const QUEUE_SCHEMA = `
CREATE TABLE requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rid TEXT NOT NULL,
  instrument TEXT NOT NULL,
  cycle TEXT NOT NULL,
  proposal INTEGER NOT NULL,
  run INTEGER NOT NULL,
  detector TEXT NOT NULL,
  priority INTEGER NOT NULL,
  quality TEXT NOT NULL,
  overwrite INTEGER NOT NULL,
  dark TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  created TEXT NOT NULL,
  changed TEXT NOT NULL
) STRICT;
CREATE INDEX requests_by_run ON requests (proposal, run, cycle, instrument);
CREATE INDEX requests_by_state ON requests (state, priority, id);
CREATE INDEX requests_by_rid ON requests (rid);
CREATE TABLE jobs (
  request INTEGER NOT NULL REFERENCES requests (id),
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  reason TEXT NOT NULL,
  changed TEXT NOT NULL,
  PRIMARY KEY (request, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_state ON jobs (state);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  request INTEGER NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  published INTEGER NOT NULL
) STRICT;
CREATE INDEX events_to_publish ON events (id) WHERE published = 0;
CREATE TABLE markers (
  instrument TEXT NOT NULL,
  cycle TEXT NOT NULL,
  proposal INTEGER NOT NULL,
  run INTEGER NOT NULL,
  quality TEXT NOT NULL,
  PRIMARY KEY (instrument, cycle, proposal, run)
) STRICT, WITHOUT ROWID;
`

/** What makes a queue of an earlier version one of the next, by the version that it has. */
export const QUEUE_STEPS: Readonly<Record<number, string>> = {
  1: "ALTER TABLE requests ADD COLUMN dark TEXT NOT NULL DEFAULT ''",
}
