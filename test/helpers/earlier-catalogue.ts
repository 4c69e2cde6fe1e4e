import { join } from 'node:path'
import Database from 'libsql'

/** Makes of a catalogue what an earlier detcal would have left: rows without checksums and seals, of the elements neither. */
export function makeEarlier(root: string): void {
  const database = new Database(join(root, 'catalogue.sqlite'))
  database.exec(`
    DROP TABLE seals;
    DROP TABLE checksums;
    DROP TABLE changes;
    ALTER TABLE placements DROP COLUMN checksum;
    ALTER TABLE versions DROP COLUMN checksum;
    PRAGMA user_version = 1;`)
  database.close()
}
