-- What a run wrote, to be taken back; runs are numbered in the order of their start, so rows are added at its end.
CREATE INDEX entry_run ON entry (run, entity);
