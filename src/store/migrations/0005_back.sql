-- What a run wrote, to be taken back; runs are numbered in the order of their start, so rows are added at its end.
CREATE INDEX entry_run ON entry (run, entity);
-- Grows while the store is in use, and stands in a file beside it as well: a store that is behind that file was restored from a backup.
ALTER TABLE meta ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
-- Since when it is known to be restored; null: it is not, or a person confirmed it.
ALTER TABLE meta ADD COLUMN restored INTEGER;
