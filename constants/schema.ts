/** Version of {@link SCHEMA}, kept in SQLite's user_version. A catalogue of a later version is refused. */
export const SCHEMA_VERSION = 1

/**
 * Times are ISO 8601 in UTC with milliseconds, so that text order is time order.
 *
 * `placements` holds statements: at `begin_at`, `module` of `detector` was `pdu`. A module is what the latest
 * statement not after the time says, before the first one what that says; so the order in which statements are
 * entered does not matter.
 */
export const SCHEMA = `
CREATE TABLE placements (
  detector TEXT NOT NULL,
  module INTEGER NOT NULL CHECK (module >= 0),
  begin_at TEXT NOT NULL,
  pdu TEXT NOT NULL,
  PRIMARY KEY (detector, module, begin_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  calibration TEXT NOT NULL,
  detector_type TEXT NOT NULL,
  pdu TEXT NOT NULL,
  file TEXT NOT NULL,
  dataset TEXT NOT NULL,
  begin_at TEXT NOT NULL,
  conditions TEXT NOT NULL,
  shape TEXT NOT NULL,
  dtype TEXT NOT NULL,
  dims TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  raw_data TEXT,
  created TEXT NOT NULL,
  UNIQUE (sha256, dataset)
) STRICT;

CREATE INDEX versions_of_pdu ON versions (pdu, calibration, begin_at);
`
