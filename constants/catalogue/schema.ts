/** Version of {@link SCHEMA}, kept in SQLite's user_version. A catalogue of a later version is refused. */
export const SCHEMA_VERSION = 3

/** Catalogues of this version have rows without checksums: they are read without, and get them when written to. */
export const UNSEALED_VERSION = 1

/** Of this one nothing was ever removed or amended: they are read as they are, and get the table when written to. */
export const UNCHANGED_VERSION = 2

/**
 * Times are ISO 8601 in UTC with milliseconds, so that text order is time order.
 *
 * `placements` holds statements: at `begin_at`, `module` of `detector` was `pdu`. A module is what the latest
 * statement not after the time says, before the first one what that says; so the order in which statements are
 * entered does not matter.
 */
const TABLES = `
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

/**
 * Added by version 2. Each row has the checksum of its content; `seals` holds the number of rows of a scope and their
 * combined checksums (see `Seals`); `checksums` those of a version's elements (see `ChecksumGrid`).
 */
export const SEALING = `
ALTER TABLE placements ADD COLUMN checksum TEXT;
ALTER TABLE versions ADD COLUMN checksum TEXT;
CREATE TABLE seals (
  scope TEXT PRIMARY KEY,
  members INTEGER NOT NULL,
  checksum TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE checksums (
  version INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  sums BLOB NOT NULL
) STRICT;
`

/**
 * Added by version 3: what was done to versions after they were entered, in order, and what they were `before` as JSON. Rows
 * are added, never changed: what holds now follows from them (see `Changes`).
 */
export const CHANGING = `
CREATE TABLE changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL,
  action TEXT NOT NULL,
  before TEXT NOT NULL,
  reason TEXT,
  created TEXT NOT NULL,
  checksum TEXT
) STRICT;
`

/** Tables of a catalogue, as those of version 1 become them: one way to make them. */
export const SCHEMA = TABLES + SEALING + CHANGING
